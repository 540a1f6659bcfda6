// The arguments of one call from JavaScript. A wrong one leaves a TypeError pending, and `ok()` is
// false from then on.
#ifndef TASKC_CALL_ARGUMENTS_H_
#define TASKC_CALL_ARGUMENTS_H_

#include <node_api.h>

#include <string>

namespace taskc {

// The bytes of a Uint8Array; without data: null, which is not the same as none.
struct ByteView {
  const char* data = nullptr;
  size_t length = 0;
};

template <size_t N>
class CallArguments {
 public:
  // `owner`: the name under which the addon exports the function, for messages.
  CallArguments(napi_env env, napi_callback_info info, const char* owner)
      : env_(env), owner_(owner) {
    size_t count = N;
    napi_get_cb_info(env, info, &count, values_, nullptr, nullptr);
  }

  bool ok() const { return ok_; }
  napi_value operator[](size_t i) const { return values_[i]; }

  // What a handle wraps that `maker` has made.
  template <typename T>
  T* Wrapped(size_t i, const napi_type_tag& tag, const char* maker) {
    napi_valuetype type = napi_undefined;
    bool ours = false;
    void* data = nullptr;
    napi_typeof(env_, values_[i], &type);  // Bun throws when asked for the tag of what is no object
    if (type == napi_object &&
        napi_check_object_type_tag(env_, values_[i], &tag, &ours) == napi_ok && ours &&
        napi_unwrap(env_, values_[i], &data) == napi_ok) {
      return static_cast<T*>(data);
    }
    Fail(owner_ + " was not given a handle that its " + maker + "() returned");
    return nullptr;
  }

  int64_t Integer(size_t i, int64_t min, int64_t max, const char* name) {
    double number = 0;
    if (napi_get_value_double(env_, values_[i], &number) == napi_ok &&
        number >= static_cast<double>(min) && number <= static_cast<double>(max)) {
      return static_cast<int64_t>(number);
    }
    Fail(owner_ + " needs an integer from " + std::to_string(min) + " to " + std::to_string(max) +
         " as " + name);
    return min;
  }

  bool Boolean(size_t i) {
    bool value = false;
    napi_get_value_bool(env_, values_[i], &value);
    return value;
  }

  std::string String(size_t i, const char* name) {
    char text[256];  // a topic's name has 249 characters at most
    size_t length = 0;
    if (napi_get_value_string_utf8(env_, values_[i], text, sizeof text, &length) != napi_ok) {
      Fail(owner_ + " needs a string as " + name);
    }
    return std::string(text, length);
  }

  int32_t* Int32Array(size_t i, size_t min_length, const char* name) {
    size_t length = 0;
    void* data = nullptr;
    if (TypedArray(values_[i], napi_int32_array, &length, &data) && length >= min_length) {
      return static_cast<int32_t*>(data);
    }
    Fail(owner_ + " needs an Int32Array of " + std::to_string(min_length) +
         " entries or more as " + name);
    return nullptr;
  }

  ByteView Bytes(size_t i, const char* name) { return ToBytes(values_[i], name); }

  ByteView BytesOrNull(size_t i, const char* name) { return ToBytesOrNull(values_[i], name); }

  ByteView ToBytes(napi_value value, const char* name) {
    size_t length = 0;
    void* data = nullptr;
    // Of one without entries a runtime may give no address.
    if (TypedArray(value, napi_uint8_array, &length, &data)) {
      return {data == nullptr ? "" : static_cast<const char*>(data), length};
    }
    Fail(owner_ + " needs a Uint8Array as " + name);
    return {};
  }

  ByteView ToBytesOrNull(napi_value value, const char* name) {
    napi_valuetype type = napi_undefined;
    napi_typeof(env_, value, &type);
    return type == napi_null ? ByteView() : ToBytes(value, name);
  }

  void Fail(const std::string& message) {
    if (ok_) napi_throw_type_error(env_, nullptr, message.c_str());
    ok_ = false;
  }

 private:
  bool TypedArray(napi_value value, napi_typedarray_type wanted, size_t* length, void** data) {
    bool typed = false;
    napi_typedarray_type type = napi_int8_array;
    napi_is_typedarray(env_, value, &typed);
    if (!typed) return false;
    napi_get_typedarray_info(env_, value, &type, length, data, nullptr, nullptr);
    return type == wanted;
  }

  napi_env env_;
  const std::string owner_;
  napi_value values_[N];
  bool ok_ = true;
};

}  // namespace taskc

#endif  // TASKC_CALL_ARGUMENTS_H_

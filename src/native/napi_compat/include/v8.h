// The part of V8 that the package uses, over Node-API.
#ifndef NAPI_COMPAT_V8_H_
#define NAPI_COMPAT_V8_H_

#include <string>
#include <type_traits>
#include <vector>

#include "napi_compat/runtime.h"

namespace v8 {

class Array;
class Function;
class Object;
class String;
class Value;
class Context {};
template <class T>
class Local;
template <class T>
class MaybeLocal;

class Isolate {
 public:
  static Isolate* GetCurrent() { return nullptr; }
};

// A handle carries its type object by value. That object is exactly one napi_value wide, so an
// array of Local<Value> is an array of napi_value.
template <class T>
class Local {
 public:
  Local() : object_() {}
  template <class S, class = std::enable_if_t<std::is_base_of_v<T, S>>>
  Local(const Local<S>& other) : object_() {  // NOLINT: implicit, as in V8
    object_.handle_ = other.raw();
  }
  explicit Local(decltype(T::handle_) handle) : object_() { object_.handle_ = handle; }

  bool IsEmpty() const { return object_.handle_ == nullptr; }
  void Clear() { object_.handle_ = nullptr; }
  const T* operator->() const { return &object_; }
  T* operator->() { return &object_; }
  T operator*() const { return object_; }
  auto raw() const { return object_.handle_; }

  template <class S>
  Local<S> As() const {
    return Local<S>(object_.handle_);
  }
  template <class S>
  static Local<T> Cast(Local<S> other) {
    return Local<T>(other.raw());
  }

  template <class S>
  bool operator==(const Local<S>& other) const {
    if (IsEmpty() || other.IsEmpty()) return IsEmpty() && other.IsEmpty();
    bool equal = false;
    napi_strict_equals(napi_compat::env(), object_.handle_, other.raw(), &equal);
    return equal;
  }
  template <class S>
  bool operator!=(const Local<S>& other) const {
    return !(*this == other);
  }

 private:
  T object_;
};

template <>
class Local<Context> {};

template <class T>
class Maybe {
 public:
  Maybe() : has_value_(false), value_() {}
  explicit Maybe(const T& value) : has_value_(true), value_(value) {}
  bool IsNothing() const { return !has_value_; }
  bool IsJust() const { return has_value_; }
  T FromJust() const { return value_; }
  T ToChecked() const { return value_; }
  T FromMaybe(const T& fallback) const { return has_value_ ? value_ : fallback; }

 private:
  bool has_value_;
  T value_;
};

template <class T>
Maybe<T> Just(const T& value) {
  return Maybe<T>(value);
}
template <class T>
Maybe<T> Nothing() {
  return Maybe<T>();
}

template <class T>
class MaybeLocal {
 public:
  MaybeLocal() = default;
  template <class S>
  MaybeLocal(const Local<S>& local) : local_(local) {}  // NOLINT: implicit, as in V8
  bool IsEmpty() const { return local_.IsEmpty(); }
  // V8 aborts on an empty handle. Here it becomes `undefined`, so that the exception that made it
  // empty still reaches JavaScript.
  Local<T> ToLocalChecked() const {
    if (!local_.IsEmpty()) return local_;
    napi_value undefined = nullptr;
    napi_get_undefined(napi_compat::env(), &undefined);
    return Local<T>(undefined);
  }
  template <class S>
  bool ToLocal(Local<S>* out) const {
    *out = local_;
    return !local_.IsEmpty();
  }

 private:
  Local<T> local_;
};

class Value {
 public:
  napi_value handle_ = nullptr;

  napi_valuetype Type() const;
  bool IsUndefined() const { return Type() == napi_undefined; }
  bool IsNull() const { return Type() == napi_null; }
  bool IsNullOrUndefined() const;
  bool IsBoolean() const { return Type() == napi_boolean; }
  bool IsNumber() const { return Type() == napi_number; }
  bool IsString() const { return Type() == napi_string; }
  bool IsFunction() const { return Type() == napi_function; }
  bool IsObject() const;
  bool IsArray() const;
  bool IsInt32() const;
  bool IsUint32() const;
  bool IsRegExp() const;

  MaybeLocal<Object> ToObject(Local<Context>) const;
  Maybe<int32_t> Int32Value(Local<Context>) const;
  Maybe<uint32_t> Uint32Value(Local<Context>) const;
};
static_assert(sizeof(Value) == sizeof(napi_value));

class Object : public Value {
 public:
  MaybeLocal<Array> GetOwnPropertyNames(Local<Context>) const;
};
class Array : public Object {
 public:
  uint32_t Length() const;
};
class Function : public Object {};
class RegExp : public Object {
 public:
  Local<String> GetSource() const;
};
class Primitive : public Value {};
class Boolean : public Primitive {};
class Name : public Primitive {};
class String : public Name {};
class Number : public Primitive {};
class Integer : public Number {};
class Int32 : public Integer {};
class Uint32 : public Integer {};
class BigInt : public Primitive {
 public:
  static Local<BigInt> New(Isolate*, int64_t value);
};

// Only ever an unused member in the package.
template <class T>
class Persistent {};

}  // namespace v8

namespace Nan {
template <class T>
class FunctionCallbackInfo;
typedef void (*FunctionCallback)(const FunctionCallbackInfo<v8::Value>&);
}  // namespace Nan

namespace napi_compat {

// A template is no JS value in Node-API, so it keeps the recipe until the function is asked for.
struct Template {
  struct Method {
    std::string name;
    Nan::FunctionCallback callback;
  };

  // The function, or the class if it was given a name; the same one each time.
  napi_value Build();

  Nan::FunctionCallback callback = nullptr;
  std::string class_name;
  std::vector<Method> methods;
  Reference built;
};

}  // namespace napi_compat

namespace v8 {

class ObjectTemplate {
 public:
  napi_compat::Template* handle_ = nullptr;

  void SetInternalFieldCount(int) {}
};

class FunctionTemplate {
 public:
  napi_compat::Template* handle_ = nullptr;

  void SetClassName(Local<String> name) const;
  Local<ObjectTemplate> InstanceTemplate() const { return Local<ObjectTemplate>(handle_); }
  MaybeLocal<Function> GetFunction(Local<Context>) const {
    return Local<Function>(handle_->Build());
  }
};

}  // namespace v8

#endif  // NAPI_COMPAT_V8_H_

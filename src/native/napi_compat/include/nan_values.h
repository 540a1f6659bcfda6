// Scopes, persistent handles, values, conversion, properties and errors: the first half of nan.h.
#ifndef NAPI_COMPAT_NAN_VALUES_H_
#define NAPI_COMPAT_NAN_VALUES_H_

#include <stdlib.h>

#include <string>
#include <type_traits>
#include <utility>

#include "v8.h"

namespace Nan {

using v8::Local;
using v8::Maybe;
using v8::MaybeLocal;

// ---------------------------------------------------------------- scopes ---
class HandleScope {
 public:
  HandleScope() {
    napi_open_handle_scope(napi_compat::env(), &scope_);
    napi_compat::EnterScope();
  }
  ~HandleScope() {
    napi_compat::LeaveScope();
    napi_close_handle_scope(napi_compat::env(), scope_);
  }
  HandleScope(const HandleScope&) = delete;
  void operator=(const HandleScope&) = delete;

 private:
  napi_handle_scope scope_ = nullptr;
};
class EscapableHandleScope {
 public:
  EscapableHandleScope() {
    napi_open_escapable_handle_scope(napi_compat::env(), &scope_);
    napi_compat::EnterScope();
  }
  ~EscapableHandleScope() {
    napi_compat::LeaveScope();
    napi_close_escapable_handle_scope(napi_compat::env(), scope_);
  }
  template <class T>
  Local<T> Escape(Local<T> v) {
    napi_value result = nullptr;
    napi_escape_handle(napi_compat::env(), scope_, v.raw(), &result);
    return Local<T>(result);
  }

 private:
  napi_escapable_handle_scope scope_ = nullptr;
};
inline Local<v8::Context> GetCurrentContext() { return Local<v8::Context>(); }

// ------------------------------------------------------------ persistent ---
template <class T>
class Persistent {
 public:
  Persistent() {}
  explicit Persistent(Local<T> v) { ref_.Reset(v.raw()); }
  template <class S>
  void Reset(const Local<S>& v) {
    ref_.Reset(v.raw());
  }
  void Reset() { ref_.Reset(); }
  bool IsEmpty() const { return ref_.IsEmpty(); }
  Local<T> Get() const { return Local<T>(ref_.Get()); }

 private:
  napi_compat::Reference ref_;  // like Nan::Persistent: not released by the destructor
};

// ------------------------------------------------------------ primitives ---
inline Local<v8::Primitive> Undefined() {
  napi_value result = nullptr;
  napi_get_undefined(napi_compat::env(), &result);
  return Local<v8::Primitive>(result);
}
inline Local<v8::Primitive> Null() {
  napi_value result = nullptr;
  napi_get_null(napi_compat::env(), &result);
  return Local<v8::Primitive>(result);
}
inline Local<v8::Boolean> MakeBool(bool b) {
  napi_value result = nullptr;
  napi_get_boolean(napi_compat::env(), b, &result);
  return Local<v8::Boolean>(result);
}
inline Local<v8::Boolean> True() { return MakeBool(true); }
inline Local<v8::Boolean> False() { return MakeBool(false); }

inline MaybeLocal<v8::String> MakeString(const char* s, size_t n) {
  napi_value result = nullptr;
  napi_create_string_utf8(napi_compat::env(), s, n, &result);
  return Local<v8::String>(result);
}
template <class T>
using IfCharPtr = std::enable_if_t<
    std::is_same_v<std::decay_t<T>, const char*> || std::is_same_v<std::decay_t<T>, char*>, int>;

// String literals (const arrays) go through the per-scope cache.
template <size_t N>
MaybeLocal<v8::String> FromChars(const char (&s)[N]) {
  return Local<v8::String>(napi_compat::LiteralString(s, N - 1));
}
template <size_t N>
MaybeLocal<v8::String> FromChars(char (&s)[N]) {
  return MakeString(s, NAPI_AUTO_LENGTH);
}
template <class P, std::enable_if_t<std::is_pointer_v<P>, int> = 0>
MaybeLocal<v8::String> FromChars(P const& s) {
  return MakeString(s, NAPI_AUTO_LENGTH);
}

template <class T, IfCharPtr<T> = 0>
MaybeLocal<v8::String> New(T&& s) {
  return FromChars(s);
}
inline MaybeLocal<v8::String> New(const std::string& s) { return MakeString(s.data(), s.size()); }
inline Local<v8::Boolean> New(bool b) { return MakeBool(b); }
inline Local<v8::Int32> New(int32_t i) {
  napi_value result = nullptr;
  napi_create_int32(napi_compat::env(), i, &result);
  return Local<v8::Int32>(result);
}
inline Local<v8::Uint32> New(uint32_t i) {
  napi_value result = nullptr;
  napi_create_uint32(napi_compat::env(), i, &result);
  return Local<v8::Uint32>(result);
}
inline Local<v8::Number> New(double d) {
  napi_value result = nullptr;
  napi_create_double(napi_compat::env(), d, &result);
  return Local<v8::Number>(result);
}
template <class T>
Local<T> New(const Persistent<T>& p) {
  return p.Get();
}

// New<Type>(args): one maker per requested type.
template <class T>
struct Maker;
template <>
struct Maker<v8::String> {
  template <class S, IfCharPtr<S> = 0>
  static MaybeLocal<v8::String> Make(S&& s) {
    return FromChars(s);
  }
  static MaybeLocal<v8::String> Make(const std::string& s) {
    return MakeString(s.data(), s.size());
  }
  static MaybeLocal<v8::String> Make(const char* s, size_t n) { return MakeString(s, n); }
};
template <>
struct Maker<v8::Number> {
  static Local<v8::Number> Make(double d) { return New(d); }
};
template <>
struct Maker<v8::Int32> {
  static Local<v8::Int32> Make(int32_t i) { return New(i); }
};
template <>
struct Maker<v8::Boolean> {
  static Local<v8::Boolean> Make(bool b) { return MakeBool(b); }
};
template <>
struct Maker<v8::Object> {
  static Local<v8::Object> Make() {
    napi_value result = nullptr;
    napi_create_object(napi_compat::env(), &result);
    return Local<v8::Object>(result);
  }
};
template <>
struct Maker<v8::Array> {
  static Local<v8::Array> Make() {
    napi_value result = nullptr;
    napi_create_array(napi_compat::env(), &result);
    return Local<v8::Array>(result);
  }
};
template <>
struct Maker<v8::Function> {
  static Local<v8::Function> Make(const Persistent<v8::Function>& p) { return p.Get(); }
};
template <>
struct Maker<v8::FunctionTemplate> {
  static Local<v8::FunctionTemplate> Make(FunctionCallback cb) {
    auto* t = new napi_compat::Template();  // lives as long as the module
    t->callback = cb;
    return Local<v8::FunctionTemplate>(t);
  }
};
template <class T, class... A>
auto New(A&&... a) -> decltype(Maker<T>::Make(std::forward<A>(a)...)) {
  return Maker<T>::Make(std::forward<A>(a)...);
}

// ------------------------------------------------------------ conversion ---
template <class T>
struct Converter;
template <>
struct Converter<bool> {
  static Maybe<bool> To(napi_value v);
};
template <>
struct Converter<double> {
  static Maybe<double> To(napi_value v);
};
template <>
struct Converter<int32_t> {
  static Maybe<int32_t> To(napi_value v);
};
template <>
struct Converter<uint32_t> {
  static Maybe<uint32_t> To(napi_value v);
};
template <>
struct Converter<int64_t> {
  static Maybe<int64_t> To(napi_value v);
};
template <>
struct Converter<v8::String> {
  static MaybeLocal<v8::String> To(napi_value v);
};
template <>
struct Converter<v8::Object> {
  static MaybeLocal<v8::Object> To(napi_value v);
};
template <class T, class S>
auto To(Local<S> v) {
  return Converter<T>::To(v.raw());
}

class Utf8String {
 public:
  template <class S>
  explicit Utf8String(Local<S> v) {
    Init(v.raw());
  }
  ~Utf8String() {
    if (text_ != short_text_) free(text_);
  }
  Utf8String(const Utf8String&) = delete;
  void operator=(const Utf8String&) = delete;
  char* operator*() { return text_; }
  const char* operator*() const { return text_; }
  int length() const { return static_cast<int>(length_); }

 private:
  void Init(napi_value v);
  char* text_ = short_text_;
  size_t length_ = 0;
  char short_text_[256];
};

// ------------------------------------------------------------ properties ---
inline Maybe<bool> Set(Local<v8::Object> o, Local<v8::Value> k, Local<v8::Value> v) {
  return napi_compat::Succeeded(napi_set_property(napi_compat::env(), o.raw(), k.raw(), v.raw()))
             ? v8::Just(true)
             : v8::Nothing<bool>();
}
inline Maybe<bool> Set(Local<v8::Object> o, uint32_t i, Local<v8::Value> v) {
  return napi_compat::Succeeded(napi_set_element(napi_compat::env(), o.raw(), i, v.raw()))
             ? v8::Just(true)
             : v8::Nothing<bool>();
}
inline MaybeLocal<v8::Value> Get(Local<v8::Object> o, Local<v8::Value> k) {
  napi_value result = nullptr;
  if (!napi_compat::Succeeded(napi_get_property(napi_compat::env(), o.raw(), k.raw(), &result)))
    result = nullptr;
  return Local<v8::Value>(result);
}
inline MaybeLocal<v8::Value> Get(Local<v8::Object> o, uint32_t i) {
  napi_value result = nullptr;
  if (!napi_compat::Succeeded(napi_get_element(napi_compat::env(), o.raw(), i, &result)))
    result = nullptr;
  return Local<v8::Value>(result);
}
inline Maybe<bool> Has(Local<v8::Object> o, Local<v8::Value> k) {
  bool b = false;
  return napi_compat::Succeeded(napi_has_property(napi_compat::env(), o.raw(), k.raw(), &b))
             ? v8::Just(b)
             : v8::Nothing<bool>();
}
inline MaybeLocal<v8::Array> GetOwnPropertyNames(Local<v8::Object> o) {
  return o->GetOwnPropertyNames(GetCurrentContext());
}

// ---------------------------------------------------------------- errors ---
inline Local<v8::Value> Error(Local<v8::String> msg) {
  napi_value result = nullptr;
  napi_create_error(napi_compat::env(), nullptr, msg.raw(), &result);
  return Local<v8::Value>(result);
}
inline Local<v8::Value> Error(const char* msg) {
  return Error(MakeString(msg, NAPI_AUTO_LENGTH).ToLocalChecked());
}
inline void ThrowError(const char* msg) { napi_compat::Raise(Error(msg).raw()); }
template <class S>
void ThrowError(Local<S> e) {
  v8::Local<v8::Value> v(e);
  napi_compat::Raise(v->IsString() ? Error(v.template As<v8::String>()).raw() : v.raw());
}

}  // namespace Nan

#endif  // NAPI_COMPAT_NAN_VALUES_H_

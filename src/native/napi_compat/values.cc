// Types and conversions of values: the out-of-line part of v8.h, and Nan's converters.
#include <math.h>
#include <nan.h>
#include <stdlib.h>
#include <string.h>

using napi_compat::env;
using napi_compat::Succeeded;

namespace v8 {

namespace {

bool AsInteger(const Value* value, double min, double max) {
  double number = 0;
  if (!value->IsNumber() || napi_get_value_double(env(), value->handle_, &number) != napi_ok) {
    return false;
  }
  const bool negative_zero = number == 0 && signbit(number);
  return number >= min && number <= max && number == floor(number) && !negative_zero;
}

}  // namespace

napi_valuetype Value::Type() const {
  napi_valuetype type = napi_undefined;
  if (handle_ != nullptr) napi_typeof(env(), handle_, &type);
  return type;
}

bool Value::IsNullOrUndefined() const {
  const napi_valuetype type = Type();
  return type == napi_null || type == napi_undefined;
}

bool Value::IsObject() const {
  const napi_valuetype type = Type();
  return type == napi_object || type == napi_function || type == napi_external;
}

bool Value::IsArray() const {
  bool result = false;
  if (handle_ != nullptr) napi_is_array(env(), handle_, &result);
  return result;
}

bool Value::IsInt32() const { return AsInteger(this, INT32_MIN, INT32_MAX); }

bool Value::IsUint32() const { return AsInteger(this, 0, UINT32_MAX); }

bool Value::IsRegExp() const {
  if (Type() != napi_object) return false;
  // Object.prototype.toString works across realms, unlike instanceof.
  napi_value global = nullptr;
  napi_value object = nullptr;
  napi_value prototype = nullptr;
  napi_value to_string = nullptr;
  napi_value text = nullptr;
  if (napi_get_global(env(), &global) != napi_ok ||
      napi_get_named_property(env(), global, "Object", &object) != napi_ok ||
      napi_get_named_property(env(), object, "prototype", &prototype) != napi_ok ||
      napi_get_named_property(env(), prototype, "toString", &to_string) != napi_ok ||
      !Succeeded(napi_call_function(env(), handle_, to_string, 0, nullptr, &text))) {
    return false;
  }
  return strcmp(*Nan::Utf8String(Local<String>(text)), "[object RegExp]") == 0;
}

MaybeLocal<Object> Value::ToObject(Local<Context>) const {
  napi_value result = nullptr;
  if (handle_ == nullptr || !Succeeded(napi_coerce_to_object(env(), handle_, &result))) return {};
  return Local<Object>(result);
}

Maybe<int32_t> Value::Int32Value(Local<Context>) const {
  return Nan::Converter<int32_t>::To(handle_);
}

Maybe<uint32_t> Value::Uint32Value(Local<Context>) const {
  return Nan::Converter<uint32_t>::To(handle_);
}

MaybeLocal<Array> Object::GetOwnPropertyNames(Local<Context>) const {
  napi_value names = nullptr;
  const auto filter = static_cast<napi_key_filter>(napi_key_enumerable | napi_key_skip_symbols);
  if (handle_ == nullptr ||
      !Succeeded(napi_get_all_property_names(env(), handle_, napi_key_own_only, filter,
                                             napi_key_keep_numbers, &names))) {
    return {};
  }
  return Local<Array>(names);
}

uint32_t Array::Length() const {
  uint32_t length = 0;
  if (handle_ != nullptr) napi_get_array_length(env(), handle_, &length);
  return length;
}

Local<String> RegExp::GetSource() const {
  napi_value source = nullptr;
  napi_get_named_property(env(), handle_, "source", &source);
  return Local<String>(source);
}

Local<BigInt> BigInt::New(Isolate*, int64_t value) {
  napi_value result = nullptr;
  napi_create_bigint_int64(env(), value, &result);
  return Local<BigInt>(result);
}

void FunctionTemplate::SetClassName(Local<String> name) const {
  handle_->class_name = *Nan::Utf8String(name);
}

}  // namespace v8

namespace Nan {

namespace {

template <class T>
Maybe<T> ToNumber(napi_value value, napi_status (*get)(napi_env, napi_value, T*)) {
  napi_valuetype type = napi_undefined;
  T number = 0;
  if (value == nullptr || napi_typeof(env(), value, &type) != napi_ok) return v8::Nothing<T>();
  if (type != napi_number && !Succeeded(napi_coerce_to_number(env(), value, &value))) {
    return v8::Nothing<T>();
  }
  return get(env(), value, &number) == napi_ok ? v8::Just(number) : v8::Nothing<T>();
}

}  // namespace

Maybe<double> Converter<double>::To(napi_value value) {
  return ToNumber<double>(value, napi_get_value_double);
}

Maybe<int32_t> Converter<int32_t>::To(napi_value value) {
  return ToNumber<int32_t>(value, napi_get_value_int32);
}

Maybe<uint32_t> Converter<uint32_t>::To(napi_value value) {
  return ToNumber<uint32_t>(value, napi_get_value_uint32);
}

Maybe<int64_t> Converter<int64_t>::To(napi_value value) {
  return ToNumber<int64_t>(value, napi_get_value_int64);
}

Maybe<bool> Converter<bool>::To(napi_value value) {
  napi_value boolean = nullptr;
  bool result = false;
  if (value == nullptr || napi_coerce_to_bool(env(), value, &boolean) != napi_ok ||
      napi_get_value_bool(env(), boolean, &result) != napi_ok) {
    return v8::Nothing<bool>();
  }
  return v8::Just(result);
}

MaybeLocal<v8::String> Converter<v8::String>::To(napi_value value) {
  napi_value result = nullptr;
  if (value == nullptr || !Succeeded(napi_coerce_to_string(env(), value, &result))) return {};
  return Local<v8::String>(result);
}

MaybeLocal<v8::Object> Converter<v8::Object>::To(napi_value value) {
  return Local<v8::Value>(value)->ToObject(GetCurrentContext());
}

void Utf8String::Init(napi_value value) {
  short_text_[0] = 0;
  if (value == nullptr) return;
  napi_valuetype type = napi_undefined;
  napi_typeof(env(), value, &type);
  if (type != napi_string && !Succeeded(napi_coerce_to_string(env(), value, &value))) return;
  if (napi_get_value_string_utf8(env(), value, short_text_, sizeof short_text_, &length_) !=
      napi_ok) {
    length_ = 0;
    return;
  }
  // Text that was cut, which never happens inside a character, leaves at most three bytes free.
  if (length_ + 4 < sizeof short_text_) return;
  size_t whole = 0;
  napi_get_value_string_utf8(env(), value, nullptr, 0, &whole);
  text_ = static_cast<char*>(malloc(whole + 1));
  napi_get_value_string_utf8(env(), value, text_, whole + 1, &length_);
}

}  // namespace Nan

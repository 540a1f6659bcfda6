// Native functions and classes, and the module's start.
#include <nan.h>

#include "napi_compat/module.h"

namespace napi_compat {

namespace {

constexpr size_t kUsualArguments = 8;

// What every native function and constructor goes through.
napi_value Trampoline(napi_env env, napi_callback_info info) {
  napi_value usual[kUsualArguments];
  std::vector<napi_value> many;
  napi_value* arguments = usual;
  size_t count = kUsualArguments;
  napi_value receiver = nullptr;
  napi_value target = nullptr;
  napi_value result = nullptr;
  void* callback = nullptr;
  if (napi_get_cb_info(env, info, &count, arguments, &receiver, &callback) != napi_ok) {
    return nullptr;
  }
  if (count > kUsualArguments) {
    many.resize(count);
    arguments = many.data();
    napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  }
  napi_get_new_target(env, info, &target);

  Entry entry(env, EventLoop::Of(env), receiver, Entry::kJavaScript);
  reinterpret_cast<Nan::FunctionCallback>(callback)(Nan::FunctionCallbackInfo<v8::Value>(
      receiver, arguments, static_cast<int>(count), target != nullptr, &result));
  if (napi_value exception = TakeException()) napi_throw(env, exception);
  return result;
}

}  // namespace

napi_value Template::Build() {
  if (!built.IsEmpty()) return built.Get();
  napi_value function = nullptr;
  void* data = reinterpret_cast<void*>(callback);
  if (class_name.empty()) {
    napi_create_function(env(), nullptr, 0, Trampoline, data, &function);
  } else {
    std::vector<napi_property_descriptor> properties;
    for (const Method& method : methods) {
      napi_property_descriptor property = {};
      property.utf8name = method.name.c_str();
      property.method = Trampoline;
      property.attributes = static_cast<napi_property_attributes>(napi_writable | napi_enumerable |
                                                                  napi_configurable);
      property.data = reinterpret_cast<void*>(method.callback);
      properties.push_back(property);
    }
    napi_define_class(env(), class_name.c_str(), class_name.size(), Trampoline, data,
                      properties.size(), properties.data(), &function);
  }
  built.Reset(function);
  return function;
}

void DefineConstant(napi_value target, const char* name, double value) {
  napi_property_descriptor property = {};
  property.utf8name = name;
  property.attributes = napi_enumerable;
  napi_create_double(env(), value, &property.value);
  napi_define_properties(env(), target, 1, &property);
}

void InitPackage(napi_env env, napi_value exports) {
  Entry entry(env, EventLoop::Start(env), nullptr, Entry::kJavaScript);
  CallPackageInit(exports);
}

}  // namespace napi_compat

// Functions of the addon under one name of its exports: exports.NAME.FUNCTION.
#ifndef TASKC_EXPORT_FUNCTIONS_H_
#define TASKC_EXPORT_FUNCTIONS_H_

#include <node_api.h>

#include <initializer_list>

namespace taskc {

struct NamedFunction {
  const char* name;
  napi_callback callback;
};

inline void ExportFunctions(napi_env env, napi_value exports, const char* name,
                            std::initializer_list<NamedFunction> functions) {
  napi_value object = nullptr;
  napi_create_object(env, &object);
  for (const auto& [function_name, callback] : functions) {
    napi_value function = nullptr;
    napi_create_function(env, function_name, NAPI_AUTO_LENGTH, callback, nullptr, &function);
    napi_set_named_property(env, object, function_name, function);
  }
  napi_set_named_property(env, exports, name, object);
}

}  // namespace taskc

#endif  // TASKC_EXPORT_FUNCTIONS_H_

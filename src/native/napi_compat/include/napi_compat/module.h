// How module.cc reaches the package's own module initialiser.
#ifndef NAPI_COMPAT_MODULE_H_
#define NAPI_COMPAT_MODULE_H_

#include "napi_compat/runtime.h"

namespace napi_compat {

// Starts the environment's event bridge and lets the package add its classes to `exports`.
void InitPackage(napi_env env, napi_value exports);

// Defined by the macro NODE_MODULE (node.h) in the package's binding.cc.
void CallPackageInit(napi_value exports);

}  // namespace napi_compat

#endif  // NAPI_COMPAT_MODULE_H_

// The names of node.h that the package uses.
#ifndef NAPI_COMPAT_NODE_H_
#define NAPI_COMPAT_NODE_H_

#include "napi_compat/module.h"
#include "uv.h"
#include "v8.h"

// Only compared with 6, below which the package reads numbers in another way.
#define NODE_MAJOR_VERSION 20

namespace napi_compat {
void DefineConstant(napi_value target, const char* name, double value);
}  // namespace napi_compat

#define NODE_DEFINE_CONSTANT(target, constant) \
  napi_compat::DefineConstant((target).raw(), #constant, static_cast<double>(constant))

#define NODE_MODULE(name, init)                                            \
  void napi_compat::CallPackageInit(napi_value exports) {                  \
    init(v8::Local<v8::Object>(exports), v8::Local<v8::Value>(), nullptr); \
  }

#endif  // NAPI_COMPAT_NODE_H_

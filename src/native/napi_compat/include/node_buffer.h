// node::Buffer, as far as the package uses it.
#ifndef NAPI_COMPAT_NODE_BUFFER_H_
#define NAPI_COMPAT_NODE_BUFFER_H_

#include "node.h"

namespace node {
namespace Buffer {

bool HasInstance(v8::Local<v8::Value> value);
// Never null for a buffer: null means "no value" to the package, and an empty buffer is one.
char* Data(v8::Local<v8::Value> value);
size_t Length(v8::Local<v8::Value> value);

}  // namespace Buffer
}  // namespace node

#endif  // NAPI_COMPAT_NODE_BUFFER_H_

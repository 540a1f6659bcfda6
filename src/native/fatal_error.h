// Why librdkafka has given a producer up, the function `fatalError` of the addon's exports.
//
// fatalError(client) → [code, text] or null
//     client: `producer.getClient()`; throws for anything else. The error that came first: all that
//     fails later says _FATAL only. null while there is none, and for a client that is not
//     connected.
#ifndef TASKC_FATAL_ERROR_H_
#define TASKC_FATAL_ERROR_H_

#include <node_api.h>

namespace taskc {

void ExportFatalError(napi_env env, napi_value exports);

}  // namespace taskc

#endif  // TASKC_FATAL_ERROR_H_

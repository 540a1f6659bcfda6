// A producer that librdkafka has given up: the functions `fatalError` and `purgeQueues` of the addon's exports.
//
// fatalError(client) → [code, text] or null
//     client: `producer.getClient()`; throws for anything else. The error that came first: all that
//     fails later says _FATAL only. null while there is none, and for a client that is not
//     connected.
//
// purgeQueues(client)
//     client: as above. What waits to be sent is reported as purged (_PURGE_QUEUE), soon after; what is
//     under way keeps its outcome. librdkafka does so once itself, when it meets the fatal error, and
//     keeps a message whose `produce` had begun by then until its `message.timeout.ms`. Does nothing
//     for a client that is not connected.
#ifndef TASKC_FATAL_ERROR_H_
#define TASKC_FATAL_ERROR_H_

#include <node_api.h>

namespace taskc {

void ExportFatalError(napi_env env, napi_value exports);

}  // namespace taskc

#endif  // TASKC_FATAL_ERROR_H_

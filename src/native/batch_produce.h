// Producing many messages by one call, and their delivery reports by one, the property `batchProduce` of the
// addon's exports.
//
// attach(client, wake) → handle
//     client: `producer.getClient()`, connected, with `dr_cb`; a TypeError for anything else. wake() asks for
//     reports(): it is called once when the first report comes after the last reports(). A client has one
//     handle at a time. One that is dropped is detached when it is collected.
// produce(handle, topic, headers, uuidAt, key, timestamp, bytes, lengths, uuids, from, count, sequence)
//     → [taken, error]
//     headers: names and values by turns, each a Uint8Array; a value may be null. They are the same for all
//     messages, but for that at `uuidAt` (-1: none): its value is a UUID of version 4, of 16 random bytes a
//     message from `uuids`. key: a Uint8Array, or null. timestamp: milliseconds, 0 for now. The values lie in
//     `bytes` one after another; `lengths` (an Int32Array) has their lengths. Produced are the messages from
//     number `from` up to `count` of them; the first has the number `sequence` in its report, from 0, the
//     others follow. Stops at the first that librdkafka does not take: `error` is its code, 0 if there was
//     none. All is copied.
// reports(handle) → null | [count, columns]
//     What has been reported since the last call, in the order in which it came: columns is an ArrayBuffer of
//     `count` sequences and `count` offsets as Float64, then `count` partitions and `count` error codes as
//     Int32. Also after the client has disconnected.
// detach(handle)
//     No report comes any more.
#ifndef TASKC_BATCH_PRODUCE_H_
#define TASKC_BATCH_PRODUCE_H_

#include <node_api.h>

namespace taskc {

void ExportBatchProduce(napi_env env, napi_value exports);

}  // namespace taskc

#endif  // TASKC_BATCH_PRODUCE_H_

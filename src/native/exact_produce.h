// Producing a message exactly as it is, the function `produceExactly` of the addon's exports.
//
// produceExactly(client, topic, partition, value, key, timestamp, opaque, headers) → error code
//     client: `producer.getClient()`, connected; throws for anything else. partition: -1 for any.
//     value, key: a Buffer, or null. timestamp: milliseconds, 0 for now. headers: names and values by
//     turns, [name, value, name, value, …], each a Buffer; a value may be null. The delivery report
//     brings `opaque`, as it does for the package's own produce(). 0, or the code of librdkafka; then
//     no report comes.
//
// The package's own produce() has no null for a header's value, and ends the text of names and values
// at a NUL.
#ifndef TASKC_EXACT_PRODUCE_H_
#define TASKC_EXACT_PRODUCE_H_

#include <node_api.h>

namespace taskc {

void ExportExactProduce(napi_env env, napi_value exports);

}  // namespace taskc

#endif  // TASKC_EXACT_PRODUCE_H_

// One poll's messages as columns over two ArrayBuffers, read by src/kafka/batch.ts.
#ifndef TASKC_COLUMNS_H_
#define TASKC_COLUMNS_H_

#include <node_api.h>

#include "poller.h"

namespace taskc {

// Returns [count, more, bytes, columns, ascii] and destroys the messages: each pins the whole fetch
// response that it came in. Throws, and loses the messages, when there is no memory for them.
//
//   bytes    of each entry its key and value, then name and value of each of its headers
//   columns  Float64: offset[n], timestamp[n] (-1: none), start[n] (of the entry in bytes);
//            Int32: queue[n] (-1: main queue), error[n], key length[n] (-1: null),
//            value length[n] (-1: null), header count[n], leader epoch[n] (-1: none),
//            header start[n] (of the entry's first pair in:);
//            Int32 pairs of all headers: name length, value length (-1: null)
//
// ascii says that no byte of `bytes` is above 127.
//
// An entry whose error is not 0 has the topic as its key, the error's text as its value, the
// partition as its leader epoch, and as its timestamp the code of what caused a fatal error (-150),
// else 0. Its offset is librdkafka's: for the end of a partition (-191) that end.
napi_value ToColumns(napi_env env, rd_kafka_t* client, const Taken& taken);

}  // namespace taskc

#endif  // TASKC_COLUMNS_H_

// Where librdkafka keeps the headers of a consumed message as they came (rdkafka_msg.h): a new version of it
// has to be checked for this.
#ifndef TASKC_BINARY_HEADERS_H_
#define TASKC_BINARY_HEADERS_H_

#include <stddef.h>

#include "rdkafka.h"

#ifdef __cplusplus
extern "C" {
#endif

// Their number and then all of them, in the encoding of Kafka's records from version 2 on; valid as long as
// the message is. The length is 0 when there are none, as in records of older versions. Not for a message
// that is an error.
const void* taskc_binary_headers(const rd_kafka_message_t* message, size_t* length);

#ifdef __cplusplus
}
#endif

#endif  // TASKC_BINARY_HEADERS_H_

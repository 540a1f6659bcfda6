// The headers of a consumed message, without an allocation for each of them.
#ifndef TASKC_MESSAGE_HEADERS_H_
#define TASKC_MESSAGE_HEADERS_H_

#include <stddef.h>

#include <vector>

#include "rdkafka.h"

namespace taskc {

struct Header {
  const char* name;
  size_t name_length;
  const void* value;  // null: the header has no value, which is not the same as an empty one
  size_t value_length;
};

// Appends all headers of a message that is no error, in order, and returns the bytes of their names and
// values. They point into the message.
size_t AppendHeaders(const rd_kafka_message_t* message, std::vector<Header>* headers);

}  // namespace taskc

#endif  // TASKC_MESSAGE_HEADERS_H_

// Headers that many messages have in common, but for one: a UUID that each has of its own.
#ifndef TASKC_HEADER_TEMPLATE_H_
#define TASKC_HEADER_TEMPLATE_H_

#include <stddef.h>
#include <stdint.h>

#include <vector>

#include "call_arguments.h"

struct rd_kafka_headers_s;

namespace taskc {

constexpr size_t kUuidBytes = 16;
constexpr size_t kUuidLength = 36;

class HeaderTemplate {
 public:
  void Add(ByteView name, ByteView value);
  void AddUuid(ByteView name);

  // For rd_kafka_produceva(), or rd_kafka_headers_destroy(). `random`: kUuidBytes for the UUID; version and
  // variant are set here. librdkafka allocates each header; made here, all of a message are two blocks. They
  // can be read and destroyed, not removed one by one.
  rd_kafka_headers_s* Make(const uint8_t* random) const;

 private:
  void Append(ByteView name, const char* value, size_t length);

  // The second block as it is copied: pointers are offsets into it.
  struct Place {
    size_t header;
    size_t value;  // 0: null
  };
  std::vector<char> headers_;
  std::vector<Place> places_;
  size_t serialized_ = 0;
  size_t uuid_ = 0;  // 0: none
};

}  // namespace taskc

#endif  // TASKC_HEADER_TEMPLATE_H_

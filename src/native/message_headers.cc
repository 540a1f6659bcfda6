// librdkafka parses headers into a list of its own, with an allocation for each: with the six headers of a
// task's message that was more than all else of the poll together. So they are read where they lie.
//
// Source of the format: https://kafka.apache.org/documentation/#recordheader
#include "message_headers.h"

#include <cstdint>

#include "binary_headers.h"

namespace taskc {

namespace {

class Reader {
 public:
  Reader(const void* data, size_t length)
      : at_(static_cast<const char*>(data)), end_(at_ + length) {}

  bool failed() const { return failed_; }

  // Signed, with the sign in the lowest bit ("zigzag"), 7 bits a byte from the lowest on.
  int64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && at_ < end_; shift += 7) {
      const auto byte = static_cast<unsigned char>(*at_++);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
    }
    failed_ = true;
    return 0;
  }

  const char* Bytes(int64_t length) {
    if (length < 0 || length > end_ - at_) {
      failed_ = true;
      return nullptr;
    }
    const char* bytes = at_;
    at_ += length;
    return bytes;
  }

 private:
  const char* at_;
  const char* end_;
  bool failed_ = false;
};

Header ReadHeader(Reader* reader) {
  Header header = {};
  const int64_t name_length = reader->Varint();
  header.name = reader->Bytes(name_length);
  const int64_t value_length = reader->Varint();
  if (value_length != -1) header.value = reader->Bytes(value_length);
  if (reader->failed()) return {};
  header.name_length = static_cast<size_t>(name_length);
  header.value_length = header.value == nullptr ? 0 : static_cast<size_t>(value_length);
  return header;
}

}  // namespace

size_t AppendHeaders(const rd_kafka_message_t* message, std::vector<Header>* headers) {
  size_t length = 0;
  const void* data = taskc_binary_headers(message, &length);
  if (length == 0) return 0;
  Reader reader(data, length);
  const size_t before = headers->size();
  const int64_t count = reader.Varint();
  size_t bytes = 0;
  for (int64_t i = 0; i < count && !reader.failed(); i++) {
    const Header header = ReadHeader(&reader);
    bytes += header.name_length + header.value_length;
    headers->push_back(header);
  }
  if (!reader.failed()) return bytes;
  // Broken ones count as none, as librdkafka has it.
  headers->resize(before);
  return 0;
}

}  // namespace taskc

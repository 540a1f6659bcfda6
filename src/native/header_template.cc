// Headers as librdkafka has them inside (rdkafka_header.h, rdlist.h): a new version of it has to be checked
// for them. What is made by its own functions takes eight allocations for six headers, and is freed on another
// thread; that was most of the time of producing.
#include "header_template.h"

#include <string.h>

extern "C" {
#include "rd.h"
#include "rdkafka.h"
#include "rdlist.h"
#include "rdvarint.h"
// These go first.
#include "rdkafka_header.h"
}

namespace taskc {

namespace {

// Before the text of a header's name.
constexpr size_t kFixed = offsetof(rd_kafka_header_t, rkhdr_name);

size_t VarintSize(size_t number) {
  char encoded[RD_UVARINT_ENC_SIZEOF(int32_t)];
  return rd_uvarint_enc_i64(encoded, sizeof encoded, static_cast<int64_t>(number));
}

void WriteUuid(const uint8_t* random, char* text) {
  static const char kDigits[] = "0123456789abcdef";
  for (size_t i = 0; i < kUuidBytes; i++) {
    uint8_t byte = random[i];
    if (i == 6) byte = 0x40 | (byte & 0x0f);  // version 4
    if (i == 8) byte = 0x80 | (byte & 0x3f);  // the variant of RFC 9562
    if (i == 4 || i == 6 || i == 8 || i == 10) *text++ = '-';
    *text++ = kDigits[byte >> 4];
    *text++ = kDigits[byte & 0x0f];
  }
}

}  // namespace

void HeaderTemplate::Add(ByteView name, ByteView value) { Append(name, value.data, value.length); }

void HeaderTemplate::AddUuid(ByteView name) {
  char text[kUuidLength] = {};
  Append(name, text, kUuidLength);
  uuid_ = places_.back().value;
}

void HeaderTemplate::Append(ByteView name, const char* value, size_t length) {
  rd_kafka_header_t header = {};
  header.rkhdr_name_size = name.length;
  header.rkhdr_value_size = value == nullptr ? 0 : length;
  header.rkhdr_ser_size = name.length + header.rkhdr_value_size + VarintSize(name.length) +
                          VarintSize(header.rkhdr_value_size);
  serialized_ += header.rkhdr_ser_size;

  Place place = {};
  place.header = headers_.size();
  const auto* fixed = reinterpret_cast<const char*>(&header);
  headers_.insert(headers_.end(), fixed, fixed + kFixed);
  headers_.insert(headers_.end(), name.data, name.data + name.length);
  headers_.push_back('\0');
  if (value != nullptr) {
    place.value = headers_.size();
    headers_.insert(headers_.end(), value, value + length);
    headers_.push_back('\0');
  }
  headers_.resize((headers_.size() + alignof(rd_kafka_header_t) - 1) / alignof(rd_kafka_header_t) *
                  alignof(rd_kafka_header_t));
  places_.push_back(place);
}

rd_kafka_headers_s* HeaderTemplate::Make(const uint8_t* random) const {
  rd_kafka_headers_t* made = rd_kafka_headers_new(0);
  if (places_.empty()) return made;
  const size_t count = places_.size();
  auto** elements = static_cast<void**>(rd_malloc(count * sizeof(void*) + headers_.size()));
  char* headers = reinterpret_cast<char*>(elements + count);
  memcpy(headers, headers_.data(), headers_.size());
  for (size_t i = 0; i < count; i++) {
    auto* header = reinterpret_cast<rd_kafka_header_t*>(headers + places_[i].header);
    if (places_[i].value != 0) header->rkhdr_value = headers + places_[i].value;
    elements[i] = header;
  }
  if (uuid_ != 0) WriteUuid(random, headers + uuid_);
  rd_list_t& list = made->rkhdrs_list;
  list.rl_elems = elements;
  list.rl_size = list.rl_cnt = static_cast<int>(count);
  // The headers go with the list of them.
  list.rl_free_cb = nullptr;
  made->rkhdrs_ser_size = serialized_;
  return made;
}

}  // namespace taskc

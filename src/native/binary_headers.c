// C, as librdkafka's internal headers are.
#include "binary_headers.h"

#include "rdkafka_int.h"
// That one goes first.
#include "rdkafka_msg.h"

const void* taskc_binary_headers(const rd_kafka_message_t* message, size_t* length) {
  const rd_kafka_msg_t* whole = rd_kafka_message2msg((rd_kafka_message_t*)message);
  const rd_kafkap_bytes_t* headers = &whole->rkm_u.consumer.binhdrs;
  *length = RD_KAFKAP_BYTES_LEN(headers) > 0 ? (size_t)RD_KAFKAP_BYTES_LEN(headers) : 0;
  return headers->data;
}

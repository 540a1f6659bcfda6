#include "columns.h"

#include <stdio.h>
#include <string.h>

#include <string>
#include <string_view>

namespace taskc {

namespace {

struct Problem {
  std::string_view topic;
  std::string text;
  int32_t cause;
};

Problem Describe(rd_kafka_t* client, const rd_kafka_message_t* message) {
  Problem problem = {message->rkt ? rd_kafka_topic_name(message->rkt) : "", "", 0};
  char fatal[512];
  if (message->err == RD_KAFKA_RESP_ERR__FATAL) {
    // The message itself only says that something was fatal.
    problem.cause = rd_kafka_fatal_error(client, fatal, sizeof fatal);
    if (problem.cause != 0) problem.text = fatal;
  }
  if (problem.text.empty()) problem.text = rd_kafka_message_errstr(message);
  return problem;
}

// The two buffers and the places where the next entry goes.
class Writer {
 public:
  Writer(size_t count, char* bytes, void* columns) : bytes_(bytes) {
    offsets_ = static_cast<double*>(columns);
    timestamps_ = offsets_ + count;
    starts_ = timestamps_ + count;
    queues_ = reinterpret_cast<int32_t*>(starts_ + count);
    errors_ = queues_ + count;
    key_lengths_ = errors_ + count;
    value_lengths_ = key_lengths_ + count;
    header_counts_ = value_lengths_ + count;
    leader_epochs_ = header_counts_ + count;
    header_starts_ = leader_epochs_ + count;
    header_lengths_ = header_starts_ + count;
  }

  static size_t ColumnBytes(size_t count, size_t headers) {
    return count * (3 * sizeof(double) + 7 * sizeof(int32_t)) + headers * 2 * sizeof(int32_t);
  }

  void PutMessage(const rd_kafka_message_t* message, int32_t queue, const Header* headers,
                  int32_t header_count) {
    rd_kafka_timestamp_type_t type;
    const size_t i = Start(queue, 0);
    offsets_[i] = static_cast<double>(message->offset);
    timestamps_[i] = static_cast<double>(rd_kafka_message_timestamp(message, &type));
    leader_epochs_[i] = rd_kafka_message_leader_epoch(message);
    key_lengths_[i] = Put(message->key, message->key_len);
    value_lengths_[i] = Put(message->payload, message->len);
    header_counts_[i] = header_count;
    for (int32_t k = 0; k < header_count; k++) {
      header_lengths_[pair_++] = Put(headers[k].name, headers[k].name_length);
      header_lengths_[pair_++] = Put(headers[k].value, headers[k].value_length);
    }
  }

  void PutProblem(const rd_kafka_message_t* message, int32_t queue, const Problem& problem) {
    const size_t i = Start(queue, message->err);
    offsets_[i] = static_cast<double>(message->offset);
    timestamps_[i] = problem.cause;
    leader_epochs_[i] = message->partition;
    key_lengths_[i] = Put(problem.topic.data(), problem.topic.size());
    value_lengths_[i] = Put(problem.text.data(), problem.text.size());
    header_counts_[i] = 0;
  }

 private:
  size_t Start(int32_t queue, int32_t error) {
    queues_[entry_] = queue;
    errors_[entry_] = error;
    starts_[entry_] = static_cast<double>(position_);
    header_starts_[entry_] = static_cast<int32_t>(pair_ / 2);
    return entry_++;
  }

  int32_t Put(const void* data, size_t length) {
    if (data == nullptr) return -1;
    if (length > 0) memcpy(bytes_ + position_, data, length);
    position_ += length;
    return static_cast<int32_t>(length);
  }

  char* bytes_;
  double* offsets_;
  double* timestamps_;
  double* starts_;
  int32_t* queues_;
  int32_t* errors_;
  int32_t* key_lengths_;
  int32_t* value_lengths_;
  int32_t* header_counts_;
  int32_t* leader_epochs_;
  int32_t* header_starts_;
  int32_t* header_lengths_;
  size_t entry_ = 0;
  size_t position_ = 0;
  size_t pair_ = 0;
};

bool IsAscii(const char* bytes, size_t length) {
  constexpr uint64_t kHighBits = 0x8080808080808080;
  uint64_t seen = 0;
  size_t at = 0;
  for (; at + sizeof seen <= length; at += sizeof seen) {
    uint64_t word;
    memcpy(&word, bytes + at, sizeof word);
    seen |= word;
  }
  for (; at < length; at++) seen |= static_cast<unsigned char>(bytes[at]);
  return (seen & kHighBits) == 0;
}

napi_value ToArray(napi_env env, const Taken& taken, napi_value bytes, napi_value columns,
                   bool is_ascii) {
  napi_value array = nullptr;
  napi_value count = nullptr;
  napi_value more = nullptr;
  napi_value ascii = nullptr;
  napi_create_array_with_length(env, 5, &array);
  napi_create_uint32(env, static_cast<uint32_t>(taken.count), &count);
  napi_get_boolean(env, taken.more, &more);
  napi_get_boolean(env, is_ascii, &ascii);
  napi_set_element(env, array, 0, count);
  napi_set_element(env, array, 1, more);
  napi_set_element(env, array, 2, bytes);
  napi_set_element(env, array, 3, columns);
  napi_set_element(env, array, 4, ascii);
  return array;
}

}  // namespace

napi_value ToColumns(napi_env env, rd_kafka_t* client, const Taken& taken) {
  size_t total = 0;
  std::vector<Problem> problems;  // in the order of their entries; rare
  for (size_t i = 0; i < taken.count; i++) {
    const rd_kafka_message_t* message = taken.messages[i];
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      total += message->key_len + message->len;
    } else {
      problems.push_back(Describe(client, message));
      total += problems.back().topic.size() + problems.back().text.size();
    }
  }
  for (const Header& header : taken.headers) total += header.name_length + header.value_length;

  void* bytes = nullptr;
  void* columns = nullptr;
  napi_value bytes_value = nullptr;
  napi_value columns_value = nullptr;
  const size_t column_bytes = Writer::ColumnBytes(taken.count, taken.headers.size());
  const bool allocated =
      napi_create_arraybuffer(env, total, &bytes, &bytes_value) == napi_ok &&
      napi_create_arraybuffer(env, column_bytes, &columns, &columns_value) == napi_ok &&
      columns != nullptr && (bytes != nullptr || total == 0);

  if (allocated) {
    Writer writer(taken.count, static_cast<char*>(bytes), columns);
    const Header* headers = taken.headers.data();
    const Problem* problem = problems.data();
    for (size_t i = 0; i < taken.count; i++) {
      const rd_kafka_message_t* message = taken.messages[i];
      if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        writer.PutProblem(message, taken.queues[i], *problem++);
        continue;
      }
      writer.PutMessage(message, taken.queues[i], headers, taken.header_counts[i]);
      headers += taken.header_counts[i];
    }
  }
  for (size_t i = 0; i < taken.count; i++) rd_kafka_message_destroy(taken.messages[i]);
  if (allocated) {
    return ToArray(env, taken, bytes_value, columns_value,
                   IsAscii(static_cast<const char*>(bytes), total));
  }

  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (!pending) {
    char text[96];
    snprintf(text, sizeof text, "No memory for a batch of %zu messages, %zu bytes", taken.count,
             total);
    napi_throw_error(env, nullptr, text);
  }
  return nullptr;
}

}  // namespace taskc

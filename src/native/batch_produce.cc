#include "batch_produce.h"

#include <nan.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "call_arguments.h"
#include "delivery_reports.h"
#include "export_functions.h"
#include "header_template.h"
#include "live_client.h"
#include "src/producer.h"

namespace taskc {

namespace {

using NodeKafka::Producer;

constexpr napi_type_tag kHandleTag = {0x51c7e09ab3d2486f, 0x8a3be4f10672d95c};
constexpr int64_t kMaxBatch = 1 << 20;
constexpr int64_t kMaxSequence = int64_t{1} << 53;

// What a handle wraps. The client's object is held, so that it outlives this.
struct Attachment {
  napi_env env = nullptr;
  Producer* producer = nullptr;
  rd_kafka_t* client = nullptr;
  napi_ref client_object = nullptr;
  napi_threadsafe_function wake = nullptr;
  std::shared_ptr<ReportInbox> inbox;  // null once detached
  std::vector<DeliveryReport> reports;
};

template <size_t N>
class Arguments : public CallArguments<N> {
 public:
  Arguments(napi_env env, napi_callback_info info) : CallArguments<N>(env, info, "batchProduce") {}

  Attachment* Handle(size_t i) {
    return this->template Wrapped<Attachment>(i, kHandleTag, "attach");
  }
};

void CloseInbox(Attachment* attachment) {
  DropReports(attachment->client, attachment->inbox.get());
  attachment->inbox->Close();
  attachment->inbox.reset();
  napi_release_threadsafe_function(attachment->wake, napi_tsfn_abort);
}

// The runtime ends with the producer open: no wake-up may reach it any more.
void OnExit(void* data) {
  auto* attachment = static_cast<Attachment*>(data);
  if (attachment->inbox) CloseInbox(attachment);
}

void Detach(Attachment* attachment) {
  if (!attachment->inbox) return;
  CloseInbox(attachment);
  napi_remove_env_cleanup_hook(attachment->env, OnExit, attachment);
  napi_delete_reference(attachment->env, attachment->client_object);
}

void Finalize(napi_env, void* data, void*) {
  auto* attachment = static_cast<Attachment*>(data);
  Detach(attachment);
  delete attachment;
}

void CallWake(napi_env env, napi_value, void* context, void*) {
  if (env == nullptr) return;
  napi_handle_scope scope = nullptr;
  napi_value handle = nullptr;
  napi_value wake = nullptr;
  napi_open_handle_scope(env, &scope);
  if (napi_get_reference_value(env, *static_cast<napi_ref*>(context), &handle) == napi_ok &&
      handle != nullptr && napi_get_named_property(env, handle, "wake", &wake) == napi_ok) {
    // What it throws becomes an uncaught exception, as in every other callback.
    napi_compat::Entry entry(env, nullptr, nullptr, napi_compat::Entry::kEventLoop);
    napi_compat::CallFunction(handle, wake, 0, nullptr);
  }
  napi_close_handle_scope(env, scope);
}

void FreeContext(napi_env env, void* context, void*) {
  auto* reference = static_cast<napi_ref*>(context);
  napi_delete_reference(env, *reference);
  delete reference;
}

napi_value Attach(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  auto* producer = dynamic_cast<Producer*>(Nan::ObjectWrap::FromValue(env, arguments[0]));
  napi_valuetype wake_type = napi_undefined;
  napi_typeof(env, arguments[1], &wake_type);
  if (producer == nullptr || !LiveClient(producer)) {
    arguments.Fail("batchProduce.attach needs the native client of a connected Producer");
  } else if (wake_type != napi_function) {
    arguments.Fail("batchProduce.attach needs a function to call for reports");
  }
  if (!arguments.ok()) return nullptr;

  napi_value handle = nullptr;
  napi_property_descriptor wake = {};
  wake.utf8name = "wake";
  wake.value = arguments[1];
  napi_create_object(env, &handle);
  napi_define_properties(env, handle, 1, &wake);

  auto* attachment = new Attachment();
  attachment->env = env;
  attachment->producer = producer;
  attachment->client = producer->GetClient()->c_ptr();
  napi_create_reference(env, arguments[0], 1, &attachment->client_object);
  napi_type_tag_object(env, handle, &kHandleTag);
  napi_wrap(env, handle, attachment, Finalize, nullptr, nullptr);

  auto* weak_handle = new napi_ref();
  napi_value name = nullptr;
  napi_create_reference(env, handle, 0, weak_handle);
  napi_create_string_utf8(env, "taskc:batchProduce", NAPI_AUTO_LENGTH, &name);
  napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, weak_handle, FreeContext,
                                  weak_handle, CallWake, &attachment->wake);
  // The package's own handles keep the process alive while the producer is connected.
  napi_unref_threadsafe_function(env, attachment->wake);
  napi_add_env_cleanup_hook(env, OnExit, attachment);
  attachment->inbox = std::make_shared<ReportInbox>([wake = attachment->wake] {
    napi_call_threadsafe_function(wake, nullptr, napi_tsfn_nonblocking);
  });
  DirectReports(attachment->client, attachment->inbox);
  return handle;
}

// What the messages of one call have in common.
struct Common {
  std::string topic;
  HeaderTemplate headers;
  ByteView key;
  int64_t timestamp = 0;
};

template <size_t N>
void ReadHeaders(napi_env env, Arguments<N>* arguments, size_t i, int64_t uuid_at,
                 HeaderTemplate* headers) {
  uint32_t length = 0;
  bool is_array = false;
  napi_is_array(env, (*arguments)[i], &is_array);
  if (!is_array) return arguments->Fail("batchProduce needs an array as headers");
  napi_get_array_length(env, (*arguments)[i], &length);
  for (uint32_t k = 0; k + 1 < length && arguments->ok(); k += 2) {
    napi_value name = nullptr;
    napi_value value = nullptr;
    napi_get_element(env, (*arguments)[i], k, &name);
    napi_get_element(env, (*arguments)[i], k + 1, &value);
    const ByteView name_bytes = arguments->ToBytes(name, "a header's name");
    if (!arguments->ok()) return;
    if (k / 2 == uuid_at) {
      headers->AddUuid(name_bytes);
    } else {
      headers->Add(name_bytes, arguments->ToBytesOrNull(value, "a header's value"));
    }
  }
}

rd_kafka_resp_err_t ProduceOne(rd_kafka_t* client, rd_kafka_topic_t* topic, const Common& common,
                               ByteView value, const uint8_t* uuid, void* opaque) {
  rd_kafka_headers_t* headers = common.headers.Make(uuid);
  rd_kafka_vu_t parts[7];
  parts[0].vtype = RD_KAFKA_VTYPE_RKT;
  parts[0].u.rkt = topic;
  parts[1].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  parts[1].u.i = RD_KAFKA_MSG_F_COPY;
  parts[2].vtype = RD_KAFKA_VTYPE_VALUE;
  parts[2].u.mem.ptr = const_cast<char*>(value.data);
  parts[2].u.mem.size = value.length;
  parts[3].vtype = RD_KAFKA_VTYPE_KEY;
  parts[3].u.mem.ptr = const_cast<char*>(common.key.data);
  parts[3].u.mem.size = common.key.length;
  parts[4].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
  parts[4].u.i64 = common.timestamp;
  parts[5].vtype = RD_KAFKA_VTYPE_OPAQUE;
  parts[5].u.ptr = opaque;
  parts[6].vtype = RD_KAFKA_VTYPE_HEADERS;
  parts[6].u.headers = headers;
  rd_kafka_error_t* error = rd_kafka_produceva(client, parts, sizeof parts / sizeof *parts);
  if (error == nullptr) return RD_KAFKA_RESP_ERR_NO_ERROR;
  // As all its other functions do; the cause is what fatalError() tells.
  const rd_kafka_resp_err_t code = rd_kafka_error_is_fatal(error) ? RD_KAFKA_RESP_ERR__FATAL
                                                                  : rd_kafka_error_code(error);
  rd_kafka_error_destroy(error);
  rd_kafka_headers_destroy(headers);
  return code;
}

napi_value Pair(napi_env env, double first, napi_value second) {
  napi_value pair = nullptr;
  napi_value first_value = nullptr;
  napi_create_double(env, first, &first_value);
  napi_create_array_with_length(env, 2, &pair);
  napi_set_element(env, pair, 0, first_value);
  napi_set_element(env, pair, 1, second);
  return pair;
}

napi_value Produce(napi_env env, napi_callback_info info) {
  Arguments<12> arguments(env, info);
  Attachment* attachment = arguments.Handle(0);
  Common common;
  common.topic = arguments.String(1, "topic");
  const int64_t uuid_at = arguments.Integer(3, -1, INT32_MAX, "uuidAt");
  ReadHeaders(env, &arguments, 2, uuid_at, &common.headers);
  common.key = arguments.BytesOrNull(4, "key");
  common.timestamp = arguments.Integer(5, 0, kMaxSequence, "timestamp");
  const ByteView bytes = arguments.Bytes(6, "bytes");
  const int64_t from = arguments.Integer(9, 0, kMaxBatch, "from");
  const int64_t count = arguments.Integer(10, 0, kMaxBatch, "count");
  const int64_t end = from + count;
  const int32_t* lengths = arguments.Int32Array(7, end, "lengths");
  const ByteView uuids = arguments.Bytes(8, "uuids");
  const int64_t sequence = arguments.Integer(11, 0, kMaxSequence, "sequence");
  if (!arguments.ok()) return nullptr;

  size_t start = 0;
  size_t total = 0;
  for (int64_t i = 0; i < end; i++) {
    if (lengths[i] < 0) arguments.Fail("batchProduce needs lengths from 0");
    if (i == from) start = total;
    total += static_cast<size_t>(lengths[i]);
  }
  if (total > bytes.length) arguments.Fail("batchProduce needs bytes for all lengths");
  if (uuid_at >= 0 && uuids.length < static_cast<size_t>(end) * kUuidBytes) {
    arguments.Fail("batchProduce needs 16 random bytes for each UUID");
  }
  if (!arguments.ok()) return nullptr;

  int64_t taken = 0;
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__STATE;
  LiveClient live(attachment->producer);
  if (attachment->inbox && live) {
    rd_kafka_topic_t* topic = rd_kafka_topic_new(attachment->client, common.topic.c_str(), nullptr);
    error = topic == nullptr ? rd_kafka_last_error() : RD_KAFKA_RESP_ERR_NO_ERROR;
    while (error == RD_KAFKA_RESP_ERR_NO_ERROR && taken < count) {
      const auto length = static_cast<size_t>(lengths[from + taken]);
      const auto* uuid = reinterpret_cast<const uint8_t*>(uuids.data) + (from + taken) * kUuidBytes;
      error = ProduceOne(attachment->client, topic, common, {bytes.data + start, length}, uuid,
                         ToOpaque(sequence + taken));
      if (error != RD_KAFKA_RESP_ERR_NO_ERROR) break;
      start += length;
      taken++;
    }
    if (topic != nullptr) rd_kafka_topic_destroy(topic);
  }
  napi_value error_value = nullptr;
  napi_create_int32(env, error, &error_value);
  return Pair(env, static_cast<double>(taken), error_value);
}

napi_value Reports(napi_env env, napi_callback_info info) {
  Arguments<1> arguments(env, info);
  Attachment* attachment = arguments.Handle(0);
  if (!arguments.ok()) return nullptr;
  napi_value columns_value = nullptr;
  napi_get_null(env, &columns_value);
  if (!attachment->inbox) return columns_value;
  std::vector<DeliveryReport>& reports = attachment->reports;
  attachment->inbox->Take(&reports);
  const size_t count = reports.size();
  if (count == 0) return columns_value;

  void* columns = nullptr;
  if (napi_create_arraybuffer(env, count * (2 * sizeof(double) + 2 * sizeof(int32_t)), &columns,
                              &columns_value) != napi_ok) {
    return nullptr;
  }
  auto* sequences = static_cast<double*>(columns);
  auto* offsets = sequences + count;
  auto* partitions = reinterpret_cast<int32_t*>(offsets + count);
  auto* errors = partitions + count;
  for (size_t i = 0; i < count; i++) {
    sequences[i] = static_cast<double>(reports[i].sequence);
    offsets[i] = static_cast<double>(reports[i].offset);
    partitions[i] = reports[i].partition;
    errors[i] = reports[i].error;
  }
  return Pair(env, static_cast<double>(count), columns_value);
}

napi_value DetachHandle(napi_env env, napi_callback_info info) {
  Arguments<1> arguments(env, info);
  Attachment* attachment = arguments.Handle(0);
  if (arguments.ok()) Detach(attachment);
  return nullptr;
}

}  // namespace

void ExportBatchProduce(napi_env env, napi_value exports) {
  ExportFunctions(env, exports, "batchProduce",
                  {{"attach", Attach},
                   {"produce", Produce},
                   {"reports", Reports},
                   {"detach", DetachHandle}});
}

}  // namespace taskc

#include "partition_poll.h"

#include <nan.h>

#include <memory>
#include <string>

#include "call_arguments.h"
#include "columns.h"
#include "export_functions.h"
#include "live_client.h"
#include "poller.h"
#include "src/kafka-consumer.h"

namespace taskc {

namespace {

using NodeKafka::KafkaConsumer;

constexpr napi_type_tag kHandleTag = {0x6b2f0c1d8a5e4f37, 0x9d41e7a2b3c85f60};
constexpr int64_t kMaxBatch = 1 << 20;
constexpr int64_t kMaxLanes = 1 << 20;

// What a handle wraps. The client is held, so that it outlives the poller; the handle itself is
// only known by a weak reference, so that one that is dropped is collected, and detached then.
struct Attachment {
  napi_env env = nullptr;
  KafkaConsumer* consumer = nullptr;
  rd_kafka_t* client = nullptr;
  napi_ref client_object = nullptr;
  napi_threadsafe_function wake = nullptr;
  std::unique_ptr<Poller> poller;  // null once detached
  Taken taken;
};

void OnExit(void* data);

void DetachPoller(Attachment* attachment) {
  attachment->poller->Detach();
  attachment->poller.reset();
  napi_release_threadsafe_function(attachment->wake, napi_tsfn_abort);
}

void Detach(Attachment* attachment) {
  if (!attachment->poller) return;
  DetachPoller(attachment);
  napi_remove_env_cleanup_hook(attachment->env, OnExit, attachment);
  napi_delete_reference(attachment->env, attachment->client_object);
}

// The runtime ends with the consumer open: no wake-up may reach it any more.
void OnExit(void* data) {
  auto* attachment = static_cast<Attachment*>(data);
  if (attachment->poller) DetachPoller(attachment);
}

void Finalize(napi_env, void* data, void*) {
  auto* attachment = static_cast<Attachment*>(data);
  Detach(attachment);
  delete attachment;
}

// Any thread.
void Wake(void* data) {
  napi_call_threadsafe_function(static_cast<Attachment*>(data)->wake, nullptr,
                                napi_tsfn_nonblocking);
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

// The arguments of one call.
template <size_t N>
class Arguments : public CallArguments<N> {
 public:
  Arguments(napi_env env, napi_callback_info info) : CallArguments<N>(env, info, "partitionPoll") {}

  Attachment* Handle(size_t i) {
    return this->template Wrapped<Attachment>(i, kHandleTag, "attach");
  }
};

napi_value ToNumber(napi_env env, double number) {
  napi_value value = nullptr;
  napi_create_double(env, number, &value);
  return value;
}

KafkaConsumer* ToConsumer(napi_env env, napi_value value) {
  Nan::ObjectWrap* object = Nan::ObjectWrap::FromValue(env, value);
  return dynamic_cast<KafkaConsumer*>(object);
}

napi_value Attach(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  KafkaConsumer* consumer = ToConsumer(env, arguments[0]);
  napi_valuetype wake_type = napi_undefined;
  napi_typeof(env, arguments[1], &wake_type);
  if (consumer == nullptr || !LiveClient(consumer)) {
    arguments.Fail("partitionPoll.attach needs the native client of a connected KafkaConsumer");
  } else if (wake_type != napi_function) {
    arguments.Fail("partitionPoll.attach needs a function to call on arrival");
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
  attachment->consumer = consumer;
  attachment->client = consumer->GetClient()->c_ptr();
  napi_create_reference(env, arguments[0], 1, &attachment->client_object);
  napi_type_tag_object(env, handle, &kHandleTag);
  napi_wrap(env, handle, attachment, Finalize, nullptr, nullptr);

  auto* weak_handle = new napi_ref();
  napi_value name = nullptr;
  napi_create_reference(env, handle, 0, weak_handle);
  napi_create_string_utf8(env, "taskc:partitionPoll", NAPI_AUTO_LENGTH, &name);
  napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, weak_handle, FreeContext,
                                  weak_handle, CallWake, &attachment->wake);
  // The package's own handles keep the process alive while the consumer is connected.
  napi_unref_threadsafe_function(env, attachment->wake);
  napi_add_env_cleanup_hook(env, OnExit, attachment);
  attachment->poller = std::make_unique<Poller>(attachment->client, Wake, attachment);
  return handle;
}

napi_value Open(napi_env env, napi_callback_info info) {
  Arguments<4> arguments(env, info);
  Attachment* attachment = arguments.Handle(0);
  const std::string topic = arguments.String(1, "topic");
  const int64_t partition = arguments.Integer(2, 0, INT32_MAX, "partition");
  const int64_t lane = arguments.Integer(3, 0, kMaxLanes - 1, "lane");
  if (!arguments.ok()) return nullptr;
  LiveClient live(attachment->consumer);
  if (!attachment->poller || !live) return ToNumber(env, -1);
  return ToNumber(env, attachment->poller->Open(topic.c_str(), static_cast<int32_t>(partition),
                                                static_cast<int32_t>(lane)));
}

napi_value Poll(napi_env env, napi_callback_info info) {
  Arguments<5> arguments(env, info);
  napi_value nothing = nullptr;
  napi_get_null(env, &nothing);
  Attachment* attachment = arguments.Handle(0);
  const bool attached = attachment != nullptr && attachment->poller != nullptr;
  const size_t lanes = attached ? attachment->poller->lanes_needed() : 0;
  PollLimits limits;
  limits.max = arguments.Integer(1, 0, kMaxBatch, "max");
  limits.per_queue = arguments.Integer(2, 1, kMaxBatch, "perQueue");
  limits.max_bytes = static_cast<double>(arguments.Integer(3, 0, INT64_MAX, "maxBytes"));
  limits.room = arguments.Int32Array(4, lanes, "laneRoom");
  if (!arguments.ok()) return nullptr;
  LiveClient live(attachment->consumer);
  if (!attached || !live) return nothing;

  attachment->poller->Poll(limits, &attachment->taken);
  if (attachment->taken.count == 0) return nothing;
  return ToColumns(env, attachment->client, attachment->taken);
}

napi_value Block(napi_env env, napi_callback_info info) {
  Arguments<3> arguments(env, info);
  Attachment* attachment = arguments.Handle(0);
  const int64_t queue = arguments.Integer(1, -1, INT32_MAX, "queue");
  const bool blocked = arguments.Boolean(2);
  if (arguments.ok() && attachment->poller) {
    attachment->poller->Block(static_cast<int32_t>(queue), blocked);
  }
  return nullptr;
}

napi_value Close(napi_env env, napi_callback_info info) {
  Arguments<2> arguments(env, info);
  Attachment* attachment = arguments.Handle(0);
  const int64_t queue = arguments.Integer(1, -1, INT32_MAX, "queue");
  if (arguments.ok() && attachment->poller) {
    LiveClient live(attachment->consumer);
    attachment->poller->Close(static_cast<int32_t>(queue), static_cast<bool>(live));
  }
  return nullptr;
}

napi_value Queued(napi_env env, napi_callback_info info) {
  Arguments<1> arguments(env, info);
  Attachment* attachment = arguments.Handle(0);
  if (!arguments.ok()) return nullptr;
  return ToNumber(env, attachment->poller ? attachment->poller->Queued() : 0);
}

napi_value DetachHandle(napi_env env, napi_callback_info info) {
  Arguments<1> arguments(env, info);
  Attachment* attachment = arguments.Handle(0);
  if (arguments.ok()) Detach(attachment);
  return nullptr;
}

}  // namespace

void ExportPartitionPoll(napi_env env, napi_value exports) {
  ExportFunctions(env, exports, "partitionPoll",
                  {{"attach", Attach},
                   {"open", Open},
                   {"poll", Poll},
                   {"block", Block},
                   {"close", Close},
                   {"queued", Queued},
                   {"detach", DetachHandle}});
}

}  // namespace taskc

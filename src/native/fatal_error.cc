#include "fatal_error.h"

#include <nan.h>

#include <string>

#include "live_client.h"
#include "napi_compat/event_loop.h"
#include "src/producer.h"

namespace taskc {

namespace {

NodeKafka::Producer* ProducerOf(const Nan::FunctionCallbackInfo<v8::Value>& info) {
  return dynamic_cast<NodeKafka::Producer*>(
      Nan::ObjectWrap::FromValue(napi_compat::env(), info[0].raw()));
}

NAN_METHOD(FatalError) {
  NodeKafka::Producer* producer = ProducerOf(info);
  if (producer == nullptr) return Nan::ThrowError("fatalError needs the native client of a Producer");
  info.GetReturnValue().Set(Nan::Null());
  LiveClient live(producer);
  if (!live) return;
  std::string text;
  const RdKafka::ErrorCode code = producer->GetClient()->fatal_error(text);
  if (code == RdKafka::ERR_NO_ERROR) return;
  v8::Local<v8::Array> pair = Nan::New<v8::Array>();
  Nan::Set(pair, 0, Nan::New<v8::Number>(static_cast<double>(code)));
  Nan::Set(pair, 1, Nan::New(text).ToLocalChecked());
  info.GetReturnValue().Set(pair);
}

NAN_METHOD(PurgeQueues) {
  NodeKafka::Producer* producer = ProducerOf(info);
  if (producer == nullptr) return Nan::ThrowError("purgeQueues needs the native client of a Producer");
  LiveClient live(producer);
  if (!live) return;
  rd_kafka_purge(producer->GetClient()->c_ptr(),
                 RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_NON_BLOCKING);
}

}  // namespace

void ExportFatalError(napi_env env, napi_value exports) {
  napi_compat::Entry entry(env, napi_compat::EventLoop::Of(env), nullptr,
                           napi_compat::Entry::kJavaScript);
  const auto add = [env, exports](const char* name, Nan::FunctionCallback callback) {
    const v8::Local<v8::Function> function =
        Nan::GetFunction(Nan::New<v8::FunctionTemplate>(callback)).ToLocalChecked();
    napi_set_named_property(env, exports, name, function.raw());
  };
  add("fatalError", FatalError);
  add("purgeQueues", PurgeQueues);
}

}  // namespace taskc

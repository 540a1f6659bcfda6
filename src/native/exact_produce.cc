#include "exact_produce.h"

#include <nan.h>

#include <memory>
#include <string>

#include "napi_compat/event_loop.h"
#include "src/producer.h"

namespace taskc {

namespace {

struct Bytes {
  char* data = nullptr;  // null: no value, which is not the same as an empty one
  size_t length = 0;
};

Bytes ToBytes(v8::Local<v8::Value> value) {
  if (!node::Buffer::HasInstance(value)) return {};
  return {node::Buffer::Data(value), node::Buffer::Length(value)};
}

NAN_METHOD(ProduceExactly) {
  auto* producer = dynamic_cast<NodeKafka::Producer*>(
      Nan::ObjectWrap::FromValue(napi_compat::env(), info[0].raw()));
  if (producer == nullptr || info.Length() < 8 || !info[1]->IsString()) {
    return Nan::ThrowError("produceExactly needs the native client of a Producer, and a message");
  }
  Nan::Utf8String topic(info[1]);
  const Bytes value = ToBytes(info[3]);
  const Bytes key = ToBytes(info[4]);
  const v8::Local<v8::Array> pairs = info[7].As<v8::Array>();
  std::unique_ptr<RdKafka::Headers> headers(RdKafka::Headers::create());
  for (uint32_t i = 0; i + 1 < pairs->Length(); i += 2) {
    const Bytes name = ToBytes(Nan::Get(pairs, i).ToLocalChecked());
    const Bytes header = ToBytes(Nan::Get(pairs, i + 1).ToLocalChecked());
    headers->add(std::string(name.data == nullptr ? "" : name.data, name.length), header.data,
                 header.length);
  }
  // The package's delivery report hands the value on and releases it.
  auto* opaque = new Nan::Persistent<v8::Value>(info[6]);
  const RdKafka::ErrorCode error =
      producer
          ->Produce(value.data, value.length, *topic, Nan::To<int32_t>(info[2]).FromJust(),
                    key.data, key.length, Nan::To<int64_t>(info[5]).FromJust(), opaque,
                    headers.get())
          .err();
  if (error == RdKafka::ERR_NO_ERROR) {
    headers.release();  // librdkafka's now
  } else {
    opaque->Reset();
    delete opaque;
  }
  info.GetReturnValue().Set(Nan::New<v8::Number>(static_cast<double>(error)));
}

}  // namespace

void ExportExactProduce(napi_env env, napi_value exports) {
  napi_compat::Entry entry(env, napi_compat::EventLoop::Of(env), nullptr,
                           napi_compat::Entry::kJavaScript);
  const v8::Local<v8::Function> function =
      Nan::GetFunction(Nan::New<v8::FunctionTemplate>(ProduceExactly)).ToLocalChecked();
  napi_set_named_property(env, exports, "produceExactly", function.raw());
}

}  // namespace taskc

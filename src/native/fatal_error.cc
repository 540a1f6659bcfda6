#include "fatal_error.h"

#include <nan.h>

#include <string>

#include "live_client.h"
#include "napi_compat/event_loop.h"
#include "src/producer.h"

namespace taskc {

namespace {

NAN_METHOD(FatalError) {
  auto* producer = dynamic_cast<NodeKafka::Producer*>(
      Nan::ObjectWrap::FromValue(napi_compat::env(), info[0].raw()));
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

}  // namespace

void ExportFatalError(napi_env env, napi_value exports) {
  napi_compat::Entry entry(env, napi_compat::EventLoop::Of(env), nullptr,
                           napi_compat::Entry::kJavaScript);
  const v8::Local<v8::Function> function =
      Nan::GetFunction(Nan::New<v8::FunctionTemplate>(FatalError)).ToLocalChecked();
  napi_set_named_property(env, exports, "fatalError", function.raw());
}

}  // namespace taskc

#include <nan.h>
#include <stdlib.h>

#include <memory>

using napi_compat::env;

namespace node {
namespace Buffer {

bool HasInstance(v8::Local<v8::Value> value) {
  bool result = false;
  if (!value.IsEmpty()) napi_is_buffer(env(), value.raw(), &result);
  return result;
}

char* Data(v8::Local<v8::Value> value) {
  static char empty[1];
  void* data = nullptr;
  size_t length = 0;
  napi_get_buffer_info(env(), value.raw(), &data, &length);
  // In some runtimes an empty buffer has no storage.
  return data != nullptr && length > 0 ? static_cast<char*>(data) : empty;
}

size_t Length(v8::Local<v8::Value> value) {
  void* data = nullptr;
  size_t length = 0;
  napi_get_buffer_info(env(), value.raw(), &data, &length);
  return length;
}

}  // namespace Buffer
}  // namespace node

namespace Nan {

Local<v8::Value> Encode(const void* data, size_t size, Encoding) {
  static const char empty[1] = {0};
  napi_value result = nullptr;
  void* copy = nullptr;
  if (napi_create_buffer_copy(env(), size, data != nullptr ? data : empty, &copy, &result) !=
      napi_ok) {
    return Undefined();
  }
  return Local<v8::Value>(result);
}

MaybeLocal<v8::Object> NewBuffer(char* data, size_t size) {
  const Local<v8::Value> buffer = Encode(data, size, BUFFER);
  free(data);
  return buffer.As<v8::Object>();
}

// ------------------------------------------------------------ object wrap ---

namespace {

// Tells objects that wrap an ObjectWrap from those that wrap something of another addon.
constexpr napi_type_tag kWrapTag = {0x2d8c6f0b71e94a53, 0xb6a01f5e93d7c428};

}  // namespace

void ObjectWrap::Wrap(Local<v8::Object> object) {
  napi_wrap(env(), object.raw(), this, Finalize, nullptr, nullptr);
  napi_type_tag_object(env(), object.raw(), &kWrapTag);
}

ObjectWrap* ObjectWrap::FromValue(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  bool ours = false;
  void* data = nullptr;
  // Bun throws when it is asked for the tag of what is no object.
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_object) return nullptr;
  if (napi_check_object_type_tag(env, value, &kWrapTag, &ours) != napi_ok || !ours) return nullptr;
  return napi_unwrap(env, value, &data) == napi_ok ? static_cast<ObjectWrap*>(data) : nullptr;
}

void ObjectWrap::Finalize(napi_env env, void* data, void*) {
  napi_compat::EventLoop* loop = napi_compat::EventLoop::Of(env);
  // When the environment ends the runtime finalizes all that still lives; closing a client then
  // would wait for callbacks that can no longer run.
  if (loop == nullptr || loop->closing()) return;
  napi_compat::Entry entry(env, loop, nullptr, napi_compat::Entry::kEventLoop);
  delete static_cast<ObjectWrap*>(data);
}

// --------------------------------------------------------------- callbacks ---

Local<v8::Value> Callback::Call(int count, Local<v8::Value>* arguments) const {
  napi_value global = nullptr;
  napi_get_global(env(), &global);
  return (*this)(Local<v8::Object>(global), count, arguments);
}

Local<v8::Value> Callback::operator()(Local<v8::Object> receiver, int count,
                                      Local<v8::Value>* arguments) const {
  napi_value function = ref_.Get();
  if (function == nullptr) return Local<v8::Value>();
  // The package leaves some of them empty, which V8 takes for undefined.
  for (int i = 0; i < count; i++) {
    if (arguments[i].IsEmpty()) arguments[i] = Undefined();
  }
  return Local<v8::Value>(napi_compat::CallFunction(receiver.raw(), function, count,
                                                    reinterpret_cast<napi_value*>(arguments)));
}

// ------------------------------------------------------------------ workers ---

void AsyncWorker::WorkComplete() {
  HandleScope scope;
  if (failed_) {
    HandleErrorCallback();
  } else {
    HandleOKCallback();
  }
  delete callback;
  callback = nullptr;
}

void AsyncWorker::HandleOKCallback() {
  if (callback != nullptr) callback->Call(0, nullptr);
}

void AsyncWorker::HandleErrorCallback() {
  HandleScope scope;
  Local<v8::Value> arguments[] = {Error(error_.c_str())};
  if (callback != nullptr) callback->Call(1, arguments);
}

namespace {

struct Work : napi_compat::Task {
  AsyncWorker* worker;
  napi_compat::EventLoop* loop;
  napi_compat::Reference owner;  // the client object, which must live while the work runs

  void Run() override {
    worker->WorkComplete();
    worker->Destroy();
    owner.Reset();
    loop->Release();
  }
};

void Execute(void* data) {
  auto* work = static_cast<Work*>(data);
  work->worker->Execute();
  work->loop->Post(work);
}

}  // namespace

void AsyncQueueWorker(AsyncWorker* worker) {
  auto* work = new Work();
  work->worker = worker;
  work->loop = napi_compat::thread_state.loop;
  if (napi_compat::thread_state.receiver != nullptr) {
    work->owner.Reset(napi_compat::thread_state.receiver);
  }
  work->loop->Hold();
  napi_compat::RunBlocking(Execute, work);
}

}  // namespace Nan

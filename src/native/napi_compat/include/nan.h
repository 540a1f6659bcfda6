// The part of NAN (Native Abstractions for Node.js) that the package uses, over Node-API.
#ifndef NAPI_COMPAT_NAN_H_
#define NAPI_COMPAT_NAN_H_

// The package includes some of these through NAN only.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <string>

#include "nan_values.h"
#include "node.h"
#include "node_buffer.h"
#include "uv.h"
#include "v8.h"

#define NAN_INLINE inline
#define NAN_METHOD(name) void name(const Nan::FunctionCallbackInfo<v8::Value>& info)
#define NAUV_WORK_CB(func) void func(uv_async_t* async)

namespace Nan {

// ----------------------------------------------------------- native calls ---
template <class T>
class ReturnValue {
 public:
  explicit ReturnValue(napi_value* slot) : slot_(slot) {}
  template <class S>
  void Set(const Local<S>& v) const {
    *slot_ = v.raw();
  }

 private:
  napi_value* slot_;
};
template <class T>
class FunctionCallbackInfo {
 public:
  FunctionCallbackInfo(napi_value self, napi_value* argv, int argc, bool ctor, napi_value* ret)
      : self_(self), argv_(argv), argc_(argc), ctor_(ctor), ret_(ret) {}
  int Length() const { return argc_; }
  Local<v8::Value> operator[](int i) const {
    return i >= 0 && i < argc_ ? Local<v8::Value>(argv_[i]) : Local<v8::Value>(Undefined());
  }
  Local<v8::Object> This() const { return Local<v8::Object>(self_); }
  bool IsConstructCall() const { return ctor_; }
  ReturnValue<T> GetReturnValue() const { return ReturnValue<T>(ret_); }

 private:
  napi_value self_;
  napi_value* argv_;
  int argc_;
  bool ctor_;
  napi_value* ret_;
};

inline void SetPrototypeMethod(Local<v8::FunctionTemplate> t, const char* name,
                               FunctionCallback cb) {
  t.raw()->methods.push_back({name, cb});
}
inline MaybeLocal<v8::Function> GetFunction(Local<v8::FunctionTemplate> t) {
  return t->GetFunction(GetCurrentContext());
}
inline MaybeLocal<v8::Object> NewInstance(Local<v8::Function> f, int argc, Local<v8::Value>* argv) {
  napi_value result = nullptr;
  if (!napi_compat::Succeeded(napi_new_instance(napi_compat::env(), f.raw(), argc,
                                                reinterpret_cast<napi_value*>(argv), &result)))
    result = nullptr;
  return Local<v8::Object>(result);
}

// --------------------------------------------------------------- buffers ---
enum Encoding { BUFFER };
// Takes ownership of malloc'ed data. Copied: external buffers are optional in
// Node-API (and forbidden in some runtimes) and cost a finalizer each.
MaybeLocal<v8::Object> NewBuffer(char* data, size_t size);
Local<v8::Value> Encode(const void* data, size_t size, Encoding);

// ------------------------------------------------------------ ObjectWrap ---
class ObjectWrap {
 public:
  ObjectWrap() {}
  virtual ~ObjectWrap() {}
  template <class T>
  static T* Unwrap(Local<v8::Object> o) {
    void* data = nullptr;
    if (napi_unwrap(napi_compat::env(), o.raw(), &data) != napi_ok) return nullptr;
    return static_cast<T*>(static_cast<ObjectWrap*>(data));
  }
  // For values of unknown origin: null unless it wraps an ObjectWrap.
  static ObjectWrap* FromValue(napi_env env, napi_value value);

 protected:
  void Wrap(Local<v8::Object> o);

 private:
  static void Finalize(napi_env env, void* data, void* hint);
};

// -------------------------------------------------------------- Callback ---
class Callback {
 public:
  Callback() {}
  explicit Callback(const Local<v8::Function>& f) { ref_.Reset(f.raw()); }
  ~Callback() { ref_.Reset(); }
  Callback(const Callback&) = delete;
  void operator=(const Callback&) = delete;
  void Reset(const Local<v8::Function>& f) { ref_.Reset(f.raw()); }
  void Reset() { ref_.Reset(); }
  bool IsEmpty() const { return ref_.IsEmpty(); }
  Local<v8::Function> GetFunction() const { return Local<v8::Function>(ref_.Get()); }
  Local<v8::Value> Call(int argc, Local<v8::Value>* argv) const;
  Local<v8::Value> operator()(Local<v8::Object> target, int argc = 0,
                              Local<v8::Value>* argv = nullptr) const;

 private:
  napi_compat::Reference ref_;
};

// ----------------------------------------------------------- AsyncWorker ---
class AsyncWorker {
 public:
  explicit AsyncWorker(Callback* cb) : callback(cb) {}
  virtual ~AsyncWorker() { delete callback; }
  AsyncWorker(const AsyncWorker&) = delete;
  void operator=(const AsyncWorker&) = delete;

  virtual void Execute() = 0;
  virtual void WorkComplete();
  virtual void Destroy() { delete this; }

 protected:
  virtual void HandleOKCallback();
  virtual void HandleErrorCallback();
  void SetErrorMessage(const char* m) {
    failed_ = true;
    error_ = m;
  }
  const char* ErrorMessage() const { return failed_ ? error_.c_str() : nullptr; }
  Callback* callback;

 private:
  bool failed_ = false;
  std::string error_;
};
void AsyncQueueWorker(AsyncWorker* w);

}  // namespace Nan

#endif  // NAPI_COMPAT_NAN_H_

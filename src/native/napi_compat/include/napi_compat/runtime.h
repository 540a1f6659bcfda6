// What stands behind the headers nan.h, v8.h, node.h and uv.h of this folder: the state of a JS
// thread, references, exceptions and calls, written against the public Node-API alone.
//
// Those headers offer the part of NAN, V8 and libuv that the package's sources use, so that these
// compile unmodified into an addon that loads in any runtime with Node-API.
#ifndef NAPI_COMPAT_RUNTIME_H_
#define NAPI_COMPAT_RUNTIME_H_

#ifndef NAPI_VERSION
#define NAPI_VERSION 8
#endif
#include <node_api.h>
#include <stddef.h>
#include <stdint.h>

namespace napi_compat {

class EventLoop;
class Reference;

// State of one JS thread. Plain data, so that no access pays for lazy initialisation.
struct ThreadState {
  napi_env env;          // the environment that entered native code last
  EventLoop* loop;       // of that environment
  napi_value receiver;   // of the innermost native method, or null
  int js_depth;          // native methods on the stack; 0: the event loop called
  Reference* exception;  // set aside in this native frame, or null
  uint32_t scope_depth;
  uint64_t scope_sequence;
};
extern thread_local constinit ThreadState thread_state;

inline napi_env env() { return thread_state.env; }

// Handle scopes nest strictly, so a handle is good for as long as the scope that was innermost when
// it was made is open. Each scope gets a number that is never used again, kept under its depth.
void EnterScope();
void LeaveScope();

// The string handle of a literal, the same one for as long as its scope is open. Property names are
// by far the most frequent strings: this doubles the message rate in Bun.
napi_value LiteralString(const char* text, size_t length);

// One entry from the runtime into native code.
class Entry {
 public:
  enum Caller { kJavaScript, kEventLoop };

  Entry(napi_env env, EventLoop* loop, napi_value receiver, Caller caller);
  ~Entry();
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

 private:
  const ThreadState saved_;
};

// A strong reference, to primitives as well. Not released by its destructor, which may run where no
// environment is entered.
class Reference {
 public:
  void Reset(napi_value value);
  void Reset();
  napi_value Get() const;
  bool IsEmpty() const { return reference_ == nullptr; }

 private:
  napi_env env_ = nullptr;
  napi_ref reference_ = nullptr;
  // Before version 10, Node-API refers to objects, functions and symbols only. Anything else is put
  // into an array.
  bool boxed_ = false;
};

// Exceptions. While one is pending most Node-API calls fail, whereas those of V8 go on, and the
// package's sources rely on that: they call ThrowError and then unwrap their receiver. So an
// exception is set aside until the native frame ends, which throws it.

// Sets an exception aside; the first one of a frame stays.
void Raise(napi_value exception);
// Whether a call went well; if not, an exception that it left pending is set aside.
bool Succeeded(napi_status status);
// Takes the exception that was set aside, or null.
napi_value TakeException();
// At the event loop there is no JS frame to throw into: hands it to 'uncaughtException'.
void ReportException();

// Calls a JS function. What it throws is reported when the event loop is below, else set aside for
// the JS frame that is. Returns null then.
napi_value CallFunction(napi_value receiver, napi_value function, size_t count,
                        const napi_value* arguments);

}  // namespace napi_compat

#endif  // NAPI_COMPAT_RUNTIME_H_

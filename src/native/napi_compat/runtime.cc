#include "napi_compat/runtime.h"

#include "napi_compat/event_loop.h"

namespace napi_compat {

thread_local constinit ThreadState thread_state = {};

namespace {

constexpr uint32_t kScopes = 64;
// Numbers of the open scopes; one that is deeper than this shares a place, and its literals are
// then not kept.
thread_local constinit uint64_t open_scopes[kScopes] = {};

struct Literal {
  const char* text;
  uint64_t scope;
  uint32_t depth;
  napi_value handle;
};
constexpr uint32_t kLiterals = 256;
thread_local constinit Literal literals[kLiterals] = {};

Literal& LiteralPlace(const char* text) {
  const auto address = reinterpret_cast<uintptr_t>(text);
  return literals[((address >> 3) ^ (address >> 11)) % kLiterals];
}

}  // namespace

void EnterScope() {
  const uint32_t depth = ++thread_state.scope_depth;
  open_scopes[depth % kScopes] = ++thread_state.scope_sequence;
}

void LeaveScope() {
  open_scopes[thread_state.scope_depth % kScopes] = 0;
  --thread_state.scope_depth;
}

napi_value LiteralString(const char* text, size_t length) {
  Literal& literal = LiteralPlace(text);
  if (literal.text == text && literal.scope != 0 && open_scopes[literal.depth] == literal.scope) {
    return literal.handle;
  }
  napi_value handle = nullptr;
  napi_create_string_utf8(env(), text, length, &handle);
  const uint32_t depth = thread_state.scope_depth;
  if (depth > 0 && depth < kScopes) literal = {text, open_scopes[depth], depth, handle};
  return handle;
}

Entry::Entry(napi_env env, EventLoop* loop, napi_value receiver, Caller caller)
    : saved_(thread_state) {
  thread_state.env = env;
  if (loop != nullptr) thread_state.loop = loop;
  thread_state.receiver = receiver;
  thread_state.js_depth = caller == kJavaScript ? saved_.js_depth + 1 : 0;
  thread_state.exception = nullptr;
  EnterScope();
}

Entry::~Entry() {
  LeaveScope();
  // The sequence goes on: scope numbers must not come again.
  const uint64_t sequence = thread_state.scope_sequence;
  thread_state = saved_;
  thread_state.scope_sequence = sequence;
}

void Reference::Reset() {
  // One of another, or an ended, environment must not be touched.
  if (reference_ != nullptr && env_ == env()) napi_delete_reference(env_, reference_);
  reference_ = nullptr;
}

void Reference::Reset(napi_value value) {
  Reset();
  if (value == nullptr) return;
  env_ = env();
  napi_valuetype type = napi_undefined;
  napi_typeof(env_, value, &type);
  boxed_ = type != napi_object && type != napi_function;
  if (boxed_) {
    napi_value box = nullptr;
    napi_create_array_with_length(env_, 1, &box);
    napi_set_element(env_, box, 0, value);
    value = box;
  }
  if (napi_create_reference(env_, value, 1, &reference_) != napi_ok) reference_ = nullptr;
}

napi_value Reference::Get() const {
  napi_value value = nullptr;
  if (reference_ == nullptr || env_ != env()) return nullptr;
  if (napi_get_reference_value(env_, reference_, &value) != napi_ok || !boxed_) return value;
  napi_value content = nullptr;
  napi_get_element(env_, value, 0, &content);
  return content;
}

void Raise(napi_value exception) {
  if (exception == nullptr || thread_state.exception != nullptr) return;
  thread_state.exception = new Reference();
  thread_state.exception->Reset(exception);
}

bool Succeeded(napi_status status) {
  if (status == napi_ok) return true;
  bool pending = false;
  napi_value exception = nullptr;
  napi_is_exception_pending(env(), &pending);
  if (pending && napi_get_and_clear_last_exception(env(), &exception) == napi_ok) Raise(exception);
  return false;
}

napi_value TakeException() {
  Reference* reference = thread_state.exception;
  if (reference == nullptr) return nullptr;
  thread_state.exception = nullptr;
  napi_value exception = reference->Get();
  reference->Reset();
  delete reference;
  return exception;
}

void ReportException() {
  napi_value exception = TakeException();
  if (exception == nullptr) return;
  // Once an exception was fatal, Deno is ending the script and each further call "throws" null,
  // which would hide the real one.
  static thread_local constinit bool reported = false;
  napi_valuetype type = napi_undefined;
  napi_typeof(env(), exception, &type);
  if (reported && type == napi_null) return;
  reported = true;
  napi_fatal_exception(env(), exception);
}

napi_value CallFunction(napi_value receiver, napi_value function, size_t count,
                        const napi_value* arguments) {
  napi_value result = nullptr;
  if (Succeeded(napi_call_function(env(), receiver, function, count, arguments, &result))) {
    return result;
  }
  if (thread_state.js_depth == 0) ReportException();
  return nullptr;
}

}  // namespace napi_compat

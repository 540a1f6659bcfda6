#include "napi_compat/event_loop.h"

namespace napi_compat {

EventLoop* EventLoop::Start(napi_env env) {
  auto* loop = new EventLoop();
  loop->env_ = env;
  napi_value name = nullptr;
  napi_create_string_utf8(env, "kafka:events", NAPI_AUTO_LENGTH, &name);
  if (napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, loop,
                                      RunTask, &loop->function_) != napi_ok) {
    napi_fatal_error("napi_compat", NAPI_AUTO_LENGTH, "Cannot create a threadsafe function",
                     NAPI_AUTO_LENGTH);
  }
  napi_unref_threadsafe_function(env, loop->function_);
  napi_add_env_cleanup_hook(env, OnExit, loop);
  napi_set_instance_data(env, loop, nullptr, nullptr);
  return loop;
}

EventLoop* EventLoop::Of(napi_env env) {
  void* loop = nullptr;
  napi_get_instance_data(env, &loop);
  return static_cast<EventLoop*>(loop);
}

void EventLoop::OnExit(void* data) {
  auto* loop = static_cast<EventLoop*>(data);
  std::lock_guard<std::mutex> guard(loop->mutex_);
  loop->closing_ = true;
}

void EventLoop::Post(Task* task) {
  std::lock_guard<std::mutex> guard(mutex_);
  // Nobody is left to run it, and deleting it would need the environment: the process ends anyway.
  if (closing_) return;
  napi_call_threadsafe_function(function_, task, napi_tsfn_nonblocking);
}

void EventLoop::Hold() {
  if (holders_++ == 0 && !closing_) napi_ref_threadsafe_function(env_, function_);
}

void EventLoop::Release() {
  if (--holders_ == 0 && !closing_) napi_unref_threadsafe_function(env_, function_);
}

void EventLoop::RunTask(napi_env env, napi_value, void* context, void* data) {
  auto* loop = static_cast<EventLoop*>(context);
  auto* task = static_cast<Task*>(data);
  if (env == nullptr || loop->closing_) return;
  napi_handle_scope scope = nullptr;
  napi_open_handle_scope(env, &scope);
  {
    Entry entry(env, loop, nullptr, Entry::kEventLoop);
    task->Run();
    delete task;
    ReportException();
  }
  napi_close_handle_scope(env, scope);
}

}  // namespace napi_compat

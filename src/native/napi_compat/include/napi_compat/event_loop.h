// The bridge from any thread to the event loop of an environment, and threads to run blocking
// calls.
#ifndef NAPI_COMPAT_EVENT_LOOP_H_
#define NAPI_COMPAT_EVENT_LOOP_H_

#include <pthread.h>

#include <atomic>
#include <mutex>

#include "napi_compat/runtime.h"

namespace napi_compat {

// A unit of work for the JS thread.
struct Task {
  virtual ~Task() = default;
  virtual void Run() = 0;
};

// One threadsafe function per environment. An EventLoop is never freed: worker threads may outlive
// the environment.
class EventLoop {
 public:
  static EventLoop* Start(napi_env env);
  // The one of an environment; null before Start.
  static EventLoop* Of(napi_env env);

  // Any thread. The loop owns the task from here on. Tasks run in the order of their posting; those
  // that are left when the environment ends never run.
  void Post(Task* task);
  // JS thread. While something is held, the process stays alive.
  void Hold();
  void Release();

  napi_env env() const { return env_; }
  // The environment is ending: nothing may call into it, or wait for it, any more.
  bool closing() const { return closing_; }

 private:
  static void RunTask(napi_env env, napi_value callback, void* context, void* data);
  static void OnExit(void* loop);

  napi_env env_ = nullptr;
  napi_threadsafe_function function_ = nullptr;
  int holders_ = 0;
  std::mutex mutex_;  // between Post and the end of the environment
  std::atomic<bool> closing_ = false;
};

// Runs a blocking call on a thread of our own. Threads are made as they are needed, so that one
// stuck call delays neither the others nor, as on the runtime's own pool, everything else in the
// process.
void RunBlocking(void (*call)(void*), void* argument);

// Starts a thread with a stack that suits librdkafka's calls; returns an errno.
int StartThread(pthread_t* thread, void* (*main)(void*), void* argument);

}  // namespace napi_compat

#endif  // NAPI_COMPAT_EVENT_LOOP_H_

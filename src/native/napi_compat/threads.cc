#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <mutex>

#include "napi_compat/event_loop.h"

namespace napi_compat {

namespace {

constexpr size_t kStackBytes = 1 << 20;
// Beyond that calls queue up.
constexpr int kMaxThreads = 128;

struct Call {
  void (*function)(void*);
  void* argument;
};

// Never freed: its threads run until the process ends.
class ThreadPool {
 public:
  static ThreadPool& Instance() {
    static auto* pool = new ThreadPool();
    return *pool;
  }

  void Run(Call call) {
    std::lock_guard<std::mutex> guard(mutex_);
    calls_.push_back(call);
    if (static_cast<int>(calls_.size()) > idle_ && threads_ < kMaxThreads) AddThread();
    arrived_.notify_one();
  }

 private:
  void AddThread() {
    pthread_t thread;
    if (StartThread(&thread, ThreadMain, this) != 0) return;
    pthread_detach(thread);
    threads_++;
  }

  static void* ThreadMain(void* pool) {
    static_cast<ThreadPool*>(pool)->Work();
    return nullptr;
  }

  [[noreturn]] void Work() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      while (calls_.empty()) {
        idle_++;
        arrived_.wait(lock);
        idle_--;
      }
      const Call call = calls_.front();
      calls_.pop_front();
      lock.unlock();
      call.function(call.argument);
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Call> calls_;
  int idle_ = 0;
  int threads_ = 0;
};

}  // namespace

void RunBlocking(void (*call)(void*), void* argument) {
  ThreadPool::Instance().Run({call, argument});
}

int StartThread(pthread_t* thread, void* (*main)(void*), void* argument) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  const int error = pthread_create(thread, &attributes, main, argument);
  pthread_attr_destroy(&attributes);
  return error;
}

}  // namespace napi_compat

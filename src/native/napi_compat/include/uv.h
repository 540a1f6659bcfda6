// The part of libuv that the package uses. Locks and threads are those of POSIX; an async handle is
// a task on the environment's event loop.
#ifndef NAPI_COMPAT_UV_H_
#define NAPI_COMPAT_UV_H_

#include <pthread.h>
#include <stdlib.h>

#include <memory>

#include "napi_compat/event_loop.h"

typedef pthread_mutex_t uv_mutex_t;
typedef pthread_rwlock_t uv_rwlock_t;
typedef pthread_t uv_thread_t;
typedef napi_compat::EventLoop uv_loop_t;

struct uv_handle_t {
  void* data;
};
struct uv_async_t;
typedef void (*uv_async_cb)(uv_async_t*);
typedef void (*uv_close_cb)(uv_handle_t*);
typedef void (*uv_thread_cb)(void*);

namespace napi_compat {
struct AsyncState;
}  // namespace napi_compat

struct uv_async_t : uv_handle_t {
  std::shared_ptr<napi_compat::AsyncState> state;
};

inline uv_loop_t* uv_default_loop() { return napi_compat::thread_state.loop; }
int uv_async_init(uv_loop_t* loop, uv_async_t* async, uv_async_cb callback);
int uv_async_send(uv_async_t* async);
void uv_close(uv_handle_t* handle, uv_close_cb callback);

namespace napi_compat {
// As libuv does: a lock that fails is a bug, and going on without it would be worse.
inline void MustSucceed(int error) {
  if (error != 0) abort();
}
}  // namespace napi_compat

inline int uv_mutex_init(uv_mutex_t* mutex) { return -pthread_mutex_init(mutex, nullptr); }
inline void uv_mutex_destroy(uv_mutex_t* mutex) {
  napi_compat::MustSucceed(pthread_mutex_destroy(mutex));
}
inline void uv_mutex_lock(uv_mutex_t* mutex) {
  napi_compat::MustSucceed(pthread_mutex_lock(mutex));
}
inline void uv_mutex_unlock(uv_mutex_t* mutex) {
  napi_compat::MustSucceed(pthread_mutex_unlock(mutex));
}

inline int uv_rwlock_init(uv_rwlock_t* lock) { return -pthread_rwlock_init(lock, nullptr); }
inline void uv_rwlock_destroy(uv_rwlock_t* lock) {
  napi_compat::MustSucceed(pthread_rwlock_destroy(lock));
}
inline void uv_rwlock_rdlock(uv_rwlock_t* lock) {
  napi_compat::MustSucceed(pthread_rwlock_rdlock(lock));
}
inline int uv_rwlock_tryrdlock(uv_rwlock_t* lock) { return -pthread_rwlock_tryrdlock(lock); }
inline void uv_rwlock_rdunlock(uv_rwlock_t* lock) {
  napi_compat::MustSucceed(pthread_rwlock_unlock(lock));
}
inline void uv_rwlock_wrlock(uv_rwlock_t* lock) {
  napi_compat::MustSucceed(pthread_rwlock_wrlock(lock));
}
inline void uv_rwlock_wrunlock(uv_rwlock_t* lock) {
  napi_compat::MustSucceed(pthread_rwlock_unlock(lock));
}

int uv_thread_create(uv_thread_t* thread, uv_thread_cb entry, void* argument);
inline int uv_thread_join(uv_thread_t* thread) { return -pthread_join(*thread, nullptr); }

#endif  // NAPI_COMPAT_UV_H_

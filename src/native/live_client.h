// A client of the package that is connected, for as long as this lives.
#ifndef TASKC_LIVE_CLIENT_H_
#define TASKC_LIVE_CLIENT_H_

#include "src/connection.h"

namespace taskc {

// Keeps the client from being destroyed by its disconnect, which runs on a thread of the pool, for
// as long as this lives. Never waits: while a disconnect is running there is no client.
class LiveClient {
 public:
  explicit LiveClient(NodeKafka::Connection* client) : lock_(&(client->*Access::Lock())) {
    locked_ = uv_rwlock_tryrdlock(lock_) == 0;
    alive_ = locked_ && client->IsConnected();
  }
  ~LiveClient() {
    if (locked_) uv_rwlock_rdunlock(lock_);
  }
  LiveClient(const LiveClient&) = delete;
  LiveClient& operator=(const LiveClient&) = delete;

  explicit operator bool() const { return alive_; }

 private:
  // The lock is for derived classes only.
  struct Access : NodeKafka::Connection {
    static uv_rwlock_t Connection::*Lock() { return &Access::m_connection_lock; }
  };

  uv_rwlock_t* lock_;
  bool locked_;
  bool alive_;
};

}  // namespace taskc

#endif  // TASKC_LIVE_CLIENT_H_

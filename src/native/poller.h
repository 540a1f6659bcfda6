// One consumer's messages, taken without waiting from one librdkafka queue per assigned partition.
//
// Each partition opened here has a queue of its own instead of the consumer's common one, so that a
// partition whose lane has no room is left alone, prefetch and all, while the others flow. The main
// queue carries what belongs to no partition: rebalances, commit answers, statistics, group errors.
//
// Ready queues. librdkafka calls back, on a thread of its own and with the queue's lock held, when
// a queue turns from empty to non-empty, and not again before it was emptied. So a queue that may
// hold something is listed in exactly one place: in `arrived_`, written by those threads, or in its
// lane's `ready`, which only the JS thread touches. `PartitionQueue::listed` says whether it is in
// either. It is cleared before the queue is polled: what arrives from then on lists it again.
//
// Lock order: librdkafka's queue lock, then `mutex_`. So nothing of librdkafka is called under
// `mutex_`.
//
// Everything but the two callbacks runs on the JS thread.
#ifndef TASKC_POLLER_H_
#define TASKC_POLLER_H_

#include <stddef.h>
#include <stdint.h>

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "fetch_wait.h"
#include "message_headers.h"
#include "rdkafka.h"

namespace taskc {

class Poller;

struct PartitionQueue {
  Poller* poller;
  rd_kafka_queue_t* queue;
  int32_t id;
  int32_t lane;
  std::pair<std::string, int32_t> partition;
  // Bytes that a message of this queue is expected to have: a running average that follows growth
  // at once and shrinks slowly, since too low a guess breaks the byte limit and too high a one does
  // not.
  double message_size = 4096;
  bool blocked = false;
  bool told = false;  // a message or the partition's end was taken
  std::atomic<bool> listed = false;
};

// What one poll took. Whoever polled owns the messages; the headers point into them.
struct Taken {
  size_t count = 0;
  std::vector<rd_kafka_message_t*> messages;
  std::vector<int32_t> queues;         // of each message; -1: the main queue
  std::vector<int32_t> header_counts;  // of each message; none for an error
  std::vector<Header> headers;         // of all messages, one after another
  bool more = false;                   // the same call again would take something
};

struct PollLimits {
  size_t max;        // messages of partitions; entries of the main queue come on top
  size_t per_queue;  // messages of one queue before the next one's turn, at least 1; fewer when all
                     // that have some could not have as many
  double max_bytes;  // of keys, values and headers; exceeded by one chunk at most
  int32_t* room;     // messages that each lane may still hand out, reduced by what is taken;
                     // has lanes_needed() entries at least
};

class Poller {
 public:
  // `wake` is called on librdkafka's threads, at most once until the next Poll.
  Poller(rd_kafka_t* client, void (*wake)(void*), void* wake_argument);
  // Only after Detach.
  ~Poller() = default;
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // Before the partition is assigned: a queue that is forwarded to the consumer's queue already
  // cannot be taken back without a race. Opening a partition again ends its earlier queue.
  int32_t Open(const char* topic, int32_t partition, int32_t lane);
  void Poll(const PollLimits& limits, Taken* taken);
  void Block(int32_t id, bool blocked);
  // After the partition is unassigned. `discard` frees what is left in the queue, which is outdated
  // by then; it needs a client that is still alive.
  void Close(int32_t id, bool discard);
  // Closes all queues without polling them, which would move the position over messages that nobody
  // saw. Safe even when the client is gone: the references held here keep the queues alive.
  void Detach();

  // Entries waiting in all open partition queues.
  size_t Queued() const;
  size_t lanes_needed() const { return lanes_.size(); }

 private:
  struct Lane {
    std::deque<PartitionQueue*> ready;
  };

  static void OnMainArrival(rd_kafka_t* client, void* poller);
  static void OnPartitionArrival(rd_kafka_t* client, void* queue);
  void NoteTold(PartitionQueue* queue);
  void List(PartitionQueue* queue);
  void Wake();
  double TakeTurn(Lane* lane, size_t limit, double max_bytes, Taken* taken);
  void ListArrived();
  size_t ReadyQueues(const PollLimits& limits) const;
  void Drop(PartitionQueue* queue, bool discard);
  PartitionQueue* Find(int32_t id) const;

  rd_kafka_t* const client_;
  void (*const wake_)(void*);
  void* const wake_argument_;
  rd_kafka_queue_t* const main_queue_;

  FetchWait fetch_wait_;

  std::mutex mutex_;
  std::vector<PartitionQueue*> arrived_;  // under mutex_
  std::atomic<bool> woken_ = false;

  // JS thread only.
  std::vector<Lane> lanes_;
  std::vector<std::unique_ptr<PartitionQueue>> queues_;  // by id; ids are never used twice
  std::map<std::pair<std::string, int32_t>, PartitionQueue*> open_;
  std::vector<PartitionQueue*> arriving_;  // scratch of Poll
  size_t next_lane_ = 0;
  size_t untold_ = 0;  // open queues of which nothing was taken
  bool left_some_ = false;  // a queue that the poll took from may have more
};

}  // namespace taskc

#endif  // TASKC_POLLER_H_

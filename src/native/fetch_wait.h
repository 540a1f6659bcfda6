// How long the broker may hold back the answer to a fetch that has nothing yet (fetch.wait.max.ms).
//
// librdkafka has one fetch under way per broker, and leaves out of it the partitions whose queues are
// full. Sent for the others alone, which may be at their end, it comes back after the whole wait, and
// meanwhile the full ones run dry: a topic with all its messages in one of four partitions flowed at a
// fifth of its rate. So the wait is short while polls leave messages behind; otherwise it is as
// configured: nothing is full then, or nothing of it is taken, and a short wait would be nothing but
// requests.
//
// It is short as well while partitions are new: the first of them to be ready is fetched alone, and the
// others, which have messages perhaps, are ready a moment later.
#ifndef TASKC_FETCH_WAIT_H_
#define TASKC_FETCH_WAIT_H_

#include <stddef.h>

#include <chrono>

#include "rdkafka.h"

namespace taskc {

class FetchWait {
 public:
  explicit FetchWait(rd_kafka_t* client);

  // A partition is about to be assigned.
  void NoteOpened();
  // After each poll: whether a partition that it took from has more, and how many partitions have
  // given neither a message nor their end yet.
  void Note(bool left_some, size_t untold);

 private:
  void Set(int ms);

  rd_kafka_t* const client_;
  int configured_ms_;
  int set_ms_;
  int polls_without_ = 0;  // on end
  std::chrono::steady_clock::time_point starting_until_;
};

}  // namespace taskc

#endif  // TASKC_FETCH_WAIT_H_

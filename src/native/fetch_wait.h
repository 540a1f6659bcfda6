// How long the broker may hold back the answer to a fetch that has nothing yet (fetch.wait.max.ms).
//
// librdkafka has one fetch under way per broker, and leaves out of it the partitions whose queues are
// full. Sent for the others alone, which may be at their end, it comes back after the whole wait, and
// meanwhile the full ones run dry: a topic with all its messages in one of four partitions flowed at a
// fifth of its rate. So the wait is short while polls leave messages behind; otherwise it is as
// configured: nothing is full then, or nothing of it is taken, and a short wait would be nothing but
// requests.
#ifndef TASKC_FETCH_WAIT_H_
#define TASKC_FETCH_WAIT_H_

#include "rdkafka.h"

namespace taskc {

class FetchWait {
 public:
  explicit FetchWait(rd_kafka_t* client);

  // After each poll: whether a partition that it took from has more.
  void Note(bool left_some);

 private:
  void Set(int ms);

  rd_kafka_t* const client_;
  int configured_ms_;
  int set_ms_;
  int polls_without_ = 0;  // on end
};

}  // namespace taskc

#endif  // TASKC_FETCH_WAIT_H_

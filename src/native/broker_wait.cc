// Keeps librdkafka's broker threads from turning in circles at full speed.
//
// An idempotent producer has one request of a partition under way. When the next batch of that partition
// is ready before the answer has come, the time for which the broker's thread may sleep lies in the past,
// and it asks its socket again and again, without a pause, until the answer is there: as much time on a core
// as sending takes. So after some rounds that brought nothing it sleeps for a millisecond, in poll(), which
// an answer, or whatever is put into the thread's queue, ends at once.
//
// The function is internal to librdkafka and wrapped at link time (see the Makefile): it serves what the
// socket has, waiting for at most so long, and returns 0 when nothing was there.

struct rd_kafka_transport_s;
struct rd_kafka_q_s;

extern "C" {
int __real_rd_kafka_transport_io_serve(rd_kafka_transport_s* transport, rd_kafka_q_s* queue,
                                       int timeout_ms);
int __wrap_rd_kafka_transport_io_serve(rd_kafka_transport_s* transport, rd_kafka_q_s* queue,
                                       int timeout_ms);
}

namespace {

constexpr int kRoundsWithout = 3;
constexpr int kSleepMs = 1;

// Each broker has a thread of its own.
thread_local int rounds_without = 0;

}  // namespace

int __wrap_rd_kafka_transport_io_serve(rd_kafka_transport_s* transport, rd_kafka_q_s* queue,
                                       int timeout_ms) {
  const bool circling = timeout_ms == 0 && rounds_without >= kRoundsWithout;
  const int served =
      __real_rd_kafka_transport_io_serve(transport, queue, circling ? kSleepMs : timeout_ms);
  if (served != 0 || timeout_ms != 0) {
    rounds_without = 0;
  } else if (!circling) {
    rounds_without++;
  }
  return served;
}

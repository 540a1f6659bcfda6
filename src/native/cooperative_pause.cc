// Keeps the partitions that a member keeps flowing while a cooperative rebalance waits for its
// answer.
//
// librdkafka pauses all assigned partitions from before the application hears of the rebalance
// until it has answered, "to make sure the application will not receive any more messages that
// might block it from serving the rebalance callback". The pause also throws away what they have
// prefetched. Here a poll cannot block, and the application stops polling the revoked partitions
// itself, so the pause does nothing but harm: a revoke that drains its tasks for five seconds would
// stop every partition for as long and fetch all prefetched messages again.
//
// Both functions are internal to librdkafka and wrapped at link time (see the Makefile). A resume
// whose pause was left out must be left out too: it raises the partition's version, after which
// fetching starts again from an old position.
#include <string.h>

#include <mutex>
#include <set>

struct rd_kafka_s;

extern "C" {
void __real_rd_kafka_assignment_pause(rd_kafka_s* client, const char* reason);
void __real_rd_kafka_assignment_resume(rd_kafka_s* client, const char* reason);
void __wrap_rd_kafka_assignment_pause(rd_kafka_s* client, const char* reason);
void __wrap_rd_kafka_assignment_resume(rd_kafka_s* client, const char* reason);
}

namespace {

// Clients that are paused for another reason, an eager rebalance. Never freed: librdkafka's threads
// may still run while the process exits.
struct PausedClients {
  std::mutex mutex;
  std::set<rd_kafka_s*> clients;
};

PausedClients& Paused() {
  static PausedClients* paused = new PausedClients();
  return *paused;
}

}  // namespace

void __wrap_rd_kafka_assignment_pause(rd_kafka_s* client, const char* reason) {
  if (strcmp(reason, "incremental rebalance") == 0) return;
  {
    PausedClients& paused = Paused();
    std::lock_guard<std::mutex> guard(paused.mutex);
    paused.clients.insert(client);
  }
  __real_rd_kafka_assignment_pause(client, reason);
}

void __wrap_rd_kafka_assignment_resume(rd_kafka_s* client, const char* reason) {
  {
    PausedClients& paused = Paused();
    std::lock_guard<std::mutex> guard(paused.mutex);
    if (paused.clients.erase(client) == 0) return;
  }
  __real_rd_kafka_assignment_resume(client, reason);
}

#include "fetch_wait.h"

#include <stdlib.h>

#include <algorithm>
#include <string>

namespace taskc {

namespace {

constexpr const char* kProperty = "fetch.wait.max.ms";
constexpr int kFlowingMs = 10;
// A poll without room takes nothing either, nor does one between two answers.
constexpr int kPollsWithout = 10;
// One whose leader is away tells nothing for as long as that lasts.
constexpr std::chrono::seconds kStartingAtMost(5);

}  // namespace

FetchWait::FetchWait(rd_kafka_t* client) : client_(client) {
  char value[16] = "0";
  size_t size = sizeof value;
  rd_kafka_conf_get(rd_kafka_conf(client), kProperty, value, &size);
  configured_ms_ = set_ms_ = atoi(value);
}

void FetchWait::NoteOpened() {
  starting_until_ = std::chrono::steady_clock::now() + kStartingAtMost;
  polls_without_ = kPollsWithout - 1;
  Set(std::min(kFlowingMs, configured_ms_));
}

void FetchWait::Note(bool left_some, size_t untold) {
  if (left_some) {
    polls_without_ = 0;
    Set(std::min(kFlowingMs, configured_ms_));
  } else if (untold > 0 && std::chrono::steady_clock::now() < starting_until_) {
    return;
  } else if (polls_without_ < kPollsWithout && ++polls_without_ == kPollsWithout) {
    Set(configured_ms_);
  }
}

// librdkafka has no call for it, but reads the setting of the running client anew for each fetch: one
// aligned int, which its broker threads may see a fetch late.
void FetchWait::Set(int ms) {
  if (ms == set_ms_) return;
  set_ms_ = ms;
  auto* settings = const_cast<rd_kafka_conf_t*>(rd_kafka_conf(client_));
  rd_kafka_conf_set(settings, kProperty, std::to_string(ms).c_str(), nullptr, 0);
}

}  // namespace taskc

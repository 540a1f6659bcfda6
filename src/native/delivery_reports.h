// Delivery reports of messages that were produced in batches. librdkafka calls one function for each
// report; those of ours are gathered here, all others go to the package's.
#ifndef TASKC_DELIVERY_REPORTS_H_
#define TASKC_DELIVERY_REPORTS_H_

#include <stdint.h>

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

struct rd_kafka_s;

namespace taskc {

struct DeliveryReport {
  int64_t sequence;
  int64_t offset;
  int32_t partition;
  int32_t error;  // librdkafka's code
};

// The opaque of a message, which tells it from the package's: those are addresses, and so even.
void* ToOpaque(int64_t sequence);

class ReportInbox {
 public:
  // `wake` is called on any thread, when the first report comes after a Take(); with the lock held.
  explicit ReportInbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  void Add(const DeliveryReport& report);
  // Exchanges the reports for `reports`, which is emptied.
  void Take(std::vector<DeliveryReport>* reports);
  // No wake-up comes after it.
  void Close();

 private:
  std::mutex mutex_;
  std::function<void()> wake_;
  std::vector<DeliveryReport> reports_;
  bool open_ = true;
};

// Reports of a client's messages with an opaque of ToOpaque() go to its inbox from now on.
void DirectReports(rd_kafka_s* client, std::shared_ptr<ReportInbox> inbox);
// They are dropped from now on.
void DropReports(rd_kafka_s* client, const ReportInbox* inbox);

}  // namespace taskc

#endif  // TASKC_DELIVERY_REPORTS_H_

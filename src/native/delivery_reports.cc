#include "delivery_reports.h"

#include <rdkafka.h>

#include <atomic>
#include <map>
#include <utility>

namespace taskc {

namespace {

using ReportCallback = void (*)(rd_kafka_t*, const rd_kafka_message_t*, void*);

// Never freed: librdkafka's threads may still run while the process exits.
struct Inboxes {
  std::mutex mutex;
  std::map<rd_kafka_t*, std::shared_ptr<ReportInbox>> by_client;
  // librdkafka's C++ has one for all clients.
  std::atomic<ReportCallback> others = nullptr;
};

Inboxes& All() {
  static Inboxes* inboxes = new Inboxes();
  return *inboxes;
}

std::shared_ptr<ReportInbox> InboxOf(rd_kafka_t* client) {
  Inboxes& inboxes = All();
  std::lock_guard<std::mutex> guard(inboxes.mutex);
  const auto found = inboxes.by_client.find(client);
  return found == inboxes.by_client.end() ? nullptr : found->second;
}

// On the thread that polls the client.
void OnReport(rd_kafka_t* client, const rd_kafka_message_t* message, void* opaque) {
  const auto tagged = reinterpret_cast<intptr_t>(message->_private);
  if ((tagged & 1) == 0) {
    const ReportCallback others = All().others;
    return others(client, message, opaque);
  }
  if (const std::shared_ptr<ReportInbox> inbox = InboxOf(client)) {
    inbox->Add({tagged >> 1, message->offset, message->partition, message->err});
  }
}

}  // namespace

void* ToOpaque(int64_t sequence) { return reinterpret_cast<void*>((sequence << 1) | 1); }

void ReportInbox::Add(const DeliveryReport& report) {
  std::lock_guard<std::mutex> guard(mutex_);
  reports_.push_back(report);
  if (open_ && reports_.size() == 1) wake_();
}

void ReportInbox::Take(std::vector<DeliveryReport>* reports) {
  reports->clear();
  std::lock_guard<std::mutex> guard(mutex_);
  reports_.swap(*reports);
}

void ReportInbox::Close() {
  std::lock_guard<std::mutex> guard(mutex_);
  open_ = false;
}

void DirectReports(rd_kafka_t* client, std::shared_ptr<ReportInbox> inbox) {
  Inboxes& inboxes = All();
  std::lock_guard<std::mutex> guard(inboxes.mutex);
  inboxes.by_client[client] = std::move(inbox);
}

void DropReports(rd_kafka_t* client, const ReportInbox* inbox) {
  Inboxes& inboxes = All();
  std::lock_guard<std::mutex> guard(inboxes.mutex);
  // The address may belong to another client by now.
  const auto found = inboxes.by_client.find(client);
  if (found != inboxes.by_client.end() && found->second.get() == inbox) {
    inboxes.by_client.erase(found);
  }
}

}  // namespace taskc

extern "C" {
void __real_rd_kafka_conf_set_dr_msg_cb(rd_kafka_conf_t* conf, taskc::ReportCallback callback);
void __wrap_rd_kafka_conf_set_dr_msg_cb(rd_kafka_conf_t* conf, taskc::ReportCallback callback);
}

// Called for each producer that is made; wrapped at link time (see the Makefile).
void __wrap_rd_kafka_conf_set_dr_msg_cb(rd_kafka_conf_t* conf, taskc::ReportCallback callback) {
  taskc::All().others = callback;
  __real_rd_kafka_conf_set_dr_msg_cb(conf, taskc::OnReport);
}

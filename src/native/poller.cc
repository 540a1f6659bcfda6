#include "poller.h"

#include <algorithm>

namespace taskc {

namespace {

constexpr size_t kMainQueueMax = 64;
// Also bounds what a poll takes over its byte limit when messages are suddenly larger than before.
constexpr size_t kChunkMax = 128;

size_t Consume(rd_kafka_queue_t* queue, rd_kafka_message_t** messages, size_t max) {
  const ssize_t count = rd_kafka_consume_batch_queue(queue, 0, messages, max);
  return count > 0 ? static_cast<size_t>(count) : 0;
}

// Lists the headers of a message and returns the bytes of its key, value and headers.
size_t Measure(const rd_kafka_message_t* message, Taken* taken) {
  const size_t before = taken->headers.size();
  size_t size = 0;
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    size = message->key_len + message->len + AppendHeaders(message, &taken->headers);
  }
  taken->header_counts.push_back(static_cast<int32_t>(taken->headers.size() - before));
  return size;
}

// Takes up to `max` messages of a queue, returns how many and adds their bytes to `bytes`.
size_t Take(rd_kafka_queue_t* queue, int32_t id, size_t max, Taken* taken, double* bytes) {
  rd_kafka_message_t** messages = taken->messages.data() + taken->count;
  const size_t count = Consume(queue, messages, max);
  for (size_t i = 0; i < count; i++) {
    taken->queues.push_back(id);
    *bytes += static_cast<double>(Measure(messages[i], taken));
  }
  taken->count += count;
  return count;
}

}  // namespace

Poller::Poller(rd_kafka_t* client, void (*wake)(void*), void* wake_argument)
    : client_(client),
      wake_(wake),
      wake_argument_(wake_argument),
      main_queue_(rd_kafka_queue_get_consumer(client)),
      fetch_wait_(client) {
  // Takes the place of the package's own callback for queue_non_empty_cb.
  rd_kafka_queue_cb_event_enable(main_queue_, OnMainArrival, this);
  Wake();  // no callback comes for what is there already
}

void Poller::OnMainArrival(rd_kafka_t*, void* poller) { static_cast<Poller*>(poller)->Wake(); }

void Poller::OnPartitionArrival(rd_kafka_t*, void* queue) {
  auto* arrived = static_cast<PartitionQueue*>(queue);
  arrived->poller->List(arrived);
}

void Poller::NoteTold(PartitionQueue* queue) {
  if (queue->told) return;
  queue->told = true;
  untold_--;
}

void Poller::List(PartitionQueue* queue) {
  if (queue->listed.exchange(true)) return;
  {
    std::lock_guard<std::mutex> guard(mutex_);
    arrived_.push_back(queue);
  }
  Wake();
}

void Poller::Wake() {
  if (!woken_.exchange(true)) wake_(wake_argument_);
}

int32_t Poller::Open(const char* topic, int32_t partition, int32_t lane) {
  const std::pair<std::string, int32_t> key(topic, partition);
  // Both would share one librdkafka queue, which has room for one callback.
  if (auto earlier = open_.find(key); earlier != open_.end()) Drop(earlier->second, false);

  rd_kafka_queue_t* handle = rd_kafka_queue_get_partition(client_, topic, partition);
  const auto id = static_cast<int32_t>(queues_.size());
  queues_.emplace_back(new PartitionQueue{this, handle, id, lane, key});
  PartitionQueue* queue = queues_.back().get();
  open_[key] = queue;
  if (lanes_.size() <= static_cast<size_t>(lane)) lanes_.resize(lane + 1);

  untold_++;
  fetch_wait_.NoteOpened();
  // Sets a flag that lives as long as the partition: the start of fetching then does not forward
  // its queue to the consumer's.
  rd_kafka_queue_forward(handle, nullptr);
  rd_kafka_queue_cb_event_enable(handle, OnPartitionArrival, queue);
  List(queue);  // no callback comes for what is there already
  return id;
}

void Poller::Poll(const PollLimits& limits, Taken* taken) {
  // First of all: whatever arrives from here on wakes again.
  woken_.store(false);
  taken->messages.resize(limits.max + kMainQueueMax);
  taken->count = 0;
  taken->queues.clear();
  taken->header_counts.clear();
  taken->headers.clear();

  // Each time, so that rebalances and commit answers never wait behind messages.
  double bytes = 0;
  const bool main_full = Take(main_queue_, -1, kMainQueueMax, taken, &bytes) == kMainQueueMax;

  ListArrived();
  // Lane after lane, one queue each, round and round: a lane's share of a batch depends on how many
  // lanes there are, not on how many partitions each of them has.
  left_some_ = false;
  const size_t end = taken->count + limits.max;
  // Otherwise the last in a short batch would always be the same.
  const size_t share = limits.max / std::max<size_t>(1, ReadyQueues(limits));
  const size_t per_queue = std::clamp<size_t>(share, 1, limits.per_queue);
  size_t idle_lanes = 0;
  while (idle_lanes < lanes_.size() && taken->count < end && bytes < limits.max_bytes) {
    if (next_lane_ >= lanes_.size()) next_lane_ = 0;
    const size_t index = next_lane_++;
    Lane& lane = lanes_[index];
    if (lane.ready.empty() || limits.room[index] <= 0) {
      idle_lanes++;
      continue;
    }
    idle_lanes = 0;
    const size_t before = taken->count;
    const size_t room = static_cast<size_t>(limits.room[index]);
    const size_t limit = std::min({end - before, per_queue, room});
    bytes += TakeTurn(&lane, limit, limits.max_bytes - bytes, taken);
    limits.room[index] -= static_cast<int32_t>(taken->count - before);
  }
  taken->more = main_full || (limits.max > 0 && limits.max_bytes > 0 && ReadyQueues(limits) > 0);
  fetch_wait_.Note(left_some_, untold_);
}

void Poller::ListArrived() {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    arriving_.swap(arrived_);
  }
  for (PartitionQueue* queue : arriving_) {
    // Unblocking lists it again.
    if (queue->blocked) {
      queue->listed.store(false);
    } else {
      lanes_[queue->lane].ready.push_back(queue);
    }
  }
  arriving_.clear();
}

// Takes up to `limit` messages of the lane's first queue, in chunks that are expected to fit into
// `max_bytes`, and returns their bytes.
double Poller::TakeTurn(Lane* lane, size_t limit, double max_bytes, Taken* taken) {
  PartitionQueue* queue = lane->ready.front();
  lane->ready.pop_front();
  if (queue->blocked) {
    queue->listed.store(false);
    return 0;
  }
  const size_t end = taken->count + limit;
  double bytes = 0;
  while (taken->count < end && bytes < max_bytes) {
    const double fitting = std::max(1.0, (max_bytes - bytes) / std::max(1.0, queue->message_size));
    const size_t chunk = fitting < kChunkMax ? static_cast<size_t>(fitting) : kChunkMax;
    const size_t asked = std::min(end - taken->count, chunk);

    queue->listed.store(false);
    double taken_bytes = 0;
    const size_t count = Take(queue->queue, queue->id, asked, taken, &taken_bytes);
    bytes += taken_bytes;
    if (count > 0) {
      NoteTold(queue);
      const double average = taken_bytes / static_cast<double>(count);
      queue->message_size = std::max(average, queue->message_size * 0.875 + average * 0.125);
    }
    // Fewer than asked for: it was empty, so its next message calls back.
    if (count < asked) return bytes;
    // Something may be left. If it has been listed meanwhile, that listing stands.
    left_some_ = true;
    if (queue->listed.exchange(true)) return bytes;
  }
  lane->ready.push_back(queue);
  return bytes;
}

// In lanes that have room.
size_t Poller::ReadyQueues(const PollLimits& limits) const {
  size_t ready = 0;
  for (size_t i = 0; i < lanes_.size(); i++) {
    if (limits.room[i] > 0) ready += lanes_[i].ready.size();
  }
  return ready;
}

void Poller::Block(int32_t id, bool blocked) {
  PartitionQueue* queue = Find(id);
  if (queue == nullptr) return;
  queue->blocked = blocked;
  if (!blocked) List(queue);
}

void Poller::Close(int32_t id, bool discard) {
  if (PartitionQueue* queue = Find(id)) Drop(queue, discard);
}

void Poller::Drop(PartitionQueue* queue, bool discard) {
  // Takes the queue's lock: after it no callback runs any more.
  rd_kafka_queue_cb_event_enable(queue->queue, nullptr, nullptr);
  NoteTold(queue);
  {
    std::lock_guard<std::mutex> guard(mutex_);
    std::erase(arrived_, queue);
  }
  std::erase(lanes_[queue->lane].ready, queue);
  // Outdated messages are allocated until somebody polls them; none of them is handed out.
  rd_kafka_message_t* messages[kChunkMax];
  while (discard) {
    const size_t count = Consume(queue->queue, messages, kChunkMax);
    for (size_t i = 0; i < count; i++) rd_kafka_message_destroy(messages[i]);
    discard = count == kChunkMax;
  }
  rd_kafka_queue_destroy(queue->queue);
  open_.erase(queue->partition);
  queues_[queue->id].reset();
}

void Poller::Detach() {
  rd_kafka_queue_cb_event_enable(main_queue_, nullptr, nullptr);
  for (const auto& queue : queues_) {
    if (queue) Drop(queue.get(), false);
  }
  rd_kafka_queue_destroy(main_queue_);
}

size_t Poller::Queued() const {
  size_t queued = 0;
  for (const auto& [partition, queue] : open_) queued += rd_kafka_queue_length(queue->queue);
  return queued;
}

PartitionQueue* Poller::Find(int32_t id) const {
  return id >= 0 && static_cast<size_t>(id) < queues_.size() ? queues_[id].get() : nullptr;
}

}  // namespace taskc

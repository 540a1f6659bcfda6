// The JavaScript face of the poller (poller.h), the property `partitionPoll` of the addon's exports.
//
// attach(client, wake) → handle
//     client: `consumer.getClient()`, connected; a TypeError for anything else. wake() asks for a poll:
//     it is called once at first, then at most once between two polls. Takes over the package's
//     queue_non_empty_cb. A handle that is dropped is detached when it is collected.
// open(handle, topic, partition, lane) → queue
//     Before the partition is assigned. Queue numbers are never used again. -1 when detached or
//     disconnected.
// poll(handle, max, perQueue, maxBytes, laneRoom) → null | [count, more, bytes, columns, ascii]
//     Never waits. Takes up to 64 entries of the main queue, and on top of them up to `max` messages of
//     ready queues whose lane has room: `laneRoom[lane]` (an Int32Array) is how many it may still hand
//     out, and is reduced by what is taken. Lanes take turns, as do the queues of a lane, with up to
//     `perQueue` messages each. Stops at `maxBytes` of keys, values and headers, which it exceeds by
//     one chunk, of 128 messages at most.
//     more: the same call would take something, and no wake() will tell. None tells either when a lane
//     gets room again. The columns are described in columns.h.
// block(handle, queue, blocked)
//     A blocked queue is not polled and keeps what it has prefetched.
// close(handle, queue)
//     After the partition is unassigned. Frees what is left in the queue.
// queued(handle) → number
//     Messages waiting in all open queues, whatever their lane's room. librdkafka counts a few entries
//     of its own as well.
// detach(handle)
//     Before the client disconnects. Afterwards, and while the client disconnects, all of these do
//     nothing.
//
// Polling goes on by a timer too: wake-ups alone do not keep an idle member in its group.
#ifndef TASKC_PARTITION_POLL_H_
#define TASKC_PARTITION_POLL_H_

#include <node_api.h>

namespace taskc {

void ExportPartitionPoll(napi_env env, napi_value exports);

}  // namespace taskc

#endif  // TASKC_PARTITION_POLL_H_

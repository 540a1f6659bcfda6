/** A log that began anew while its partition was worked on: it was truncated, or its topic was recreated. */
import { decodeMetadata } from "../core/commit_metadata.ts";
import { resume, type Resumption } from "../core/resumption.ts";
import type { Consumer, Standing } from "../kafka/ports.ts";
import type { ArrivalBeginning } from "./arrival.ts";
import { Partition } from "./partition.ts";
import type { Runner } from "./runner.ts";

/**
 * What is in flight from `offset` on belongs to the old log, and what lies below goes on, in the partition that
 * is returned. The queue and the assignment stay.
 */
export function restartLog(
  partition: Partition,
  offset: number,
  { consumer, runner }: { consumer: Consumer; runner: Runner },
): Partition {
  partition.closed = true;
  // Whatever blocked it (how far ahead it was, the target of a drain) was about the old log.
  if (partition.blocked) consumer.block(partition.queue, false);
  const fresh = new Partition(partition.lane, partition.partition, partition.queue);
  // What goes on keeps its keys, and what still runs of the old log keeps them until it has settled.
  fresh.keyOrders = partition.keyOrders;
  for (const [below, execution] of partition.tracker.unfinishedBelow(offset)) {
    const position = fresh.tracker.receive(below);
    const failed = partition.commits.failedAttempts(below);
    if (failed > 0) fresh.commits.noteFailed(below, failed);
    if (!execution) continue;
    fresh.tracker.hold(position, execution);
    execution.moveTo(fresh, position);
  }
  fresh.commits.breakerOpen = runner.breakers.isOpen(fresh.lane.tasks);
  fresh.commits.givenUp = partition.commits.givenUp;
  runner.forgetLeaving();
  // Whatever ended earlier owners was in the old log.
  for (const execution of partition.caution?.held ?? []) {
    if (execution.partition === fresh) runner.take(execution);
  }
  void identify(fresh, consumer);
  return fresh;
}

/**
 * The same where no offset has told it, since the new log is longer than the old one was. Nothing of the old
 * log goes on, and the partition that is returned is to be opened like one that was just assigned.
 */
export function replaceLog(
  partition: Partition,
  { consumer, runner }: { consumer: Consumer; runner: Runner },
): Partition {
  const wasBlocked = partition.blocked;
  partition.closed = true;
  const fresh = new Partition(partition.lane, partition.partition, partition.queue);
  // What still runs of the old log keeps its keys until it has settled.
  fresh.keyOrders = partition.keyOrders;
  fresh.block("opening");
  if (!wasBlocked) consumer.block(fresh.queue, true);
  runner.forgetLeaving();
  return fresh;
}

/**
 * The topic's id is `id` now. True when it was made again since work on the partition began; one whose id was not
 * known has it from now on, so that its commits hold maps again.
 */
export function noteTopicId({ commits, leaving }: Partition, id: string | undefined): boolean {
  if (leaving || id === undefined) return false;
  commits.incarnation ??= id;
  return commits.incarnation !== id;
}

/** Where work on a log begins that has replaced another: at its start, unless it was begun before. */
function resumeInNewLog(standing: Standing): Resumption {
  const { committed, metadata, incarnation } = standing;
  const read = committed < 0 ? null : decodeMetadata(committed, metadata);
  if (read && !("problem" in read) && read.incarnation === incarnation) {
    // By this very process, which has not ended.
    const { takeovers } = read;
    return { ...resume(standing), takeovers, suspect: null, exclusive: false };
  }
  const begun = resume({ ...standing, committed: -1, metadata: "" });
  if (committed < 0) return begun;
  return { ...begun, reset: { from: committed, reason: "recreated", lost: 0 } };
}

/** How the partitions of `replaceLog` begin. */
export const NEW_LOG: ArrivalBeginning = { resume: resumeInNewLog, readBefore: true };

/** Asks for the id of the topic; without one its commits hold no map. */
async function identify(partition: Partition, consumer: Consumer): Promise<void> {
  try {
    const [standing] = await consumer.lookUp([partition]);
    if ("incarnation" in standing!) partition.commits.incarnation = standing.incarnation;
  } catch {
    // The map is a convenience: without it more runs again after a crash.
  }
}

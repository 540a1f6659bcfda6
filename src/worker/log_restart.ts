/** A log that began anew while its partition was worked on: it was truncated, or its topic was recreated. */
import type { Consumer } from "../kafka/ports.ts";
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

/** Asks for the id of the topic; without one its commits hold no map. */
async function identify(partition: Partition, consumer: Consumer): Promise<void> {
  try {
    const [standing] = await consumer.lookUp([partition]);
    if ("incarnation" in standing!) partition.commits.incarnation = standing.incarnation;
  } catch {
    // The map is a convenience: without it more runs again after a crash.
  }
}

/** From a polled batch to executions: tracks each offset, finds its task, hands it to the runner. */
import type { Batch } from "../kafka/batch.ts";
import type { Consumer } from "../kafka/ports.ts";
import { FINISHED_BEFORE, REWOUND } from "../core/offset_tracker.ts";
import { laneRoom, type WorkerLoad, workerRoom } from "../core/room.ts";
import type { Stats } from "../stats/events.ts";
import { type Lane, route } from "../task/registry.ts";
import type { Task } from "../task/task.ts";
import type { Assignments } from "./assignments.ts";
import type { CautiousStarts } from "./caution.ts";
import type { Clock } from "./clock.ts";
import type { Committer } from "./committer.ts";
import { Unroutable } from "./dead_letters.ts";
import { describeError } from "../core/describe_error.ts";
import { Execution } from "./execution.ts";
import type { Partition } from "./partition.ts";
import { InvalidPayload, readStructured } from "./payload.ts";
import type { Runner } from "./runner.ts";
import type { TaskState } from "./task_state.ts";

/** librdkafka's RD_KAFKA_RESP_ERR__PARTITION_EOF. */
const PARTITION_EOF = -191;

/** An earlier owner made all attempts, and could not write the dead letter that was to follow. */
export class AttemptsUsedUp extends Error {
  constructor() {
    super("its attempts failed in an earlier worker, which could not write its dead letter");
    this.name = "AttemptsUsedUp";
  }
}

/** Under an open breaker nothing is given up, and it is tried once more. */
function isUsedUp({ attempt, task }: Execution): boolean {
  return attempt >= task.task.settings.retry.attempts && !task.breakerOpen;
}

export interface DispatcherParts {
  consumer: Consumer;
  assignments: Assignments;
  committer: Committer;
  runner: Runner;
  cautious: CautiousStarts;
  lanes: readonly Lane[];
  tasks: ReadonlyMap<Task, TaskState>;
  stats: Stats;
  clock: Clock;
  unroutable: "dead" | "skip" | "stop";
  maxAhead: number;
  maxWaiting: number;
  maxHeldBytes: number;
  /** Called for each unroutable message under `stop`. */
  stop: (reason: string) => void;
}

export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #lanes: { lane: Lane; tasks: TaskState[] }[];
  /** Blocked for being too far ahead of their watermark. */
  readonly #ahead = new Set<Partition>();

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
    this.#lanes = parts.lanes.map((lane) => ({
      lane,
      tasks: lane.tasks.map((task) => parts.tasks.get(task)!),
    }));
  }

  /** Tells each topic's room to the consumer, and returns that of the whole worker. */
  room(): { messages: number; bytes: number } {
    const { cautious, committer, consumer, runner, maxHeldBytes, maxWaiting } = this.#parts;
    this.#unblockCaughtUp();
    const heldBytes = runner.heldBytes + cautious.heldBytes;
    const load: WorkerLoad = {
      limit: runner.slots.limit,
      inFlight: runner.slots.inFlight,
      due: runner.due,
      waiting: runner.waiting,
      maxWaiting,
      heldBytes,
      maxHeldBytes,
    };
    const closed = runner.stopped || committer.holding || runner.exclusive !== null;
    for (const { lane, tasks } of this.#lanes) {
      consumer.setLaneRoom(lane.id, closed ? 0 : laneRoom(tasks, load));
    }
    return {
      messages: closed ? 0 : workerRoom(load),
      bytes: Math.max(1, maxHeldBytes - heldBytes),
    };
  }

  /** One phase of the loop. Returns how many entries there were. */
  dispatch(batch: Batch | null): number {
    const { cautious, clock, committer, runner } = this.#parts;
    const now = clock.now();
    runner.beginPhase(now);
    const started = committer.holding ? 0 : cautious.start(now);
    return started + (batch ? this.#dispatchBatch(batch, now) : 0);
  }

  #dispatchBatch(batch: Batch, now: number): number {
    batch.receivedAt = now;
    let received = 0;
    for (let index = 0; index < batch.count; index++) {
      if (batch.error(index) !== 0) this.#noteError(batch, index);
      else if (this.#receive(batch, index)) received++;
    }
    this.#parts.stats.received(received);
    return batch.count;
  }

  #receive(batch: Batch, index: number): boolean {
    const { assignments, cautious, runner } = this.#parts;
    let partition = assignments.byQueue(batch.queue(index));
    // Its queue was closed in this very turn: whoever owns the partition next gets the message.
    if (!partition) return false;
    const offset = batch.offset(index);
    const expected = partition.tracker.position;
    if (offset > expected && expected >= 0) this.#noteGap(partition, expected, offset);
    const epoch = batch.leaderEpoch(index);
    if (epoch > partition.commits.epoch) partition.enterEpoch(epoch, offset);
    let position = partition.tracker.receive(offset);
    if (position === REWOUND) {
      this.#noteRewind(partition, expected, offset);
      partition = assignments.restart(partition, offset);
      partition.commits.epoch = epoch;
      position = partition.tracker.receive(offset);
    }
    if (position === FINISHED_BEFORE) return true;
    const { lane } = partition;
    let target: Task | string;
    try {
      const type = readStructured(batch, index)?.type ?? null;
      target = route(lane, batch, index, type);
    } catch (error) {
      target = describeError(error).message;
      if (error instanceof InvalidPayload && lane.tasks.length === 1) target = lane.tasks[0]!;
    }
    if (typeof target === "string") {
      this.#unroutable(partition, position, batch, index, target);
    } else {
      const task = this.#parts.tasks.get(target)!;
      const execution = new Execution(task, partition, position, batch, index);
      if (isUsedUp(execution)) runner.condemn(execution, new AttemptsUsedUp());
      else if (!cautious.take(execution)) runner.take(execution);
      // Most have succeeded by now.
      if (execution.state !== "finished") partition.tracker.hold(position, execution);
    }
    this.#blockIfTooFarAhead(partition);
    return true;
  }

  #unroutable(
    partition: Partition,
    position: number,
    batch: Batch,
    index: number,
    reason: string,
  ): void {
    const { runner, stats, stop, tasks, unroutable } = this.#parts;
    switch (unroutable) {
      case "dead": {
        // It has no task of its own; the first of its topic only lends it a place.
        const task = tasks.get(partition.lane.tasks[0]!)!;
        const execution = new Execution(task, partition, position, batch, index);
        partition.tracker.hold(position, execution);
        runner.reject(execution, new Unroutable(`Unroutable: ${reason}`));
        break;
      }
      case "skip":
        partition.tracker.finish(position);
        stats.skipped();
        stats.event({
          event: "skipped",
          topic: partition.topic,
          partition: partition.partition,
          offset: batch.offset(index),
          reason,
        });
        break;
      case "stop":
        // The offset stays unfinished, so that the message is there after a new deployment.
        stop(
          `Cannot route message ${partition.topic}/${partition.partition}/${
            batch.offset(index)
          }: ${reason}`,
        );
        break;
      default:
        unroutable satisfies never;
    }
  }

  #noteError(batch: Batch, index: number): void {
    const code = batch.error(index);
    if (code === PARTITION_EOF) {
      this.#reachEnd(this.#parts.assignments.byQueue(batch.queue(index)), batch.offset(index));
      return;
    }
    // Those of the main queue are the consumer's to tell.
    if (batch.queue(index) < 0) return;
    const topic = batch.errorTopic(index);
    const text = batch.errorText(index);
    this.#parts.stats.event({
      event: "kafka-error",
      code,
      reason: topic === "" ? text : `${text} (topic "${topic}")`,
    });
  }

  #reachEnd(partition: Partition | undefined, end: number): void {
    partition?.tracker.reachEnd(end);
    // Nothing is there that could have ended earlier owners.
    if (partition?.tracker.unfinished === 0) partition.commits.forgetTakeovers();
  }

  /** Gaps are usual; one that reaches below the log's start is not: messages were deleted unseen. */
  #noteGap({ topic, partition }: Partition, expected: number, offset: number): void {
    const start = this.#parts.consumer.logStart(topic, partition);
    if (start <= expected) return;
    this.#parts.stats.event({
      event: "offset-reset",
      topic,
      partition,
      from: expected,
      to: offset,
      lost: Math.min(start, offset) - expected,
      reason: "deleted",
    });
  }

  #noteRewind({ topic, partition }: Partition, expected: number, offset: number): void {
    this.#parts.stats.event({
      event: "offset-reset",
      topic,
      partition,
      from: expected,
      to: offset,
      lost: 0,
      reason: "restarted",
    });
  }

  #blockIfTooFarAhead(partition: Partition): void {
    if (partition.tracker.ahead < this.#parts.maxAhead) return;
    this.#ahead.add(partition);
    if (partition.block("too far ahead")) this.#parts.consumer.block(partition.queue, true);
  }

  #unblockCaughtUp(): void {
    for (const partition of this.#ahead) {
      if (!partition.closed && partition.tracker.ahead >= this.#parts.maxAhead) continue;
      this.#ahead.delete(partition);
      if (partition.closed) continue;
      if (partition.unblock("too far ahead")) this.#parts.consumer.block(partition.queue, false);
    }
  }
}

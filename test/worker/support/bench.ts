import assert from "node:assert/strict";
import type { ExitCode } from "../../../src/errors.ts";
import type { TopicPartition } from "../../../src/kafka/ports.ts";
import { readModule } from "../../../src/task/load.ts";
import type { Drain } from "../../../src/worker/drain.ts";
import { Pulse, pulseCells } from "../../../src/worker/pulse.ts";
import { Worker } from "../../../src/worker/worker.ts";
import type { WorkerOptions } from "../../../src/worker/worker_parts.ts";
import { FakeClock } from "./fake_clock.ts";
import { FakeConsumer } from "./fake_consumer.ts";
import { FakeProducer } from "./fake_producer.ts";
import { RecordingStats } from "./recording_stats.ts";

export const GROUP = "g";

const OPTIONS: WorkerOptions = {
  group: GROUP,
  concurrency: 1000,
  maxBytes: 1 << 20,
  maxAhead: 1_000_000,
  maxWaiting: 10_000,
  // Long enough to be noticed: each turn of a test is one that it asked for, or that something woke.
  idleSleepMs: 60_000,
  commitIntervalMs: 1000,
  maxMetadata: 4095,
  graceMs: 20_000,
  revokeDrainMs: 5000,
  unroutable: "dead",
  breaker: { run: 100, ratio: 0.5 },
  breakerExit: false,
  stallAfterMs: null,
  stallExitMs: null,
};

/** More turns than any test needs to get where it wants to. */
const MOST_TURNS = 1000;

/**
 * A worker on Kafka in memory, driven turn by turn. `exports` are those of a task module; each topic gets
 * the partitions that are assigned.
 */
export class Bench {
  readonly clock = new FakeClock();
  readonly consumer = new FakeConsumer();
  readonly producer = new FakeProducer();
  readonly stats = new RecordingStats();
  readonly pulse: Pulse;
  readonly worker: Worker;
  exitCode: ExitCode | null = null;
  #failure: unknown = null;
  readonly #ended: Promise<void>;

  constructor(
    exports: Record<string, unknown>,
    options: Partial<WorkerOptions> = {},
    drain: (consumer: FakeConsumer) => Drain | null = () => null,
  ) {
    const { clock, consumer, producer, stats } = this;
    const module = readModule("tasks.ts", exports);
    this.pulse = new Pulse(new Int32Array(pulseCells(module.tasks.length)));
    this.worker = new Worker(
      {
        module,
        consumer,
        producer,
        stats,
        clock,
        random: () => 0.5,
        pulse: this.pulse,
        drain: drain(consumer),
      },
      { ...OPTIONS, ...options },
    );
    this.#ended = Promise.resolve().then(() => this.worker.run()).then(
      (exitCode) => void (this.exitCode = exitCode),
      (error) => void (this.#failure = error),
    );
  }

  /** Turns of the loop; none when it has ended. */
  async turn(count = 1): Promise<void> {
    for (let i = 0; i < count && this.exitCode === null; i++) {
      await Promise.race([this.consumer.nextPoll(), this.#ended]);
      this.#rethrow();
    }
  }

  /** Turns until it is so. */
  async until(what: string, isSo: () => boolean): Promise<void> {
    for (let turns = 0; !isSo(); turns++) {
      assert.ok(turns < MOST_TURNS, `waited ${MOST_TURNS} turns for ${what}`);
      await this.turn();
    }
  }

  async advance(ms: number, turns = 2): Promise<void> {
    this.clock.advance(ms);
    await this.turn(turns);
  }

  /**
   * Assigns, up to the first poll. The commits by which an owner makes itself known are accepted and not
   * recorded, whatever the test has set for others.
   */
  async assign(...partitions: TopicPartition[]): Promise<void> {
    const { consumer } = this;
    const { commitAnswers, commits, refuseCommit } = consumer;
    const before = commits.length;
    consumer.change("assign", ...partitions);
    if (consumer.commitInFlight === null) {
      consumer.commitAnswers = "at once";
      consumer.refuseCommit = () => null;
    }
    // The change, the look-up, the first commit, its answer.
    await this.turn(4);
    if (consumer.commitAnswers === "at once") commits.length = before;
    consumer.commitAnswers = commitAnswers;
    consumer.refuseCommit = refuseCommit;
    await this.turn();
  }

  /** Waits for the end of the worker, which must come by itself. */
  async end(): Promise<ExitCode> {
    await this.until("the worker's end", () => this.exitCode !== null);
    return this.exitCode!;
  }

  #rethrow(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  /** Leaves, whatever still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#failure !== null) return;
    this.worker.stop("end of the test");
    this.worker.stop("end of the test");
    for (let turns = 0; this.exitCode === null; turns++) {
      assert.ok(turns < MOST_TURNS, "the worker does not leave");
      await this.advance(1000, 1);
    }
  }
}

/**
 * Whatever happens, in whatever order: no commit passes a message that is not done, and in the end every
 * message is done and committed.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { KafkaError } from "../../src/errors.ts";
import { Bench } from "./support/bench.ts";
import { headersOf } from "./support/fake_producer.ts";
import { manualTask, type Run } from "./support/manual_task.ts";

const PARTITIONS = [0, 1, 2].map((partition) => ({ topic: "work", partition }));
const MESSAGES = 12;

const deed = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("finish" as const), which: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("fail" as const), which: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("turn" as const), which: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("wait" as const), which: fc.nat(12) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("assign" as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("revoke" as const), which: fc.nat() }) },
  fc.record({ do: fc.constant("lose" as const), which: fc.nat() }),
  fc.record({ do: fc.constant("hold commits" as const), which: fc.nat() }),
  fc.record({ do: fc.constant("answer commit" as const), which: fc.nat() }),
  fc.record({ do: fc.constant("refuse commits" as const), which: fc.nat(2) }),
  fc.record({ do: fc.constant("refuse dead letters" as const), which: fc.nat(1) }),
);
type Deed = typeof deed extends fc.Arbitrary<infer T> ? T : never;

/** A worker, and what a careful observer beside it knows. */
class Scene {
  readonly work = manualTask({
    topic: "work",
    concurrency: 20,
    timeout: "8s",
    retry: { attempts: 2, min: "1s", max: "2s" },
  });
  readonly bench = new Bench({ work: this.work.task }, { maxAhead: 6, revokeDrainMs: 3000 });
  /** Messages that are done, as topic/partition/offset: their run succeeded, or they were buried. */
  readonly done = new Set<string>();
  readonly #ended = new Set<Run>();
  #buried = 0;
  /** Changes that the worker was told; librdkafka tells the next one when it was answered. */
  #changes = 0;

  constructor() {
    for (const { topic, partition } of PARTITIONS) {
      const messages = Array.from(
        { length: MESSAGES },
        (_, index) => index % 5 === 4 ? null : index,
      );
      this.bench.consumer.append(topic, partition, ...messages as number[]);
    }
  }

  get open(): Run[] {
    return this.work.runs.filter((run) => !this.#ended.has(run));
  }

  finish(run: Run): void {
    this.#ended.add(run);
    run.finish();
    // Too late, or told to stop before: then its success need not count, but it was a success.
    const { topic, partition, offset } = run.context;
    this.done.add(`${topic}/${partition}/${offset}`);
  }

  fail(run: Run): void {
    this.#ended.add(run);
    run.fail(new Error("no"));
  }

  change(kind: "assign" | "revoke" | "lost", partitions: { topic: string; partition: number }[]) {
    const { consumer } = this.bench;
    if (partitions.length === 0 || consumer.answers.length < this.#changes) return;
    this.#changes++;
    consumer.change(kind, ...partitions);
  }

  async perform({ do: what, which }: Deed): Promise<void> {
    const { consumer, producer } = this.bench;
    const owned = [...consumer.positions.keys()];
    const isOwned = ({ topic, partition }: { topic: string; partition: number }) =>
      owned.includes(`${topic}/${partition}`);
    const run = this.open[which % Math.max(1, this.open.length)];
    switch (what) {
      case "finish":
        if (run) this.finish(run);
        break;
      case "fail":
        if (run) this.fail(run);
        break;
      case "turn":
        await this.bench.turn(which + 1);
        break;
      case "wait":
        await this.bench.advance(which * 1000);
        break;
      case "assign":
        this.change("assign", PARTITIONS.filter((one) => !isOwned(one)).slice(which % 3));
        break;
      case "revoke":
        this.change("revoke", PARTITIONS.filter(isOwned).slice(which % 3));
        break;
      case "lose":
        this.change("lost", PARTITIONS.filter(isOwned));
        break;
      case "hold commits":
        consumer.commitAnswers = "on command";
        break;
      case "answer commit":
        if (consumer.commitInFlight) consumer.answerCommit();
        break;
      case "refuse commits":
        consumer.refuseCommit = ({ partition }) =>
          partition === which ? { code: 27, message: "no" } : null;
        break;
      case "refuse dead letters":
        producer.refuse = () => which === 1 ? new KafkaError("no") : null;
        break;
      default:
        what satisfies never;
    }
    this.check();
  }

  check(): void {
    const { consumer, producer, stats } = this.bench;
    // The dead letters that the worker saw acknowledged, of which the fake tells all that were sent.
    const buried = stats.of("dead").slice(this.#buried);
    this.#buried += buried.length;
    for (const { topic, partition, offset } of buried) {
      const origin = `${topic}/${partition}/${offset}`;
      const sent = producer.sent.some(({ message }) =>
        headersOf(message)["taskc-origin"] === origin
      );
      assert.ok(sent, `${origin} was never sent`);
      this.done.add(origin);
    }
    for (const [partition, committed] of consumer.committed) {
      for (let offset = 0; offset < committed; offset++) {
        if (offset % 5 === 4) continue;
        assert.ok(
          this.done.has(`${partition}/${offset}`),
          `${partition}/${offset} was passed over`,
        );
      }
    }
    const { slots: { inFlight }, due, waiting, heldBytes } = this.bench.worker.runner;
    assert.ok(inFlight >= 0 && inFlight <= 20 && due >= 0 && waiting >= 0 && heldBytes >= 0);
  }

  /** Peace: everything is answered, accepted, assigned and finished. */
  async settle(): Promise<void> {
    const { bench } = this;
    const { consumer, producer } = bench;
    consumer.refuseCommit = () => null;
    producer.refuse = () => null;
    consumer.commitAnswers = "at once";
    if (consumer.commitInFlight) consumer.answerCommit();
    await bench.until("everything to be committed", () => {
      for (const run of this.open) this.finish(run);
      bench.clock.advance(700);
      const owned = consumer.positions;
      this.change(
        "assign",
        PARTITIONS.filter(({ topic, partition }) => !owned.has(`${topic}/${partition}`)),
      );
      this.check();
      return PARTITIONS.every(({ partition }) =>
        consumer.committed.get(`work/${partition}`) === MESSAGES
      );
    });
    const { slots: { inFlight }, due, waiting, heldBytes, burials } = bench.worker.runner;
    assert.deepEqual([inFlight, due, waiting, heldBytes, burials.inFlight], [0, 0, 0, 0, 0]);
  }
}

describe("at least once", () => {
  test("under rebalances, losses, refusals, failures and time limits in any order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(deed, { maxLength: 80, size: "max" }), async (deeds) => {
        const scene = new Scene();
        await using _ = scene.bench;
        scene.change("assign", PARTITIONS);
        await scene.bench.turn(2);
        for (const deed of deeds) await scene.perform(deed);
        await scene.settle();
      }),
      { numRuns: 150 },
    );
  });
});

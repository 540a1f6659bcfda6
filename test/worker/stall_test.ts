/** A worker that does not get on says so, once, with what keeps it; and leaves when it is told to. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EXIT, KafkaError, StallError } from "../../src/errors.ts";
import { Drain } from "../../src/worker/drain.ts";
import { Bench } from "./support/bench.ts";
import { NO, opened } from "./support/breaking.ts";
import type { FakeConsumer } from "./support/fake_consumer.ts";
import { manualTask } from "./support/manual_task.ts";

const P0 = { topic: "work", partition: 0 };
const RETRY = { attempts: 2, min: "1h", max: "1h", jitter: "none" } as const;

async function running(options = {}, taskOptions = {}) {
  const work = manualTask({ topic: "work", timeout: "none", retry: RETRY, ...taskOptions });
  const bench = new Bench({ work: work.task }, {
    stallAfterMs: 60_000,
    idleSleepMs: 1,
    ...options,
  });
  bench.consumer.append("work", 0, 1, 2);
  await bench.assign(P0);
  return { bench, work };
}

/** So that it is seen that something moved, and from when. */
async function pass(bench: Bench, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1000) await bench.advance(1000);
}

describe("a worker with lag", () => {
  test("is stalled when nothing was finished for --stall-after, by the oldest message", async () => {
    const { bench, work } = await running();
    await using _ = bench;
    await pass(bench, 50_000);
    work.run(2).finish();
    await pass(bench, 59_000);
    assert.deepEqual(bench.stats.of("stalled"), [], "something moved meanwhile");
    await pass(bench, 30_000);
    const [told, ...more] = bench.stats.of("stalled");
    assert.deepEqual(more, []);
    const { ageMs, forMs, ...rest } = told!;
    assert.deepEqual(rest, {
      event: "stalled",
      cause: "task running",
      task: "work",
      ...P0,
      offset: 0,
      key: null,
      attempt: 1,
    });
    assert.ok(ageMs! >= 109_000 && forMs >= 60_000, `${ageMs} ${forMs}`);
    assert.equal(bench.worker.stall.stalled, told);

    work.run(1).finish();
    await pass(bench, 2000);
    assert.equal(bench.worker.stall.stalled, null);
    assert.equal(bench.stats.of("stall-ended").length, 1);
    await pass(bench, 200_000);
    assert.equal(bench.stats.of("stalled").length, 1, "without lag nothing stalls");
  });

  test("names a retry that it waits for", async () => {
    const { bench, work } = await running();
    await using _ = bench;
    work.run(1).fail(new Error("no"));
    work.run(2).finish();
    await pass(bench, 70_000);
    assert.equal(bench.stats.of("stalled")[0]?.cause, "waiting for a retry");
  });

  test("names dead letters that are refused", async () => {
    const { bench, work } = await running({}, { retry: { attempts: 1 } });
    await using _ = bench;
    bench.producer.refuse = () => new Error("not authorised");
    work.run(1).fail(new Error("no"));
    work.run(2).finish();
    await pass(bench, 70_000);
    assert.equal(bench.stats.of("stalled")[0]?.cause, "dead letters refused");
  });

  test("names a breaker that is open, whatever its probes do", async () => {
    const { bench, work } = await opened({ options: { stallAfterMs: 60_000, idleSleepMs: 1 } });
    await using _ = bench;
    for (const input of [3, 4]) work.run(input).fail(NO);
    for (let passed = 0; passed < 70_000; passed += 1000) {
      await bench.advance(1000);
      work.runs.at(-1)!.fail(NO);
    }
    const { cause, task } = bench.stats.of("stalled")[0]!;
    assert.deepEqual([cause, task], ["breaker open", "work"]);
  });

  test("names commits that are refused", async () => {
    const { bench, work } = await running();
    await using _ = bench;
    bench.consumer.refuseCommit = () => ({ code: 30, message: "no" });
    for (const input of [1, 2]) work.run(input).finish();
    await pass(bench, 70_000);
    const { cause, topic, partition, offset } = bench.stats.of("stalled")[0]!;
    assert.deepEqual({ cause, topic, partition, offset }, {
      cause: "commits refused",
      ...P0,
      offset: 2,
    });
  });

  test("names a partition whose work cannot begin, since nobody tells where", async () => {
    const options = { stallAfterMs: 60_000, stallExitMs: 90_000, idleSleepMs: 1 };
    const bench = new Bench({ work: manualTask({ topic: "work" }).task }, options);
    await using _ = bench;
    bench.consumer.untold.set("work/0", new KafkaError("Broker: Leader not available"));
    await bench.assign(P0, { topic: "work", partition: 1 });
    await pass(bench, 70_000);
    const { cause, task, topic, partition, offset } = bench.stats.of("stalled")[0]!;
    assert.deepEqual({ cause, task, topic, partition, offset }, {
      cause: "the group's offsets cannot be looked up",
      task: null,
      ...P0,
      offset: null,
    });
    await pass(bench, 30_000);
    assert.equal(await bench.end(), EXIT.stalled);
    assert.match(bench.worker.failure!.message, /offsets cannot be looked up work\/0$/);
  });

  test("names none whose work is past the target of a drain, or that is given back", async () => {
    const options = { stallAfterMs: 60_000, idleSleepMs: 1 };
    const open = (consumer: FakeConsumer) =>
      new Drain(
        [{ topic: "work", partition: 2, end: 1 }],
        () => Promise.resolve([]),
        consumer,
        Infinity,
      );
    for (const drain of [true, false]) {
      const work = manualTask({ topic: "work" });
      const bench = new Bench({ work: work.task }, options, drain ? open : () => null);
      await using _ = bench;
      bench.consumer.failLookUp = new KafkaError("Broker: Leader not available");
      await bench.assign(P0);
      if (!drain) bench.consumer.change("revoke", P0);
      await pass(bench, 70_000);
      assert.deepEqual(bench.stats.of("stalled"), []);
    }
  });

  test("leaves with exit code 6 after --stall-exit, and says why", async () => {
    const { bench } = await running({ stallAfterMs: null, stallExitMs: 90_000, graceMs: 0 });
    await using _ = bench;
    await pass(bench, 89_000);
    assert.equal(bench.exitCode, null);
    await pass(bench, 10_000);
    assert.equal(await bench.end(), EXIT.stalled);
    assert.equal(bench.stats.of("stalled").length, 1);
    assert.ok(bench.worker.failure instanceof StallError);
    assert.match(bench.worker.failure.message, /for 9\d s: task running, work work\/0@0/);
  });
});

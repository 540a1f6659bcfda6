/** Who is a suspect, and that no innocent message is given up for another. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EXIT } from "../../src/errors.ts";
import { P0, P1, RETRY } from "./support/assigned.ts";
import { Bench } from "./support/bench.ts";
import type { FakeConsumer } from "./support/fake_consumer.ts";
import { keyed } from "./support/keyed.ts";
import { kafkaWith, live, lives } from "./support/lives.ts";
import { manualTask } from "./support/manual_task.ts";

const BOTH = { partitions: [P0, P1] };
const dead = (bench: Bench) =>
  bench.stats.of("dead").map(({ partition, offset }) => [partition, offset]);

describe("a message that was the suspect at an end", () => {
  test("runs once more with nothing beside it: what runs ends first, and nothing else starts", async () => {
    const kafka = await lives(4);
    kafka.append("work", 1, 1000, 1001);
    await live(kafka, async (bench, work) => {
      assert.deepEqual(work.inputs(), [1000, 1001]);
      bench.consumer.append("work", 1, 1002);
      await bench.turn(4);
      assert.deepEqual(work.inputs(), [1000, 1001]);
      for (const input of [1000, 1001]) work.run(input).finish();
      await bench.turn(4);
      assert.deepEqual(work.inputs(), [1000, 1001, 0]);
      work.run(0).finish();
      await bench.turn(8);
      assert.deepEqual(new Set(work.inputs()), new Set([0, 1, 1000, 1001, 1002]));
    }, BOTH);
  });

  test("waits for what runs already", async () => {
    const kafka = await lives(4);
    kafka.append("work", 1, 1000);
    const work = manualTask({ topic: "work" });
    await using bench = new Bench({ work: work.task });
    bench.consumer.inherit(kafka);
    await bench.assign(P1);
    await bench.turn(3);
    assert.deepEqual(work.inputs(), [1000]);
    await bench.assign(P0);
    await bench.turn(6);
    assert.deepEqual(work.inputs(), [1000]);
    work.run(1000).finish();
    await bench.turn(6);
    assert.deepEqual(work.inputs(), [1000, 0]);
  });

  test("starts after half a minute beside an attempt that does not end, and all else after it", async () => {
    const kafka = await lives(4);
    kafka.append("work", 1, 1000);
    const work = manualTask({ topic: "work", timeout: "none" });
    const other = manualTask({ topic: "other" });
    await using bench = new Bench({ work: work.task, other: other.task });
    bench.consumer.inherit(kafka);
    await bench.assign(P1);
    await bench.turn(3);
    await bench.assign(P0, { topic: "other", partition: 0 });
    bench.consumer.append("other", 0, 1);
    for (let second = 0; second < 29; second++) await bench.advance(1000);
    assert.deepEqual([work.inputs(), other.inputs()], [[1000], []]);
    for (let second = 0; second < 3; second++) await bench.advance(1000);
    assert.deepEqual([work.inputs(), other.inputs()], [[1000, 0], [1]]);
    // Should that end the worker, it may have been the other one.
    const heir = bench.consumer.snapshot();
    await live(heir, (bench) => assert.deepEqual(dead(bench), []));
  });

  test("does not start once the worker is asked to stop", async () => {
    const kafka = await lives(4);
    kafka.append("work", 1, 1000);
    const work = manualTask({ topic: "work" });
    await using bench = new Bench({ work: work.task });
    bench.consumer.inherit(kafka);
    await bench.assign(P1);
    await bench.turn(3);
    await bench.assign(P0);
    await bench.turn(6);
    bench.worker.stop("SIGTERM");
    await bench.turn(3);
    work.run(1000).finish();
    assert.equal(await bench.end(), EXIT.ok);
    assert.deepEqual(work.inputs(), [1000]);
  });

  test("is not given up for a message of another partition that ends the worker", async () => {
    // P1 has no end behind it; its message 1000 ends each worker that runs it.
    const kafka = await lives(3);
    kafka.append("work", 1, 1000);
    const once = await live(kafka, (_, work) => {
      assert.deepEqual(new Set(work.inputs()), new Set([1000, 0]));
    }, BOTH);
    await live(once, async (bench, work) => {
      assert.deepEqual(dead(bench), []);
      work.run(0).finish();
      await bench.turn(8);
      assert.ok(work.inputs().includes(1000));
      assert.deepEqual(dead(bench), []);
    }, BOTH);
  });

  test("is not given up for the retry of another that ends the worker", async () => {
    const kafka = await live(await lives(3), async (bench, work) => {
      work.run(0).fail(new Error("no"));
      await bench.turn(6);
      await bench.advance(1000, 6);
      assert.deepEqual(work.inputs(), [0, 1, 0]);
    }, { settings: { retry: RETRY } });
    await live(kafka, (bench) => assert.deepEqual(dead(bench), []));
  });

  test("does not start in a partition that is given back", async () => {
    await live(await lives(3), async (bench, work) => {
      const { consumer } = bench;
      consumer.commitAnswers = "on command";
      work.run(0).finish();
      await bench.turn(4);
      consumer.change("revoke", P0);
      consumer.answerCommit();
      consumer.commitAnswers = "at once";
      await bench.turn(6);
      assert.deepEqual(work.inputs(), [0]);
      assert.equal(consumer.answers.at(-1)!.kind, "unassign");
    });
  });

  test("is forgotten when Kafka has deleted it", async () => {
    const kafka = await lives(4);
    kafka.logStarts.set("work/0", 50);
    await live(kafka, (bench) => assert.equal(bench.worker.runner.slots.inFlight, 200));
  });
});

describe("a condemned message", () => {
  test("stays so until its dead letter is written", async () => {
    const kafka = await lives(5);
    const work = manualTask({ topic: "work" });
    let left: FakeConsumer;
    {
      await using bench = new Bench({ work: work.task });
      bench.consumer.inherit(kafka);
      bench.producer.answers = "on command";
      await bench.assign(P0);
      await bench.turn(6);
      assert.equal(bench.producer.sent.length, 1);
      left = bench.consumer.snapshot();
      bench.producer.sent[0]!.acknowledge();
    }
    assert.ok(!work.inputs().includes(0));
    await live(left, (bench, work) => {
      assert.ok(!work.inputs().includes(0));
      assert.deepEqual(dead(bench), [[0, 0]]);
    });
  });

  test("keeps its key under onDead: block", async () => {
    const settings = { order: "key", onDead: "block", retry: RETRY };
    const kafka = kafkaWith(keyed("a", 0), keyed("a", 1), keyed("b", 2));
    await live(await lives(5, { settings }, kafka), async (bench, work) => {
      await bench.advance(1000, 8);
      assert.deepEqual(dead(bench), [[0, 0]]);
      assert.deepEqual(work.inputs(), [2]);
    }, { settings });
  });
});

describe("takeovers", () => {
  test("count although owners in between gave the partition back in good order", async () => {
    let kafka: FakeConsumer | null = null;
    for (let i = 0; i < 3; i++) {
      kafka = await live(kafka, () => {});
      kafka = await live(kafka, async (bench) => {
        bench.consumer.change("revoke", P0);
        await bench.turn(3);
        await bench.advance(5000, 4);
        await bench.advance(5000, 4);
        assert.equal(bench.consumer.answers.at(-1)!.kind, "unassign");
      });
    }
    await live(kafka, (bench) => assert.equal(bench.worker.runner.slots.inFlight, 1));
  });

  test("do not count what this very process has lost", async () => {
    const work = manualTask({ topic: "work" });
    await using bench = new Bench({ work: work.task });
    bench.consumer.append("work", 0, 0);
    await bench.assign(P0);
    for (let i = 0; i < 6; i++) {
      bench.consumer.change("lost", P0);
      await bench.turn(2);
      for (const run of work.runs) run.fail(new Error("aborted"));
      await bench.turn(2);
      await bench.assign(P0);
      await bench.turn(6);
    }
    assert.deepEqual(dead(bench), []);
    assert.equal(work.runs.length, 7);
  });

  test("bound what is in flight also when slots are short", async () => {
    const kafka = await lives(2);
    kafka.append("work", 1, ...Array.from({ length: 300 }, (_, index) => 1000 + index));
    await live(kafka, async (bench, work) => {
      const [first] = bench.worker.assignments.partitions;
      assert.equal(first!.busy, 10);
      assert.equal(bench.worker.runner.slots.inFlight, 50);
      const others = (work.inputs() as number[]).filter((input) => input >= 1000);
      work.run(others[0]).fail(new Error("no"));
      await bench.turn(4);
      await bench.advance(1000, 4);
      work.run(0).finish();
      await bench.turn(4);
      for (const input of others.slice(1)) work.run(input).finish();
      await bench.turn(4);
      assert.ok(first!.busy <= 10, `${first!.busy} in flight`);
    }, { ...BOTH, settings: { retry: RETRY }, options: { concurrency: 50 } });
  });
});

/** Messages that end their workers: fewer and fewer run at once, until one is found out. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decodeMetadata } from "../../src/core/commit_metadata.ts";
import { HEADER } from "../../src/task/message.ts";
import { P0, P1 } from "./support/assigned.ts";
import { Bench, GROUP } from "./support/bench.ts";
import type { FakeConsumer } from "./support/fake_consumer.ts";
import { live, lives, MESSAGES } from "./support/lives.ts";
import { manualTask } from "./support/manual_task.ts";

function suspectOf({ committed, metadata }: FakeConsumer, key = "work/0"): number | null {
  const read = decodeMetadata(committed.get(key)!, metadata.get(key)!);
  assert.ok(read && !("problem" in read));
  return read.suspect;
}

describe("a partition whose owners ended without leaving", () => {
  test("has fewer messages in flight after each end at the same offset", async () => {
    let kafka: FakeConsumer | null = null;
    for (const inFlight of [MESSAGES, 100, 10, 1]) {
      kafka = await live(
        kafka,
        (bench) => assert.equal(bench.worker.runner.slots.inFlight, inFlight),
      );
    }
  });

  test("is as usual again once messages were finished there", async () => {
    const kafka = await live(await lives(3), async (bench, work) => {
      work.run(0).finish();
      await bench.turn(4);
      await bench.advance(1000, 4);
    });
    await live(kafka, (bench) => assert.equal(bench.worker.runner.slots.inFlight, 1));
  });

  test("one that has to wait for its key is no suspect meanwhile: its key may be kept for ever", async () => {
    const key = new TextEncoder().encode("a");
    const retry = { attempts: 2, min: "1s", max: "1s", jitter: "none" } as const;
    const ordered = () => manualTask({ topic: "work", order: "key", retry });
    const first = new Bench({ work: ordered().task });
    for (const value of ["0", "1"]) first.consumer.append("work", 0, { key, value });
    first.consumer.append("work", 0, 2, 3);
    await first.assign(P0);
    let kafka = first.consumer.snapshot();
    for (let life = 0; life < 2; life++) {
      await using bench = new Bench({ work: ordered().task });
      bench.consumer.inherit(kafka);
      await bench.assign(P0);
      await bench.turn(6);
      kafka = bench.consumer.snapshot();
    }
    const work = ordered();
    await using bench = new Bench({ work: work.task });
    bench.consumer.inherit(kafka);
    await bench.assign(P0);
    await bench.until("the first", () => work.runs.length === 1);
    work.run(0).fail(new Error("no"));
    await bench.turn(6);
    assert.deepEqual(work.inputs(), [0, 2], "1 waits for 0");
    await bench.advance(1000, 4);
    work.run(0).finish();
    await bench.until("the next", () => work.runs.length === 4);
    assert.deepEqual(work.inputs(), [0, 2, 0, 1]);
  });

  test("that had nothing to run: it was not a message", async () => {
    const kafka = new Bench({ work: manualTask({ topic: "work" }).task }).consumer;
    const idle = async (before: FakeConsumer) =>
      await live(before, (bench) => bench.advance(1000, 4));
    let left = await idle(kafka);
    for (let i = 0; i < 4; i++) left = await idle(left);
    left.append("work", 0, ...Array.from({ length: 30 }, (_, index) => index));
    await live(left, (bench) => assert.equal(bench.worker.runner.slots.inFlight, 30));
  });
});

describe("after three such ends", () => {
  test("a message runs alone once the broker knows its offset, and the next follows", async () => {
    await live(await lives(3), async (bench, work) => {
      const { consumer } = bench;
      assert.deepEqual(work.inputs(), [0]);
      assert.equal(suspectOf(consumer), 0);
      consumer.commitAnswers = "on command";
      work.run(0).finish();
      await bench.turn(4);
      assert.deepEqual(work.inputs(), [0], "the broker has not answered yet");
      consumer.answerCommit();
      await bench.turn(3);
      assert.deepEqual(work.inputs(), [0, 1]);
      assert.equal(suspectOf(consumer), 1);
      consumer.commitAnswers = "at once";
    });
  });

  test("the last that runs alone has ended before the rest starts", async () => {
    await live(await lives(3), async (bench, work) => {
      const { consumer } = bench;
      const last = 99;
      for (let value = 0; value < last; value++) {
        await bench.until(`${value} to run`, () => work.runs.length === value + 1);
        if (value === last - 1) consumer.commitAnswers = "on command";
        work.run(value).finish();
      }
      await bench.turn(6);
      assert.equal(work.runs.length, last, "the broker does not know yet that the last runs");
      consumer.commitAnswers = "at once";
      consumer.answerCommit();
      await bench.until("the last", () => work.runs.length > last);
      await bench.turn(6);
      assert.equal(work.runs.length, last + 1, "it runs alone");
      work.run(last).finish();
      await bench.until("the rest", () => work.runs.length === MESSAGES);
    });
  });

  test("one that fails and waits for a retry is not the killer: the next runs", async () => {
    await live(await lives(3), async (bench, work) => {
      work.run(0).fail(new Error("no"));
      await bench.turn(6);
      assert.deepEqual(work.inputs(), [0, 1]);
    });
  });

  test("one message runs alone in all partitions together", async () => {
    await live(await lives(3, { partitions: [P0, P1] }), async (bench, work) => {
      assert.deepEqual(work.inputs(), [0]);
      work.run(0).finish();
      await bench.turn(6);
      assert.equal(bench.worker.runner.slots.inFlight, 1);
    }, { partitions: [P0, P1] });
  });

  test("the one that runs at the next two ends is a dead letter; its neighbours run", async () => {
    const suspected = await live(await lives(3), async (bench, work) => {
      work.run(0).finish();
      await bench.turn(6);
      assert.equal(suspectOf(bench.consumer), 1);
    });
    const kafka = await live(suspected, (_, work) => assert.deepEqual(work.inputs(), [1]));
    await live(kafka, async (bench, work) => {
      const [dead] = bench.stats.of("dead");
      assert.deepEqual(dead, {
        event: "dead",
        task: "work",
        ...P0,
        offset: 1,
        attempts: 5,
        error: "its worker ended without a word while it ran alone",
        deadLetterTopic: `${GROUP}.work.dead`,
      });
      const headers = new Map(bench.producer.sent[0]!.message.headers);
      assert.equal(headers.get(HEADER.errorName), "WorkerKilled");
      assert.deepEqual(work.inputs(), [2]);
      work.run(2).finish();
      await bench.turn(6);
      assert.deepEqual(work.inputs(), [2, 3]);
    });
  });

  test("no message is under suspicion that comes after a hundred others", async () => {
    await live(await lives(3), async (bench, work) => {
      for (let input = 0; input < 100; input++) {
        await bench.until(`${input}`, () => (work.inputs() as number[]).includes(input));
        work.run(input).finish();
      }
      await bench.turn(8);
      // The last owner had started one message, so those after the hundred are not under suspicion.
      assert.equal(bench.worker.runner.slots.inFlight, MESSAGES - 100);
    });
  });

  test("a partition that is revoked lets go of what is held back", async () => {
    await live(await lives(3), async (bench, work) => {
      bench.consumer.change("revoke", P0);
      work.run(0).finish();
      await bench.turn(6);
      const { runner } = bench.worker;
      assert.deepEqual([runner.slots.inFlight, runner.heldBytes], [0, 0]);
      assert.deepEqual(work.inputs(), [0]);
      assert.deepEqual(bench.consumer.answers.at(-1), { kind: "unassign", partitions: ["work/0"] });
    });
  });
});

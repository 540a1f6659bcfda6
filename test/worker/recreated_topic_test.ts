/** A topic that is deleted and made again, and whose new log is longer than the old one before that is known. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { KafkaError } from "../../src/errors.ts";
import { P0, RETRY } from "./support/assigned.ts";
import { Bench } from "./support/bench.ts";
import { manualTask } from "./support/manual_task.ts";

const NEW_ID = new Map([["work", "id-of-work+"]]);

/** 0, 1 and 2 of the old log in flight; the new one is read on at offset 3, where 13 and 14 are. */
async function recreated(options = {}, settings = {}) {
  const work = manualTask({ topic: "work", retry: RETRY, ...settings });
  const bench = new Bench({ work: work.task }, options);
  bench.consumer.append("work", 0, 0, 1, 2);
  await bench.assign(P0);
  return {
    bench,
    work,
    async recreate() {
      bench.consumer.recreate("work", 0, 3);
      bench.consumer.append("work", 0, 10, 11, 12, 13, 14);
      await bench.turn(2);
      assert.deepEqual(work.inputs().slice(3), [13, 14]);
    },
    async tell() {
      bench.worker.noteTopicIds(NEW_ID);
      await bench.turn(6);
    },
  };
}

describe("a topic that was made again", () => {
  test("is run from its start once its id is told, and no further owner repeats that", async () => {
    const { bench, work, recreate, tell } = await recreated();
    await using _ = bench;
    for (const input of [0, 1, 2]) work.run(input).finish();
    await bench.turn();
    await bench.advance(1000);
    await recreate();
    await tell();
    assert.deepEqual(work.inputs().slice(5), [10, 11, 12, 13, 14]);
    for (const { input, finish } of work.runs.slice(5)) if (input !== 11) finish();
    await tell();
    await bench.advance(1000);
    assert.equal(bench.consumer.committed.get("work/0"), 1);
    assert.deepEqual(bench.stats.of("topic-recreated"), [
      { event: "topic-recreated", topic: "work", partitions: 1 },
    ]);
    assert.deepEqual(bench.stats.of("offset-reset"), [
      { event: "offset-reset", ...P0, from: 3, to: 0, lost: 0, reason: "recreated" },
    ]);

    const next = manualTask({ topic: "work" });
    await using heir = new Bench({ work: next.task });
    heir.consumer.inherit(bench.consumer);
    await heir.assign(P0);
    assert.deepEqual(next.inputs(), [11]);
  });

  test("has nothing finished by what still runs of the old log, nor does that run again", async () => {
    const { bench, work, recreate, tell } = await recreated();
    await using _ = bench;
    work.run(0).fail(new Error("waits for a retry"));
    await bench.turn();
    await recreate();
    work.run(13).finish();
    await tell();
    assert.deepEqual(work.inputs().slice(5), [10, 11, 12, 13, 14]);
    for (const index of [1, 2, 4]) work.runs[index]!.finish();
    await bench.turn(2);
    await bench.advance(2000, 4);
    assert.equal(work.runs.length, 10);
    assert.equal(bench.consumer.committed.get("work/0"), 0);
    for (const { finish } of work.runs.slice(5)) finish();
    await bench.turn(2);
    await bench.advance(1000);
    assert.equal(bench.consumer.committed.get("work/0"), 5);
    assert.deepEqual([bench.worker.runner.slots.inFlight, bench.worker.runner.heldBytes], [0, 0]);
  });

  test("is run from its start also when commits have no metadata", async () => {
    const { bench, work, recreate, tell } = await recreated({ maxMetadata: 0 });
    await using _ = bench;
    for (const input of [0, 1, 2]) work.run(input).finish();
    await bench.turn();
    await bench.advance(1000);
    await recreate();
    await tell();
    assert.deepEqual(work.inputs().slice(5), [10, 11, 12, 13, 14]);
  });

  test("is polled again though the old log was too far ahead", async () => {
    const { bench, work, recreate, tell } = await recreated({ maxAhead: 5 });
    await using _ = bench;
    await recreate();
    assert.equal(bench.consumer.isBlocked("work", 0), true);
    await tell();
    assert.deepEqual(work.inputs().slice(5), [10, 11, 12, 13, 14]);
  });

  test("keeps a key's order across the old log and the new one", async () => {
    const work = manualTask({ topic: "work", order: "key" });
    await using bench = new Bench({ work: work.task });
    bench.consumer.append("work", 0, { key: "k", value: "0" });
    await bench.assign(P0);
    bench.consumer.recreate("work", 0, 1);
    bench.consumer.append("work", 0, { key: "k", value: "10" }, { key: "k", value: "11" });
    await bench.turn(2);
    bench.worker.noteTopicIds(NEW_ID);
    await bench.turn(6);
    assert.deepEqual(work.inputs(), [0]);
    work.run(0).finish();
    await bench.turn(2);
    assert.deepEqual(work.inputs(), [0, 10]);
  });

  test("is left to the next owner where a partition is given back", async () => {
    const { bench, work, recreate, tell } = await recreated();
    await using _ = bench;
    await recreate();
    bench.consumer.change("revoke", P0);
    await bench.turn();
    await tell();
    for (const { finish } of work.runs.slice()) finish();
    await bench.turn(6);
    assert.deepEqual(bench.consumer.answers.at(-1), { kind: "unassign", partitions: ["work/0"] });
    assert.deepEqual(bench.stats.of("topic-recreated"), []);
  });
});

describe("a topic's id that is told", () => {
  test("changes nothing while it is the same, nor for topics that nobody consumes", async () => {
    const { bench, work } = await recreated();
    await using _ = bench;
    bench.worker.noteTopicIds(new Map([["work", "id-of-work"], ["other", "x"]]));
    await bench.turn(6);
    assert.deepEqual([work.inputs(), bench.consumer.answers.length], [[0, 1, 2], 1]);
  });

  test("by a broker that knows less than the others: what was committed does not run again", async () => {
    const { bench, work, tell } = await recreated();
    await using _ = bench;
    for (const input of [0, 2]) work.run(input).finish();
    await bench.turn();
    await bench.advance(1000);
    await tell();
    assert.deepEqual(work.inputs(), [0, 1, 2, 1]);
    assert.deepEqual(bench.stats.of("resumed").filter(({ takenOver }) => takenOver.length > 0), []);
  });

  test("has maps in its commits once its id is told, though it was not known at the rewind", async () => {
    const work = manualTask({ topic: "work" });
    await using bench = new Bench({ work: work.task });
    const { consumer } = bench;
    consumer.append("work", 0, 1, 2, 3);
    await bench.assign(P0);
    for (const run of work.runs) run.finish();
    await bench.advance(1000, 3);
    consumer.unidentified.set("work", new KafkaError("unknown topic"));
    consumer.recreate("work", 0);
    consumer.append("work", 0, 10, 11);
    await bench.turn(3);
    consumer.unidentified.clear();
    work.run(11).finish();
    await bench.advance(1000, 3);
    assert.match(consumer.metadata.get("work/0")!, /^t1;-;/);
    bench.worker.noteTopicIds(NEW_ID);
    await bench.advance(1000, 6);
    assert.match(consumer.metadata.get("work/0")!, /^t1;id-of-work\+;/);
  });
});

/** What the answers to commits tell besides offsets: whether this worker still owns what it works on. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { P0, P1 } from "./support/assigned.ts";
import { Bench } from "./support/bench.ts";
import { keyed } from "./support/keyed.ts";
import { manualTask } from "./support/manual_task.ts";

async function working() {
  const work = manualTask({ topic: "work" });
  const bench = new Bench({ work: work.task }, { idleSleepMs: 250 });
  bench.consumer.append("work", 0, 1, 2, 3);
  await bench.assign(P0);
  return { bench, work };
}

describe("a commit whose fate is not known", () => {
  test("is followed by the newer one again and again, so that that is the last to land", async () => {
    const { bench, work } = await working();
    await using _ = bench;
    const { consumer } = bench;
    consumer.refuseCommit = () => ({ code: -185, message: "Local: Timed out" });
    work.run(1).finish();
    await bench.turn();
    await bench.advance(1000);
    consumer.refuseCommit = () => null;
    work.run(2).finish();
    await bench.turn();
    await bench.advance(1000);
    assert.equal(consumer.committed.get("work/0"), 2);
    // The first one is stored after all.
    consumer.committed.set("work/0", 1);
    await bench.advance(1000);
    assert.equal(consumer.committed.get("work/0"), 2);
    for (let second = 0; second < 40; second++) await bench.advance(1000);
    const { length } = consumer.commits;
    await bench.advance(1000);
    assert.equal(consumer.commits.length, length, "not for ever");
  });
});

describe("without an answer to commits", () => {
  test("for 10 s nothing new starts, until one is confirmed; both are told once", async () => {
    const { bench, work } = await working();
    await using _ = bench;
    const { consumer, stats } = bench;
    consumer.commitAnswers = "on command";
    work.run(1).finish();
    await bench.turn();
    for (let second = 0; second < 10; second++) await bench.advance(1000);
    consumer.append("work", 0, 4);
    await bench.turn(3);
    assert.ok(work.inputs().includes(4), "before");
    await bench.advance(1000);
    consumer.append("work", 0, 5);
    await bench.turn(3);
    assert.ok(!work.inputs().includes(5));
    assert.equal(stats.of("commits-unanswered").length, 1);
    consumer.commitAnswers = "at once";
    consumer.answerCommit();
    await bench.turn(4);
    assert.ok(work.inputs().includes(5));
    assert.equal(stats.of("commits-answered").length, 1);
  });

  test("because there is nothing to commit, work starts as always", async () => {
    const { bench, work } = await working();
    await using _ = bench;
    for (let minute = 0; minute < 5; minute++) await bench.advance(3000);
    bench.consumer.append("work", 0, 4);
    await bench.turn(3);
    assert.ok(work.inputs().includes(4));
    assert.deepEqual(bench.stats.of("commits-unanswered"), []);
  });
});

describe("after the process stood still", () => {
  test("nothing new starts before the broker has confirmed that the partitions are ours", async () => {
    const { bench, work } = await working();
    await using _ = bench;
    const { consumer } = bench;
    await bench.advance(100, 3);
    consumer.commitAnswers = "on command";
    bench.clock.advance(60_000);
    consumer.append("work", 0, 4);
    await bench.turn(4);
    assert.deepEqual(consumer.commitInFlight, [{ ...P0, offset: 0 }]);
    assert.deepEqual(work.inputs(), [1, 2, 3]);
    consumer.answerCommit();
    await bench.turn(4);
    assert.deepEqual(work.inputs(), [1, 2, 3, 4]);
    consumer.commitAnswers = "at once";
  });

  test("the answer to a commit sent before does not tell", async () => {
    const { bench, work } = await working();
    await using _ = bench;
    const { consumer } = bench;
    await bench.advance(100, 3);
    consumer.commitAnswers = "on command";
    work.run(1).finish();
    await bench.turn(2);
    await bench.advance(1000, 2);
    bench.clock.advance(60_000);
    consumer.append("work", 0, 4);
    await bench.turn(2);
    consumer.answerCommit();
    await bench.turn(4);
    assert.deepEqual(work.inputs(), [1, 2, 3]);
    consumer.answerCommit();
    await bench.turn(4);
    assert.deepEqual(work.inputs(), [1, 2, 3, 4]);
    consumer.commitAnswers = "at once";
  });

  test("neither retries start nor what waited for its key", async () => {
    const work = manualTask({ topic: "work", order: "key" });
    await using bench = new Bench({ work: work.task }, { idleSleepMs: 250 });
    const { consumer } = bench;
    consumer.append("work", 0, keyed("a", 1), keyed("a", 2));
    await bench.assign(P0);
    await bench.advance(100, 3);
    consumer.commitAnswers = "on command";
    bench.clock.advance(60_000);
    work.run(1).finish();
    await bench.turn(4);
    assert.deepEqual(work.inputs(), [1]);
    consumer.answerCommit();
    await bench.turn(4);
    assert.deepEqual(work.inputs(), [1, 2]);
    consumer.commitAnswers = "at once";
  });

  test("and lost them meanwhile: nothing of what was fetched before runs", async () => {
    const { bench, work } = await working();
    await using _ = bench;
    const { consumer } = bench;
    await bench.advance(100, 3);
    consumer.refuseCommit = () => ({ code: 25, message: "Broker: Unknown member" });
    bench.clock.advance(60_000);
    consumer.append("work", 0, 4);
    await bench.turn(4);
    await bench.advance(100, 3);
    consumer.change("lost", P0);
    await bench.turn(4);
    assert.deepEqual(work.inputs(), [1, 2, 3]);
  });
});

describe("a partition whose commits are refused for good", () => {
  const REFUSED = { code: 29, message: "Broker: Topic authorization failed" };

  test("does not keep the others from starting, though they have nothing to commit", async () => {
    const { bench, work } = await working();
    await using _ = bench;
    const { consumer } = bench;
    consumer.append("work", 1, 11);
    await bench.assign(P1);
    for (const input of [1, 2, 3]) work.run(input).finish();
    await bench.turn(2);
    await bench.advance(1000, 3);
    consumer.refuseCommit = ({ partition }) => partition === 1 ? REFUSED : null;
    work.run(11).finish();
    await bench.turn(2);
    for (let second = 0; second < 15; second++) await bench.advance(1000, 3);
    consumer.append("work", 0, 4);
    await bench.turn(3);
    assert.ok(work.inputs().includes(4));
  });

  test("does not keep them after the process stood still either", async () => {
    const { bench, work } = await working();
    await using _ = bench;
    const { consumer } = bench;
    await bench.assign(P1);
    await bench.advance(100, 3);
    consumer.refuseCommit = ({ partition }) => partition === 1 ? REFUSED : null;
    bench.clock.advance(5000);
    await bench.turn(4);
    consumer.append("work", 0, 4);
    await bench.advance(1000, 4);
    assert.ok(work.inputs().includes(4));
  });
});

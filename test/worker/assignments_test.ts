/** Partitions that are lost, assigned again or begin anew: what no longer counts. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { KafkaError } from "../../src/errors.ts";
import { assigned, P0, P1, RETRY, unassigned } from "./support/assigned.ts";
import { Bench } from "./support/bench.ts";
import { manualTask } from "./support/manual_task.ts";

describe("a lost partition", () => {
  test("is answered at once: what runs is aborted, nothing is committed", async () => {
    const { bench, work } = await assigned();
    await using _ = bench;
    work.run(1).finish();
    await bench.turn();
    const commits = bench.consumer.commits.length;
    bench.consumer.change("lost", P0);
    await bench.turn();
    assert.deepEqual(unassigned(bench), [["work/0"]]);
    const { signal } = work.run(2).context;
    assert.equal(signal.aborted, true);
    assert.match(String(signal.reason), /The partition was lost/);
    work.run(2).finish();
    work.run(3).fail(new Error("aborted"));
    await bench.turn(2);
    await bench.advance(1000);
    const later = bench.consumer.commits.slice(commits).flat();
    assert.deepEqual(later.filter(({ partition }) => partition === 0), []);
    assert.equal(bench.worker.runner.slots.inFlight, 1);
    assert.equal(bench.stats.of("rebalance").at(-1)!.change, "lost");
  });

  test("loses what waits for a retry or a dead letter's acknowledgement, too", async () => {
    const work = manualTask({ topic: "work", retry: { ...RETRY, attempts: 2 } });
    await using bench = new Bench({ work: work.task });
    bench.producer.refuse = () => new KafkaError("no");
    bench.consumer.append("work", 0, 1, 2);
    await bench.assign(P0);
    work.run(1).fail(new Error("first"));
    await bench.turn(2);
    await bench.advance(1000);
    work.run(1).fail(new Error("second"));
    work.run(2).fail(new Error("first"));
    await bench.turn(3);
    assert.equal(bench.worker.runner.waiting, 2);
    bench.consumer.change("lost", P0);
    await bench.turn(2);
    const { waiting, due, heldBytes } = bench.worker.runner;
    assert.deepEqual([waiting, due, heldBytes], [0, 0, 0]);
    await bench.advance(60_000, 4);
    assert.equal(work.runs.length, 3);
    assert.equal(bench.producer.sent.length, 1);
  });

  test("ends the sending of a dead letter that is refused only then", async () => {
    const work = manualTask({ topic: "work", retry: { attempts: 1 } });
    await using bench = new Bench({ work: work.task });
    bench.producer.answers = "on command";
    bench.consumer.append("work", 0, 1);
    await bench.assign(P0);
    work.run(1).fail(new Error("no"));
    await bench.turn(2);
    bench.consumer.change("lost", P0);
    await bench.turn(2);
    bench.producer.sent[0]!.refuse(new KafkaError("no"));
    await bench.turn(2);
    await bench.advance(60_000, 4);
    const { waiting, heldBytes, burials } = bench.worker.runner;
    assert.deepEqual([waiting, heldBytes, burials.inFlight], [0, 0, 0]);
    assert.equal(bench.producer.sent.length, 1);
    assert.equal(bench.stats.of("dead-letter-refused").length, 0);
  });

  test("during its revocation: no commit, and one answer, also to what waits behind it", async () => {
    const { bench, work } = await assigned();
    await using _ = bench;
    bench.consumer.change("revoke", P0);
    bench.consumer.change("revoke", P1);
    await bench.turn(2);
    bench.consumer.change("lost", P0, P1);
    await bench.turn(2);
    assert.deepEqual(unassigned(bench), [["work/0", "work/1"]]);
    for (const input of [1, 2, 3, 11]) work.run(input).fail(new Error("aborted"));
    await bench.advance(1000, 4);
    assert.equal(bench.consumer.committed.get("work/0") ?? 0, 0);
    assert.equal(bench.worker.runner.slots.inFlight, 0);
    await bench.assign(P0, P1);
    assert.deepEqual(work.inputs().slice(4), [1, 2, 3, 11], "a new start is clean");
  });

  test("that comes back: what was finished here before or after the loss does not run again", async () => {
    const { bench, work } = await assigned();
    await using _ = bench;
    work.run(1).finish();
    await bench.turn();
    bench.consumer.change("lost", P0);
    await bench.turn();
    work.run(3).finish();
    work.run(2).fail(new Error("aborted"));
    await bench.turn(2);
    await bench.assign(P0);
    assert.deepEqual(work.inputs().slice(4), [2]);
    work.run(2).finish();
    await bench.turn(2);
    await bench.advance(1000);
    assert.equal(bench.consumer.committed.get("work/0"), 3);
  });

  test("that comes back and is lost once more before it is opened: still knows", async () => {
    const { bench, work } = await assigned();
    await using _ = bench;
    bench.consumer.change("lost", P0);
    await bench.turn();
    for (const input of [1, 2]) work.run(input).finish();
    work.run(3).fail(new Error("aborted"));
    await bench.turn(2);
    bench.consumer.commitAnswers = "on command";
    bench.consumer.change("assign", P0);
    await bench.turn(4);
    bench.consumer.change("lost", P0);
    await bench.turn(2);
    bench.consumer.answerCommit();
    bench.consumer.commitAnswers = "at once";
    await bench.assign(P0);
    assert.deepEqual(work.inputs().slice(4), [3]);
  });
});

describe("a partition assigned again", () => {
  test("starts fresh: outcomes of the old assignment change nothing", async () => {
    const { bench, work } = await assigned();
    await using _ = bench;
    const old = [...work.runs];
    bench.consumer.change("lost", P0, P1);
    await bench.assign(P0);
    assert.deepEqual(work.inputs().slice(4), [1, 2, 3]);
    for (const run of old) run.finish();
    await bench.turn(2);
    await bench.advance(1000);
    assert.equal(bench.consumer.committed.get("work/0") ?? 0, 0);
    work.run(1).finish();
    await bench.turn(2);
    await bench.advance(1000);
    assert.equal(bench.consumer.committed.get("work/0"), 1);
  });

  test("a commit's answer counts for the assignment it was sent in, and for no other", async () => {
    const { bench, work } = await assigned();
    await using _ = bench;
    const { consumer } = bench;
    consumer.commitAnswers = "on command";
    for (const input of [1, 2, 3]) work.run(input).finish();
    await bench.turn();
    await bench.advance(1000);
    assert.deepEqual(consumer.commitInFlight?.[0], { ...P0, offset: 3 });
    consumer.change("lost", P0, P1);
    consumer.change("assign", P0);
    await bench.turn(2);
    consumer.answerCommit();
    await bench.turn(2);
    const [partition] = [...bench.worker.assignments.partitions];
    assert.equal(partition!.committed, -1);
    consumer.commitAnswers = "at once";
  });
});

describe("a partition whose log begins anew", () => {
  test("starts over, and outcomes of the old log change nothing", async () => {
    const { bench, work } = await assigned();
    await using _ = bench;
    bench.consumer.recreate("work", 0);
    bench.consumer.append("work", 0, 101, 102);
    await bench.turn(2);
    assert.deepEqual(work.inputs().slice(4), [101, 102]);
    for (const input of [1, 2, 3]) work.run(input).finish();
    await bench.turn();
    await bench.advance(1000);
    assert.deepEqual(bench.consumer.commits.at(-1)?.filter(({ partition }) => partition === 0), [
      { ...P0, offset: 0 },
    ]);
    work.run(101).finish();
    work.run(102).finish();
    await bench.turn();
    await bench.advance(1000);
    assert.equal(bench.consumer.committed.get("work/0"), 2);
    assert.deepEqual(unassigned(bench), [], "the assignment stays");
  });

  test("keeps what lies below the cut: it is retried, and no commit passes it", async () => {
    const { bench, work } = await assigned();
    await using _ = bench;
    bench.consumer.truncate("work", 0, 2);
    bench.consumer.append("work", 0, 103);
    await bench.turn(2);
    // Offset 2 is another message now.
    work.run(103).finish();
    work.run(3).fail(new Error("of the part that is gone"));
    work.run(2).finish();
    work.run(1).fail(new Error("no"));
    await bench.turn(2);
    await bench.advance(1000);
    assert.equal(bench.consumer.committed.get("work/0"), 0);
    assert.deepEqual(work.inputs().slice(4), [103, 1]);
    work.run(1).finish();
    await bench.turn(2);
    await bench.advance(1000);
    assert.equal(bench.consumer.committed.get("work/0"), 3);
    assert.equal(bench.worker.runner.heldBytes, 2, "11 still runs");
  });

  test("is drained at a revoke, what lies below the cut included", async () => {
    const { bench, work } = await assigned();
    await using _ = bench;
    bench.consumer.truncate("work", 0, 1);
    bench.consumer.append("work", 0, 102);
    await bench.turn(2);
    work.run(102).finish();
    bench.consumer.change("revoke", P0);
    await bench.turn(3);
    assert.deepEqual(unassigned(bench), []);
    work.run(1).finish();
    await bench.turn(3);
    assert.deepEqual(unassigned(bench), [["work/0"]]);
    assert.equal(bench.consumer.committed.get("work/0"), 2);
  });

  test("is polled again though the old log was too far ahead", async () => {
    const { bench, work } = await assigned({ maxAhead: 4 });
    await using _ = bench;
    assert.equal(bench.consumer.isBlocked("work", 0), false);
    // One poll takes the message that crosses the bound and the first of the new log.
    bench.consumer.appendAndRecreate("work", 0, 4, 101);
    await bench.turn(3);
    assert.equal(bench.consumer.isBlocked("work", 0), false);
    bench.consumer.append("work", 0, 102);
    await bench.turn(3);
    assert.deepEqual(work.inputs().slice(4), [4, 101, 102]);
  });
});

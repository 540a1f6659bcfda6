/** A revoked partition: what runs may end, is committed, and nothing more of it starts. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { KafkaError } from "../../src/errors.ts";
import { assigned, P0, P1, RETRY, unassigned } from "./support/assigned.ts";
import { Bench } from "./support/bench.ts";
import { manualTask } from "./support/manual_task.ts";

describe("a revoked partition", () => {
  test("lets its tasks finish, commits, waits for the answer, and only then is given back", async () => {
    const { bench, work } = await assigned();
    await using _ = bench;
    const { consumer } = bench;
    consumer.commitAnswers = "on command";
    consumer.change("revoke", P0);
    await bench.turn(3);
    assert.deepEqual(unassigned(bench), []);
    for (const input of [1, 2, 3]) work.run(input).finish();
    await bench.turn(3);
    assert.deepEqual(consumer.commitInFlight, [{ ...P0, offset: 3 }]);
    assert.deepEqual(unassigned(bench), [], "the answer is not there yet");
    consumer.answerCommit();
    await bench.turn(2);
    assert.deepEqual(unassigned(bench), [["work/0"]]);
    assert.equal(consumer.committed.get("work/0"), 3);
    assert.deepEqual([...consumer.positions.keys()], ["work/1"]);
    assert.deepEqual(bench.stats.of("rebalance").at(-1), {
      event: "rebalance",
      change: "revoked",
      partitions: [P0],
    });
    consumer.commitAnswers = "at once";
  });

  test("hands out nothing from then on, while the others flow", async () => {
    const { bench, work } = await assigned();
    await using _ = bench;
    bench.consumer.change("revoke", P0);
    bench.consumer.append("work", 0, 4, 5);
    bench.consumer.append("work", 1, 12);
    await bench.turn(5);
    assert.deepEqual(work.inputs(), [1, 2, 3, 11, 12]);
    work.run(11).finish();
    work.run(12).finish();
    await bench.turn();
    await bench.advance(1000);
    assert.equal(bench.consumer.committed.get("work/1"), 2);
  });

  test("starts no further attempt of what failed; the next owner does", async () => {
    const { bench, work } = await assigned();
    await using _ = bench;
    work.run(1).fail(new Error("before the revoke"));
    await bench.turn(2);
    bench.consumer.change("revoke", P0);
    await bench.turn(2);
    work.run(2).fail(new Error("after the revoke"));
    await bench.turn(2);
    await bench.advance(1000, 4);
    assert.deepEqual(work.inputs(), [1, 2, 3, 11]);
    assert.equal(bench.worker.runner.waiting, 0);
    work.run(3).finish();
    await bench.turn(3);
    assert.deepEqual(unassigned(bench), [["work/0"]], "and waits for none");
    assert.equal(bench.consumer.committed.get("work/0"), 0);
    assert.equal(bench.worker.runner.heldBytes, 2, "what is left is of the other partition");
  });

  test("starts nothing that only waited for a slot", async () => {
    const work = manualTask({ topic: "work", concurrency: 2, retry: RETRY });
    await using bench = new Bench({ work: work.task });
    bench.consumer.append("work", 0, 1, 2, 3);
    await bench.assign(P0);
    work.run(1).fail(new Error("no"));
    await bench.until("3 to take the slot", () => work.inputs().includes(3));
    await bench.advance(1000);
    assert.equal(bench.worker.runner.due, 1);
    bench.consumer.change("revoke", P0);
    await bench.turn(2);
    assert.equal(bench.worker.runner.due, 0);
    work.run(2).finish();
    work.run(3).finish();
    await bench.turn(4);
    assert.deepEqual(work.inputs(), [1, 2, 3]);
    assert.deepEqual(unassigned(bench), [["work/0"]]);
    assert.equal(bench.worker.runner.heldBytes, 0);
  });

  test("aborts what runs when the drain is over, and goes with what was finished", async () => {
    const { bench, work } = await assigned({ revokeDrainMs: 5000 });
    await using _ = bench;
    const { signal } = work.run(2).context;
    work.run(1).finish();
    bench.consumer.change("revoke", P0);
    await bench.turn(2);
    await bench.advance(4999);
    assert.equal(signal.aborted, false);
    await bench.advance(1, 4);
    assert.equal(signal.aborted, true);
    assert.match(String(signal.reason), /The partition was revoked/);
    assert.equal(work.run(11).context.signal.aborted, false, "the other partition's task runs on");
    assert.deepEqual(unassigned(bench), [["work/0"]]);
    assert.equal(bench.consumer.committed.get("work/0"), 1);
    // What settles late gives back its slot and changes nothing else.
    work.run(2).finish();
    work.run(3).fail(new Error("aborted"));
    await bench.turn(2);
    await bench.advance(60_000, 4);
    assert.equal(bench.consumer.committed.get("work/0"), 1);
    assert.equal(bench.worker.runner.slots.inFlight, 1);
    assert.equal(bench.worker.runner.waiting, 0);
    const { done, failed } = bench.stats.counts.get("work")!;
    assert.deepEqual([done, failed], [1, 0]);
  });

  test("waits for its dead letters", async () => {
    const work = manualTask({ topic: "work", retry: { attempts: 1 } });
    await using bench = new Bench({ work: work.task });
    bench.producer.answers = "on command";
    bench.consumer.append("work", 0, 1);
    await bench.assign(P0);
    work.run(1).fail(new Error("no"));
    await bench.turn(2);
    bench.consumer.change("revoke", P0);
    await bench.turn(3);
    assert.deepEqual(unassigned(bench), []);
    bench.producer.sent[0]!.acknowledge();
    await bench.turn(4);
    assert.deepEqual(unassigned(bench), [["work/0"]]);
    assert.equal(bench.consumer.committed.get("work/0"), 1);
  });

  test("does not wait for a dead letter that was refused", async () => {
    const work = manualTask({ topic: "work", retry: { attempts: 1 } });
    await using bench = new Bench({ work: work.task });
    bench.producer.answers = "on command";
    bench.consumer.append("work", 0, 1);
    await bench.assign(P0);
    work.run(1).fail(new Error("no"));
    await bench.turn(2);
    bench.consumer.change("revoke", P0);
    await bench.turn(2);
    bench.producer.sent[0]!.refuse(new KafkaError("no"));
    await bench.turn(4);
    assert.deepEqual(unassigned(bench), [["work/0"]]);
    assert.equal(bench.consumer.committed.get("work/0"), 0);
    await bench.advance(60_000, 3);
    assert.equal(bench.producer.sent.length, 1, "and sends it no more");
    assert.deepEqual([bench.worker.runner.waiting, bench.worker.runner.heldBytes], [0, 0]);
  });

  test("repeats a refused commit, and is given back without it after 3 s", async () => {
    const { bench, work } = await assigned();
    await using _ = bench;
    const { consumer } = bench;
    let refusals = 0;
    consumer.refuseCommit = () => ({ code: 27, message: `refusal ${++refusals}` });
    consumer.change("revoke", P0);
    await bench.turn(2);
    for (const input of [1, 2, 3]) work.run(input).finish();
    await bench.turn(3);
    await bench.advance(100);
    await bench.advance(100);
    assert.ok(refusals >= 3, `${refusals} refusals`);
    assert.deepEqual(unassigned(bench), []);
    await bench.advance(2800, 3);
    assert.deepEqual(unassigned(bench), [["work/0"]]);
    consumer.refuseCommit = () => null;
  });

  test("while a commit is in flight: that one is answered first, then its own goes", async () => {
    const { bench, work } = await assigned();
    await using _ = bench;
    const { consumer } = bench;
    consumer.commitAnswers = "on command";
    work.run(1).finish();
    await bench.turn();
    await bench.advance(1000);
    assert.deepEqual(consumer.commitInFlight?.[0], { ...P0, offset: 1 });
    consumer.change("revoke", P0);
    work.run(2).finish();
    work.run(3).finish();
    await bench.turn(4);
    assert.deepEqual(unassigned(bench), []);
    consumer.answerCommit();
    await bench.turn(2);
    assert.deepEqual(consumer.commitInFlight, [{ ...P0, offset: 3 }]);
    consumer.answerCommit();
    await bench.turn(2);
    assert.deepEqual(unassigned(bench), [["work/0"]]);
    assert.equal(consumer.committed.get("work/0"), 3);
    consumer.commitAnswers = "at once";
  });

  test("stays closed to the poll when it catches up with --max-ahead meanwhile", async () => {
    const { bench, work } = await assigned({ maxAhead: 3 });
    await using _ = bench;
    assert.equal(bench.consumer.isBlocked("work", 0), true);
    bench.consumer.append("work", 0, 4);
    bench.consumer.change("revoke", P0);
    await bench.turn(2);
    work.run(1).finish();
    await bench.turn(4);
    assert.equal(bench.consumer.isBlocked("work", 0), true);
    assert.deepEqual(work.inputs(), [1, 2, 3, 11]);
  });

  test("changes behind a revocation wait for it, in their order", async () => {
    const { bench, work } = await assigned();
    await using _ = bench;
    const P2 = { topic: "work", partition: 2 };
    bench.consumer.append("work", 2, 21);
    bench.consumer.change("revoke", P0);
    bench.consumer.change("assign", P2);
    bench.consumer.change("revoke", P1);
    await bench.turn(3);
    assert.equal(bench.consumer.answers.length, 1);
    for (const input of [1, 2, 3]) work.run(input).finish();
    await bench.turn(4);
    assert.deepEqual(bench.consumer.answers.slice(1), [
      { kind: "unassign", partitions: ["work/0"] },
      { kind: "assign", partitions: ["work/2"] },
    ]);
    await bench.turn(2);
    assert.equal(work.inputs().at(-1), 21);
    work.run(11).finish();
    await bench.turn(4);
    assert.deepEqual(unassigned(bench), [["work/0"], ["work/1"]]);
  });

  test("that is not ours any more, and a revoke of nothing, are answered all the same", async () => {
    const { bench } = await assigned();
    await using _ = bench;
    bench.consumer.change("revoke", { topic: "work", partition: 9 });
    bench.consumer.change("revoke");
    await bench.turn(3);
    assert.deepEqual(unassigned(bench), [["work/9"], []]);
  });
});

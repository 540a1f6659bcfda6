/** Leaving: what runs may end within the grace; the exit code says what happened. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EXIT } from "../../src/errors.ts";
import { Bench } from "./support/bench.ts";
import { manualTask } from "./support/manual_task.ts";

const P0 = { topic: "work", partition: 0 };
const RETRY = { attempts: 2, min: "1s", max: "1s", jitter: "none" } as const;

async function running(options = {}, taskOptions = {}) {
  const work = manualTask({ topic: "work", retry: RETRY, ...taskOptions });
  const bench = new Bench({ work: work.task }, { graceMs: 20_000, ...options });
  bench.consumer.append("work", 0, 1, 2);
  await bench.assign(P0);
  return { bench, work };
}

describe("a worker that is asked to stop", () => {
  test("takes nothing new, lets what runs end, commits, and exits 0", async () => {
    const { bench, work } = await running();
    await using _ = bench;
    assert.equal(bench.worker.leaveBy, Infinity);
    bench.worker.stop("SIGTERM");
    assert.equal(bench.worker.leaveBy, 27_000);
    await bench.turn(2);
    bench.consumer.append("work", 0, 3);
    await bench.turn(3);
    assert.deepEqual(work.inputs(), [1, 2]);
    assert.equal(work.run(1).context.signal.aborted, false);
    work.run(1).finish();
    work.run(2).finish();
    assert.equal(await bench.end(), EXIT.ok);
    assert.equal(bench.consumer.committed.get("work/0"), 2);
    assert.notEqual(bench.consumer.closedWith, null);
    assert.deepEqual(
      bench.stats.events.filter(({ event }) => event === "draining" || event === "stopped"),
      [
        { event: "draining", reason: "SIGTERM", inFlight: 2 },
        { event: "stopped", exitCode: EXIT.ok },
      ],
    );
  });

  test("looks again when the grace, and when the wait after the abort is over", async () => {
    const { bench } = await running();
    await using _ = bench;
    await bench.advance(1000);
    bench.worker.stop("SIGTERM");
    await bench.turn(2);
    assert.equal(bench.worker.nextDue, 21_000);
    await bench.advance(20_000);
    assert.equal(bench.worker.phase, "aborting");
    assert.equal(bench.worker.nextDue, 24_000);
  });

  test("with nothing to do leaves at once", async () => {
    await using bench = new Bench({ work: manualTask({ topic: "work" }).task });
    await bench.turn();
    bench.worker.stop("SIGTERM");
    assert.equal(await bench.end(), EXIT.ok);
    assert.equal(bench.clock.now(), 0);
  });

  test("waits for the answer to its last commit while the grace lasts, and tells when none came", async () => {
    const { bench, work } = await running();
    await using _ = bench;
    bench.consumer.commitAnswers = "on command";
    for (const offset of [1, 2]) work.run(offset).finish();
    bench.worker.stop("SIGTERM");
    await bench.turn(5);
    assert.deepEqual(bench.consumer.commitInFlight, [{ ...P0, offset: 2 }]);
    await bench.advance(19_999);
    assert.equal(bench.exitCode, null, "not yet");
    await bench.advance(1);
    assert.equal(await bench.end(), EXIT.interrupted);
    assert.match(bench.stats.of("commit-refused")[0]!.reason, /no answer before the end/);
  });

  test("repeats its last commit when that is refused", async () => {
    const { bench, work } = await running();
    await using _ = bench;
    bench.consumer.refuseCommit = () => ({ code: 29, message: "no" });
    work.run(1).finish();
    work.run(2).finish();
    bench.worker.stop("SIGTERM");
    await bench.turn(5);
    bench.consumer.refuseCommit = () => null;
    await bench.advance(500);
    assert.equal(await bench.end(), EXIT.ok);
    assert.equal(bench.consumer.committed.get("work/0"), 2);
  });

  test("starts no retry, and leaves what waits for one to the next run", async () => {
    const { bench, work } = await running();
    await using _ = bench;
    work.run(1).fail(new Error("no"));
    await bench.turn(2);
    bench.worker.stop("SIGTERM");
    await bench.turn(2);
    await bench.advance(5000, 3);
    assert.equal(work.runs.length, 2);
    work.run(2).finish();
    assert.equal(await bench.end(), EXIT.ok);
    assert.equal(bench.consumer.committed.get("work/0") ?? 0, 0);
  });

  test("sleeps while it drains, though a retry is due that will not start", async () => {
    const { bench, work } = await running();
    await using _ = bench;
    work.run(1).fail(new Error("no"));
    await bench.turn(2);
    bench.worker.stop("SIGTERM");
    await bench.turn(2);
    await bench.advance(5000, 3);
    assert.ok(bench.worker.runner.nextDue > bench.clock.now(), "or the loop would spin");
    work.run(2).finish();
    await bench.end();
  });

  test("waits for dead letters on their way", async () => {
    const { bench, work } = await running({}, { retry: { attempts: 1 } });
    await using _ = bench;
    bench.producer.answers = "on command";
    work.run(1).fail(new Error("no"));
    work.run(2).finish();
    await bench.turn(2);
    bench.worker.stop("SIGTERM");
    await bench.advance(10_000, 5);
    assert.equal(bench.exitCode, null);
    bench.producer.sent[0]!.acknowledge();
    assert.equal(await bench.end(), EXIT.ok);
    assert.equal(bench.consumer.committed.get("work/0"), 2);
  });

  test("exits 5 when a dead letter is not acknowledged in time, and leaves its offset", async () => {
    const { bench, work } = await running({}, { retry: { attempts: 1 } });
    await using _ = bench;
    bench.producer.answers = "on command";
    work.run(1).fail(new Error("no"));
    work.run(2).finish();
    await bench.turn(2);
    bench.worker.stop("SIGTERM");
    await bench.turn(2);
    await bench.advance(20_000);
    await bench.advance(3000);
    assert.equal(await bench.end(), EXIT.interrupted);
    assert.equal(bench.consumer.committed.get("work/0"), 0);
  });
});

describe("at the end of the grace", () => {
  test("what runs is aborted; what then fails is left unfinished, uncounted, and makes it exit 5", async () => {
    const { bench, work } = await running();
    await using _ = bench;
    bench.worker.stop("SIGTERM");
    await bench.turn(2);
    await bench.advance(19_999);
    assert.equal(work.run(1).context.signal.aborted, false);
    await bench.advance(1);
    assert.match(String(work.run(1).context.signal.reason), /The worker is shutting down/);
    assert.deepEqual(bench.stats.of("aborting"), [{ event: "aborting", inFlight: 2 }]);
    work.run(1).finish();
    work.run(2).fail(work.run(2).context.signal.reason);
    assert.equal(await bench.end(), EXIT.interrupted);
    assert.equal(bench.consumer.committed.get("work/0"), 1);
    const { done, failed, retried, dead } = bench.stats.counts.get("work")!;
    assert.deepEqual([done, failed, retried, dead], [1, 0, 0, 0]);
  });

  test("what still succeeds is done: it exits 0", async () => {
    const { bench, work } = await running();
    await using _ = bench;
    bench.worker.stop("SIGTERM");
    await bench.turn(2);
    await bench.advance(20_000);
    work.run(1).finish();
    work.run(2).finish();
    assert.equal(await bench.end(), EXIT.ok);
    assert.equal(bench.consumer.committed.get("work/0"), 2);
  });

  test("tasks that never settle are left behind after 3 s, and it exits 5", async () => {
    const { bench, work } = await running();
    await using _ = bench;
    bench.worker.stop("SIGTERM");
    await bench.turn(2);
    await bench.advance(20_000);
    await bench.advance(2999);
    assert.equal(bench.exitCode, null);
    await bench.advance(1);
    assert.equal(await bench.end(), EXIT.interrupted);
    assert.equal(bench.consumer.committed.get("work/0") ?? 0, 0);
    work.run(1).finish();
  });
});

describe("a second request to stop", () => {
  test("aborts at once", async () => {
    const { bench, work } = await running({ graceMs: 3_600_000 });
    await using _ = bench;
    bench.worker.stop("SIGTERM");
    await bench.turn(2);
    bench.worker.stop("SIGTERM");
    await bench.turn(2);
    assert.equal(work.run(1).context.signal.aborted, true);
    for (const input of [1, 2]) work.run(input).fail(new Error("aborted"));
    assert.equal(await bench.end(), EXIT.interrupted);
    assert.equal(bench.stats.of("draining").length, 1);
  });

  test("keeps the exit code of the first", async () => {
    const { bench } = await running();
    await using _ = bench;
    bench.worker.stop("SIGTERM", EXIT.interrupted);
    bench.worker.stop("SIGTERM", EXIT.ok);
    await bench.turn(2);
    await bench.advance(3000, 3);
    assert.equal(await bench.end(), EXIT.interrupted);
  });
});

describe("while a partition is revoked", () => {
  test("a shutdown answers the revoke before it leaves", async () => {
    const { bench, work } = await running();
    await using _ = bench;
    bench.consumer.change("revoke", P0);
    await bench.turn(2);
    bench.worker.stop("SIGTERM");
    await bench.turn(2);
    work.run(1).finish();
    work.run(2).finish();
    assert.equal(await bench.end(), EXIT.ok);
    assert.deepEqual(bench.consumer.answers.at(-1), { kind: "unassign", partitions: ["work/0"] });
    assert.equal(bench.consumer.committed.get("work/0"), 2);
  });

  test("also when its tasks never settle", async () => {
    const { bench } = await running({ revokeDrainMs: 3_600_000, graceMs: 0 });
    await using _ = bench;
    bench.consumer.change("revoke", P0);
    await bench.turn(2);
    bench.worker.stop("SIGTERM");
    await bench.turn(2);
    await bench.advance(3000, 3);
    assert.equal(await bench.end(), EXIT.interrupted);
    assert.deepEqual(bench.consumer.answers.at(-1), { kind: "unassign", partitions: ["work/0"] });
  });

  test("tasks that the revoke aborted make no exit code", async () => {
    const { bench, work } = await running({ revokeDrainMs: 0 });
    await using _ = bench;
    bench.consumer.change("revoke", P0);
    await bench.turn(3);
    for (const input of [1, 2]) work.run(input).fail(new Error("aborted"));
    await bench.turn(2);
    bench.worker.stop("SIGTERM");
    assert.equal(await bench.end(), EXIT.ok);
  });
});

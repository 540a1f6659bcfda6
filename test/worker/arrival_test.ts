/** Partitions that were just assigned are looked up, and begin when that is done. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { KafkaError } from "../../src/errors.ts";
import { P0, P1 } from "./support/assigned.ts";
import { Bench } from "./support/bench.ts";
import { manualTask } from "./support/manual_task.ts";

describe("an assignment", () => {
  test("is asked for again when the brokers cannot tell where the group stands, and told once", async () => {
    const { task: work, inputs } = manualTask({ topic: "work" });
    await using bench = new Bench({ work });
    const { consumer } = bench;
    consumer.append("work", 0, 1);
    consumer.failLookUp = new KafkaError("Broker: Coordinator load in progress", { kafkaCode: 14 });
    await bench.assign(P0);
    await bench.advance(500, 3);
    await bench.advance(500, 3);
    assert.deepEqual([consumer.answers.length, inputs()], [1, []], "answered, and not polled");
    assert.deepEqual(bench.stats.of("kafka-error"), [{
      event: "kafka-error",
      code: 14,
      reason: "Cannot look up the group's offsets: Broker: Coordinator load in progress",
    }]);
    consumer.failLookUp = null;
    await bench.advance(500, 6);
    assert.deepEqual(inputs(), [1]);
  });

  test("begins where the brokers can tell, and is asked for again for the others", async () => {
    const { task: work, inputs } = manualTask({ topic: "work" });
    await using bench = new Bench({ work });
    const { consumer } = bench;
    consumer.append("work", 0, 1);
    consumer.append("work", 1, 11);
    consumer.untold.set("work/0", new KafkaError("Broker: Leader not available"));
    await bench.assign(P0, P1);
    assert.deepEqual(inputs(), [11]);
    await bench.advance(500, 4);
    assert.equal(bench.stats.of("kafka-error").length, 1);
    consumer.untold.clear();
    await bench.advance(500, 6);
    assert.deepEqual(inputs(), [11, 1]);
  });

  test("begins in the others when one partition cannot be sought, which is tried again", async () => {
    const { task: work, inputs } = manualTask({ topic: "work" });
    await using bench = new Bench({ work });
    const { consumer } = bench;
    consumer.append("work", 0, 1, 2);
    consumer.append("work", 1, 11);
    // Beyond the end, so that it goes on there.
    consumer.committed.set("work/0", 5);
    consumer.unseekable.set("work/0", new KafkaError("Local: Erroneous state"));
    await bench.assign(P0, P1);
    assert.deepEqual(inputs(), [11]);
    consumer.unseekable.clear();
    await bench.advance(500, 6);
    consumer.append("work", 0, 3);
    await bench.turn(2);
    assert.deepEqual(inputs(), [11, 3]);
    assert.equal(bench.stats.of("offset-reset").length, 1);
  });

  test("without a commit is sought, and begins just as well where it cannot be", async () => {
    const { task: work, inputs } = manualTask({ topic: "work" });
    await using bench = new Bench({ work });
    const { consumer } = bench;
    consumer.append("work", 0, 1);
    consumer.append("work", 1, 11);
    consumer.unseekable.set("work/1", new KafkaError("Local: Erroneous state"));
    await bench.assign(P0, P1);
    assert.deepEqual(inputs(), [1, 11]);
    assert.deepEqual(consumer.sought, ["work/0"]);
    assert.deepEqual(bench.stats.of("kafka-error"), []);
  });

  test("with a commit is not sought, which would fetch again", async () => {
    const { task: work, inputs } = manualTask({ topic: "work" });
    await using bench = new Bench({ work });
    const { consumer } = bench;
    consumer.append("work", 0, 1, 2);
    consumer.committed.set("work/0", 1);
    await bench.assign(P0);
    assert.deepEqual([inputs(), consumer.sought], [[2], []]);
  });

  test("is polled in the turn that takes the answer to its first commit: a sleep may come next", async () => {
    const { task: work, inputs } = manualTask({ topic: "work" });
    await using bench = new Bench({ work });
    const { consumer } = bench;
    consumer.append("work", 0, 1);
    consumer.commitAnswers = "on command";
    consumer.change("assign", P0);
    await bench.until("the first commit", () => consumer.commitInFlight !== null);
    assert.deepEqual(inputs(), []);
    consumer.answerCommit();
    await bench.turn();
    assert.deepEqual(inputs(), [1]);
    consumer.commitAnswers = "at once";
  });

  test("waits for the topic's id, without which a map of finished messages is no use", async () => {
    const first = manualTask({ topic: "work" });
    await using before = new Bench({ work: first.task });
    before.consumer.append("work", 0, 0, 1, 2);
    await before.assign(P0);
    for (const input of [1, 2]) first.run(input).finish();
    await before.turn();
    await before.advance(1000);
    const { task: work, inputs } = manualTask({ topic: "work" });
    await using bench = new Bench({ work });
    const { consumer } = bench;
    consumer.inherit(before.consumer);
    consumer.unidentified.set("work", new KafkaError("Broker: Unknown topic or partition"));
    await bench.assign(P0);
    assert.deepEqual(inputs(), []);
    assert.match(bench.stats.of("kafka-error")[0]!.reason, /Unknown topic or partition/);
    consumer.unidentified.clear();
    await bench.advance(500, 6);
    assert.deepEqual([inputs(), bench.stats.of("metadata-ignored")], [[0], []]);
  });

  test("begins without the topic's id when nobody tells it for 10 s", async () => {
    const { task: work, inputs } = manualTask({ topic: "work" });
    await using bench = new Bench({ work });
    const { consumer } = bench;
    consumer.append("work", 0, 0);
    consumer.unidentified.set("work", new KafkaError("Broker: Unknown topic or partition"));
    await bench.assign(P0);
    for (let ms = 0; ms < 9000; ms += 500) await bench.advance(500, 3);
    assert.deepEqual(inputs(), []);
    for (let ms = 0; ms < 2000; ms += 500) await bench.advance(500, 4);
    assert.deepEqual(inputs(), [0]);
  });

  test("is run from its start when its topic is made again while nobody can tell", async () => {
    const { task: work, inputs } = manualTask({ topic: "work" });
    await using bench = new Bench({ work });
    const { consumer } = bench;
    consumer.append("work", 0, 0, 1, 2);
    consumer.committed.set("work/0", 3);
    consumer.failLookUp = new KafkaError("no");
    await bench.assign(P0);
    // The client is where the commit was, which went with the old log.
    consumer.recreate("work", 0, 3);
    consumer.committed.clear();
    consumer.append("work", 0, 10, 11, 12, 13);
    consumer.failLookUp = null;
    await bench.advance(500, 6);
    assert.deepEqual(inputs(), [10, 11, 12, 13]);
  });

  test("that is lost while it is looked up: is forgotten", async () => {
    const { task: work, inputs } = manualTask({ topic: "work" });
    await using bench = new Bench({ work });
    const { consumer } = bench;
    consumer.append("work", 0, 1);
    consumer.append("work", 1, 2);
    consumer.failLookUp = new KafkaError("no");
    await bench.assign(P0);
    consumer.change("lost", P0);
    await bench.turn(2);
    consumer.failLookUp = null;
    await bench.advance(1000, 5);
    assert.deepEqual(inputs(), []);
    await bench.assign(P1);
    assert.deepEqual(inputs(), [2]);
  });

  test("that is looked up when the worker leaves: is answered, and nothing of it runs", async () => {
    const { task: work, inputs } = manualTask({ topic: "work" });
    const bench = new Bench({ work });
    bench.consumer.append("work", 0, 1);
    bench.consumer.failLookUp = new KafkaError("no");
    await bench.assign(P0);
    bench.worker.stop("test");
    assert.equal(await bench.end(), 0);
    assert.deepEqual(bench.consumer.answers, [{ kind: "assign", partitions: ["work/0"] }]);
    assert.deepEqual(inputs(), []);
  });

  test("that comes while the last commits are sent is left alone", async () => {
    const { task: work, run } = manualTask({ topic: "work" });
    const bench = new Bench({ work });
    const { consumer } = bench;
    consumer.append("work", 0, 1);
    await bench.assign(P0);
    run(1).finish();
    await bench.turn(2);
    consumer.commitAnswers = "on command";
    bench.worker.stop("test");
    await bench.turn(2);
    assert.equal(bench.worker.phase, "committing");
    consumer.change("assign", P1);
    await bench.turn(3);
    consumer.commitAnswers = "at once";
    consumer.answerCommit();
    assert.equal(await bench.end(), 0);
    assert.equal(consumer.committed.has("work/1"), false);
    assert.deepEqual(consumer.answers.at(-1), { kind: "assign", partitions: ["work/1"] });
  });

  test("is not polled before the broker has confirmed its first commit", async () => {
    const { task: work, inputs } = manualTask({ topic: "work" });
    await using bench = new Bench({ work });
    const { consumer } = bench;
    consumer.append("work", 0, 1);
    consumer.commitAnswers = "on command";
    consumer.change("assign", P0);
    await bench.turn(6);
    assert.deepEqual(consumer.commitInFlight, [{ ...P0, offset: 0 }]);
    assert.deepEqual(inputs(), []);
    consumer.answerCommit();
    await bench.turn(3);
    assert.deepEqual(inputs(), [1]);
    consumer.commitAnswers = "at once";
  });
});

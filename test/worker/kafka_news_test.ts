/** Problems that Kafka tells: which make the worker leave, and which are told alone. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EXIT, KafkaError } from "../../src/errors.ts";
import { Bench } from "./support/bench.ts";
import { manualTask } from "./support/manual_task.ts";

const P0 = { topic: "work", partition: 0 };

async function running() {
  const work = manualTask({ topic: "work" });
  const bench = new Bench({ work: work.task });
  bench.consumer.append("work", 0, 1, 2);
  await bench.assign(P0);
  return { bench, work };
}

describe("what Kafka tells", () => {
  test("a fatal problem makes the worker leave with exit code 4 and the reason, after a drain", async () => {
    const { bench, work } = await running();
    await using _ = bench;
    bench.consumer.problem({ code: -150, message: "Static member fenced", fatal: true });
    bench.consumer.problem({ code: -150, message: "again", fatal: true });
    await bench.turn(3);
    assert.equal(bench.worker.phase, "draining");
    work.run(1).finish();
    work.run(2).finish();
    assert.equal(await bench.end(), EXIT.kafka);
    assert.ok(bench.worker.failure instanceof KafkaError);
    assert.match(bench.worker.failure.message, /Static member fenced/);
    assert.equal(bench.stats.of("kafka-error").length, 2);
  });

  test("other problems are told, and the worker goes on", async () => {
    const { bench } = await running();
    await using _ = bench;
    bench.consumer.problem({ code: -195, message: "Disconnected" });
    bench.consumer.pollError({
      queue: -1,
      error: -195,
      text: "the consumer tells this one itself",
    });
    bench.consumer.pollError({ queue: 7, error: 3, text: "Unknown topic", topic: "work" });
    await bench.turn(3);
    assert.equal(bench.worker.phase, "running");
    assert.deepEqual(bench.stats.of("kafka-error").map(({ reason }) => reason), [
      "Disconnected",
      'Unknown topic (topic "work")',
    ]);
  });

  test("lost brokers are told, with the time since, and their return", async () => {
    const { bench } = await running();
    await using _ = bench;
    await bench.advance(1000);
    bench.consumer.broker({ up: false, broker: null, reason: "all brokers are down" });
    await bench.turn(2);
    await bench.advance(5000);
    assert.deepEqual(bench.worker.broker, { state: "down", sinceMs: 5000 });
    bench.consumer.broker({ up: true, broker: null });
    await bench.turn(2);
    assert.deepEqual(bench.worker.broker, { state: "up", sinceMs: 0 });
    assert.deepEqual(bench.stats.of("broker-down"), [
      { event: "broker-down", broker: null, reason: "all brokers are down" },
    ]);
    assert.equal(bench.stats.of("broker-up").length, 1);
  });
});

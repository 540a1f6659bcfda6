/** Dead letters: acknowledged before the offset is finished, the message as it was. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { KafkaError } from "../../src/errors.ts";
import { task } from "../../src/task/task.ts";
import { Bench } from "./support/bench.ts";
import type { LogMessage } from "./support/fake_kafka.ts";
import { headersOf, tooLarge, toText } from "./support/fake_producer.ts";

const P0 = { topic: "work", partition: 0 };

function failing(message = "broken") {
  return task({
    topic: "work",
    retry: { attempts: 1 },
    decode: () => null,
    run: () => {
      throw new Error(message);
    },
  });
}

const bytes = (text: string) => new TextEncoder().encode(text);
const list = (value: unknown) =>
  value instanceof Uint8Array ? [...value] : typeof value === "string" ? [...bytes(value)] : value;

/** The dead letter that becomes of a message. */
async function bury(message: LogMessage) {
  await using bench = new Bench({ work: failing() });
  bench.consumer.append("work", 0, message);
  await bench.assign(P0);
  await bench.until("its dead letter", () => bench.producer.sent.length === 1);
  return bench.producer.sent[0]!.message;
}

describe("a dead letter", () => {
  test("is acknowledged before its offset is finished", async () => {
    await using bench = new Bench({ work: failing() });
    bench.producer.answers = "on command";
    bench.consumer.append("work", 0, 1);
    await bench.assign(P0);
    await bench.until("the dead letter", () => bench.producer.sent.length === 1);
    await bench.advance(60_000, 5);
    assert.equal(bench.consumer.committed.get("work/0"), 0);
    assert.equal(bench.stats.of("dead").length, 0);
    assert.equal(bench.worker.runner.burials.inFlight, 1);
    bench.producer.sent[0]!.acknowledge();
    await bench.turn(2);
    await bench.advance(1000);
    assert.equal(bench.consumer.committed.get("work/0"), 1);
    assert.equal(bench.stats.of("dead").length, 1);
    assert.equal(bench.worker.runner.burials.inFlight, 0);
    assert.equal(bench.worker.runner.heldBytes, 0);
  });

  test("carries key, value and headers byte for byte, duplicates and null values included", async () => {
    const raw = fc.uint8Array({ maxLength: 30 });
    const nullable = fc.option(raw);
    await fc.assert(
      fc.asyncProperty(
        nullable,
        nullable,
        fc.array(fc.tuple(fc.oneof(fc.constantFrom("a", "b", "ü"), raw), nullable)),
        async (key, value, headers) => {
          const dead = await bury({ key, value, headers });
          assert.equal(dead.topic, "g.work.dead");
          assert.deepEqual(list(dead.key), list(key));
          assert.deepEqual(list(dead.value), list(value));
          assert.deepEqual(
            dead.headers.slice(0, headers.length).map(([name, value]) => [list(name), list(value)]),
            headers.map(([name, value]) => [list(name), list(value)]),
          );
        },
      ),
      { numRuns: 40 },
    );
  });

  test("says where it came from and what went wrong", async () => {
    await using bench = new Bench({ work: failing("no such \u0007 user") });
    bench.consumer.append("work", 0, null, 1);
    await bench.assign(P0);
    await bench.until("the dead letter", () => bench.producer.sent.length === 1);
    const { "taskc-error-stack": stack, ...headers } = headersOf(bench.producer.sent[0]!.message);
    assert.deepEqual(headers, {
      "taskc-origin": "work/0/1",
      "taskc-attempts": "1",
      "taskc-error-name": "Error",
      "taskc-task": "work",
      "taskc-error": "no such \u0007 user",
      "taskc-first-failure": "2026-01-01T00:00:00.000Z",
      "taskc-last-failure": "2026-01-01T00:00:00.000Z",
    });
    assert.match(stack!, /dead_letters_test/);
  });

  test("of a message that was one before: our headers are replaced, its own are kept", async () => {
    const dead = await bury({
      value: bytes("x"),
      headers: [
        ["taskc-error", "old"],
        ["mine", "1"],
        ["taskc-origin", "other/7/7"],
        ["taskc-error", "older"],
      ],
    });
    const names = dead.headers.map(([name]) => toText(name));
    assert.equal(names.filter((name) => name === "taskc-error").length, 1);
    assert.equal(headersOf(dead)["taskc-error"], "broken");
    assert.equal(headersOf(dead)["taskc-origin"], "work/0/0");
    assert.equal(headersOf(dead).mine, "1");
  });

  test("has its error cut to what a record can carry", async () => {
    await using bench = new Bench({ work: failing("x".repeat(1_000_000)) });
    bench.consumer.append("work", 0, 1);
    await bench.assign(P0);
    await bench.until("the dead letter", () => bench.producer.sent.length === 1);
    const headers = headersOf(bench.producer.sent[0]!.message);
    assert.equal(headers["taskc-error"]!.length, 2000);
    assert.ok(headers["taskc-error-stack"]!.length <= 8000);
  });

  test("that is too large goes again at once, with the shortest headers", async () => {
    for (const code of [10, 18]) {
      await using bench = new Bench({ work: failing() });
      const { producer } = bench;
      producer.refuse = ({ headers }) =>
        headers.some(([name]) => name === "taskc-error-stack")
          ? new KafkaError("too large", { kafkaCode: code })
          : null;
      bench.consumer.append("work", 0, { value: bytes("x"), headers: [["mine", "1"]] });
      await bench.assign(P0);
      await bench.until("the second try", () => bench.stats.of("dead").length === 1);
      assert.equal(producer.sent.length, 2);
      assert.deepEqual(headersOf(producer.sent[1]!.message), {
        "mine": "1",
        "taskc-origin": "work/0/0",
        "taskc-attempts": "1",
        "taskc-error-name": "Error",
      });
      assert.equal(bench.stats.of("dead-letter-refused").length, 0);
    }
  });

  test("that is refused is sent again with a backoff, and its offset stays", async () => {
    await using bench = new Bench({ work: failing() });
    const { producer, stats } = bench;
    producer.refuse = () => new KafkaError("Broker: Topic authorization failed", { kafkaCode: 29 });
    bench.consumer.append("work", 0, 1);
    await bench.assign(P0);
    await bench.until("the refusal", () => stats.of("dead-letter-refused").length === 1);
    assert.deepEqual(stats.of("dead-letter-refused"), [{
      event: "dead-letter-refused",
      deadLetterTopic: "g.work.dead",
      reason: "Broker: Topic authorization failed",
      waiting: 1,
      retryInMs: 1000,
    }]);
    for (const wait of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
      const before = producer.sent.length;
      await bench.advance(wait - 1);
      assert.equal(producer.sent.length, before);
      await bench.advance(1);
      assert.equal(producer.sent.length, before + 1);
    }
    assert.equal(bench.consumer.committed.get("work/0"), 0);
    producer.refuse = () => null;
    await bench.advance(30_000, 4);
    assert.equal(stats.of("dead").length, 1);
    assert.equal(stats.counts.get("work")!.dead, 1);
    await bench.advance(1000);
    assert.equal(bench.consumer.committed.get("work/0"), 1);
    assert.equal(bench.worker.runner.waiting, 0);
  });

  test("is told by topic: at once, then less and less often, and when none waits any more", async () => {
    await using bench = new Bench({ work: failing() });
    const { producer, stats } = bench;
    producer.refuse = () => new KafkaError("no");
    bench.consumer.append("work", 0, 1, 2, 3, 4, 5);
    await bench.assign(P0);
    await bench.until("all refusals", () => producer.sent.length === 5);
    await bench.turn(3);
    const told = () => stats.of("dead-letter-refused").map(({ waiting }) => waiting);
    assert.deepEqual(told(), [1]);
    // Tries at 1, 3, 7, 15, 31 and 61 s.
    for (let second = 0; second < 90; second++) await bench.advance(1000, 3);
    assert.deepEqual(told(), [1, 5, 5]);
    producer.refuse = ({ value }) =>
      String.fromCharCode(...value!) === "5" ? new KafkaError("no") : null;
    for (let second = 0; second < 30; second++) await bench.advance(1000, 3);
    assert.equal(stats.of("dead").length, 4);
    assert.equal(stats.of("dead-letter-accepted").length, 0, "one still waits");
    producer.refuse = () => null;
    for (let second = 0; second < 31; second++) await bench.advance(1000, 3);
    assert.deepEqual(stats.of("dead-letter-accepted"), [
      { event: "dead-letter-accepted", deadLetterTopic: "g.work.dead" },
    ]);
    producer.refuse = () => new KafkaError("no");
    bench.consumer.append("work", 0, 6);
    await bench.until("the next refusal", () => told().length === 4);
    assert.deepEqual(told().at(-1), 1, "a new trouble is told at once");
  });

  test("refused as too large even with short headers, it waits like any other", async () => {
    await using bench = new Bench({ work: failing() });
    bench.producer.refuse = tooLarge;
    bench.consumer.append("work", 0, 1);
    await bench.assign(P0);
    await bench.until("the refusal", () => bench.stats.of("dead-letter-refused").length === 1);
    assert.equal(bench.producer.sent.length, 2);
  });

  test("that cannot be written holds up no other task", async () => {
    const seen: unknown[] = [];
    const other = task({ topic: "other", run: (input: unknown) => void seen.push(input) });
    await using bench = new Bench({ work: failing(), other }, { concurrency: 2 });
    bench.producer.refuse = () => new KafkaError("no");
    bench.consumer.append("work", 0, 1, 2, 3, 4, 5);
    bench.consumer.append("other", 0, 1, 2, 3, 4, 5);
    await bench.assign(P0, { topic: "other", partition: 0 });
    await bench.turn(10);
    assert.deepEqual(seen, [1, 2, 3, 4, 5]);
    await bench.advance(1000);
    assert.equal(bench.consumer.committed.get("other/0"), 5);
    assert.equal(bench.consumer.committed.get("work/0"), 0);
  });
});

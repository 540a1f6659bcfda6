import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Context } from "../../src/task/context.ts";
import { bindSender, task } from "../../src/task/task.ts";
import { Bench } from "./support/bench.ts";
import type { LogMessage } from "./support/fake_kafka.ts";
import { manualTask } from "./support/manual_task.ts";

/** The context of one message's first attempt, and the bench it lives on. */
async function contextOf(
  message: LogMessage,
  use: (context: Context, bench: Bench) => unknown,
): Promise<void> {
  const work = manualTask({ topic: "orders", name: "work", decode: "text", timeout: "30s" });
  await using bench = new Bench({ work: work.task });
  bench.consumer.append("orders", 3, null, message);
  await bench.assign({ topic: "orders", partition: 3 });
  await use(work.runs[0]!.context, bench);
}

const bytes = (...values: number[]) => new Uint8Array(values);

describe("the context", () => {
  test("tells the task, the attempt and where the message is", async () => {
    await contextOf({ value: "x", timestamp: 12345 }, (context) => {
      const { task, attempt, topic, partition, offset, timestamp } = context;
      assert.deepEqual(
        { task, attempt, topic, partition, offset, timestamp },
        { task: "work", attempt: 1, topic: "orders", partition: 3, offset: 1, timestamp: 12345 },
      );
    });
    await contextOf({ value: "x" }, ({ timestamp }) => assert.equal(timestamp, -1));
  });

  test("as JSON it is all that is about the message", async () => {
    const message = { value: "x", key: "k", timestamp: 5, headers: [["a", "b"]] } as LogMessage;
    await contextOf(message, (context) => {
      assert.deepEqual(JSON.parse(JSON.stringify(context)), {
        ...{ id: "orders/3/1", task: "work", attempt: 1, key: "k", headers: { a: "b" } },
        ...{ topic: "orders", partition: 3, offset: 1, timestamp: 5 },
      });
    });
  });

  test("id is the ce_id, else where the message is", async () => {
    await contextOf({ value: "x" }, ({ id }) => assert.equal(id, "orders/3/1"));
    await contextOf(
      { value: "x", headers: [["ce_id", "first"], ["ce_id", "a-1"]] },
      ({ id }) => assert.equal(id, "a-1"),
    );
    await contextOf(
      { value: "x", headers: [["ce_id", null]] },
      ({ id }) => assert.equal(id, "orders/3/1"),
    );
  });

  test("id of a structured CloudEvent is the one inside", async () => {
    const value = JSON.stringify({ specversion: "1.0", id: "b-2", type: "work", data: 1 });
    await contextOf(
      { value, headers: [["content-type", "application/cloudevents+json"]] },
      ({ id }) => assert.equal(id, "b-2"),
    );
  });

  test("key as text and as bytes; null without one, which is not the empty key", async () => {
    await contextOf({ value: "x", key: "ü" }, ({ key, keyBytes }) => {
      assert.equal(key, "ü");
      assert.deepEqual([...keyBytes!], [0xc3, 0xbc]);
    });
    await contextOf({ value: "x" }, ({ key, keyBytes }) => {
      assert.deepEqual([key, keyBytes], [null, null]);
    });
    await contextOf({ value: "x", key: "" }, ({ key, keyBytes }) => {
      assert.equal(key, "");
      assert.equal(keyBytes!.length, 0);
    });
  });

  test("a key that is no UTF-8 is shown with replacements, its bytes are as sent", async () => {
    await contextOf({ value: "x", key: bytes(0xff, 0x41) }, ({ key, keyBytes }) => {
      assert.equal(key, "\ufffdA");
      assert.deepEqual([...keyBytes!], [0xff, 0x41]);
    });
  });

  test("headers as text, the last of a name; one whose last value is null is not there", async () => {
    const headers: LogMessage["headers"] = [
      ["a", "1"],
      ["b", "1"],
      ["a", "2"],
      ["b", null],
      ["__proto__", "p"],
      ["empty", ""],
    ];
    await contextOf({ value: "x", headers }, (context) => {
      assert.deepEqual(Object.entries(context.headers), [
        ["a", "2"],
        ["__proto__", "p"],
        ["empty", ""],
      ]);
      assert.equal(context.headers.b, undefined);
      assert.equal(context.headers.toString, undefined);
    });
    await contextOf({ value: "x" }, (context) => assert.deepEqual({ ...context.headers }, {}));
  });

  test("signal is one object, aborted later when it was asked for before", async () => {
    await contextOf({ value: "x" }, async (context, bench) => {
      const { signal } = context;
      assert.equal(context.signal, signal);
      let told: unknown;
      signal.addEventListener("abort", () => told = signal.reason);
      await bench.advance(30_000);
      assert.equal((told as Error).name, "TimeoutError");
    });
  });

  test("signal is aborted already when it is asked for after the fact", async () => {
    await contextOf({ value: "x" }, async (context, bench) => {
      await bench.advance(30_000);
      assert.equal(context.signal.aborted, true);
      assert.equal((context.signal.reason as Error).name, "TimeoutError");
    });
  });

  test("log goes to the stats with the task's name and the fields", async () => {
    await contextOf({ value: "x" }, ({ log }, bench) => {
      log.debug("a");
      log.info("b", { id: 1 });
      log.warn("c");
      log.error(5 as unknown as string);
      assert.deepEqual(bench.stats.of("log"), [
        { event: "log", task: "work", level: "debug", message: "a" },
        { event: "log", task: "work", level: "info", message: "b", fields: { id: 1 } },
        { event: "log", task: "work", level: "warn", message: "c" },
        { event: "log", task: "work", level: "error", message: "5" },
      ]);
    });
  });

  test("send validates and sends to another task", async () => {
    const sent: string[] = [];
    bindSender(({ topic, value }) => {
      sent.push(`${topic} ${new TextDecoder().decode(value!)}`);
      return Promise.resolve({ topic, partition: 0, offset: 41 });
    });
    try {
      const other = task({ name: "other", run: () => {} });
      await contextOf({ value: "x" }, async (context) => {
        assert.equal((await context.send(other, { a: 1 })).offset, 41);
        assert.deepEqual(sent, ['other {"a":1}']);
      });
    } finally {
      bindSender(null);
    }
  });
});

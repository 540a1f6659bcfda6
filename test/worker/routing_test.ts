/** Which task gets which message, and what becomes of one that none takes. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EXIT, ModuleError } from "../../src/errors.ts";
import type { TaskOptions } from "../../src/task/options.ts";
import { task } from "../../src/task/task.ts";
import { Bench } from "./support/bench.ts";
import type { LogMessage } from "./support/fake_kafka.ts";
import { headersOf } from "./support/fake_producer.ts";
import { manualTask } from "./support/manual_task.ts";

const P0 = { topic: "shop", partition: 0 };

/** Tasks on one topic that note their name and input. */
function notingTasks(names: readonly string[], options: Partial<TaskOptions> = {}) {
  const seen: [string, unknown][] = [];
  const exports = Object.fromEntries(
    names.map((name) => [
      name,
      task({
        topic: "shop",
        ...options,
        run: (input: unknown) => void seen.push([name, input]),
      } as never),
    ]),
  );
  return { exports, seen };
}

function typed(type: string | null, value: string | null): LogMessage {
  return { value, headers: [["ce_type", type]] };
}

async function deliver(bench: Bench, ...messages: LogMessage[]): Promise<void> {
  bench.consumer.append("shop", 0, ...messages);
  await bench.assign(P0);
  await bench.turn(3);
}

describe("routing", () => {
  test("tasks that share a topic are told apart by ce_type", async () => {
    const { exports, seen } = notingTasks(["order", "refund"]);
    await using bench = new Bench(exports);
    await deliver(bench, typed("refund", "1"), typed("order", "2"), typed("refund", "3"));
    assert.deepEqual(seen, [["refund", 1], ["order", 2], ["refund", 3]]);
  });

  test("of a ce_type given twice the last counts", async () => {
    const { exports, seen } = notingTasks(["order", "refund"]);
    await using bench = new Bench(exports);
    await deliver(bench, {
      value: "1",
      headers: [["ce_type", "order"], ["other", "x"], ["ce_type", "refund"]],
    });
    assert.deepEqual(seen, [["refund", 1]]);
  });

  test("without ce_type a message goes to the only task of its topic", async () => {
    const { exports, seen } = notingTasks(["order"]);
    await using bench = new Bench(exports);
    await deliver(bench, { value: "1" }, typed(null, "2"), { value: "3", headers: [["x", "y"]] });
    assert.deepEqual(seen, [["order", 1], ["order", 2], ["order", 3]]);
  });

  test('types "*" takes all of its topic, also beside tasks with types of their own', async () => {
    const seen: [string, unknown][] = [];
    const rest = task({
      topic: "shop",
      types: "*",
      run: (input: unknown) => void seen.push(["rest", input]),
    });
    const order = task({
      topic: "shop",
      types: ["order.v1", "order.v2"],
      run: (input: unknown) => void seen.push(["order", input]),
    });
    await using bench = new Bench({ rest, order });
    await deliver(
      bench,
      typed("order.v2", "1"),
      typed("order", "2"),
      { value: "3" },
      typed("order.v1", "4"),
    );
    assert.deepEqual(seen, [["order", 1], ["rest", 2], ["rest", 3], ["order", 4]]);
  });

  test("structured CloudEvents: the type and the data are inside", async () => {
    const { exports, seen } = notingTasks(["order", "refund"]);
    await using bench = new Bench(exports);
    const structured = (event: object, contentType = "application/cloudevents+json") => ({
      value: JSON.stringify(event),
      headers: [["content-type", contentType]] as const,
    });
    await deliver(
      bench,
      structured({ specversion: "1.0", type: "refund", data: { a: 1 } }),
      structured(
        { specversion: "1.0", type: "order", data: "text" },
        "application/cloudevents+json; charset=UTF-8",
      ),
      structured({ specversion: "1.0", type: "order" }),
    );
    assert.deepEqual(seen, [["refund", { a: 1 }], ["order", "text"], ["order", null]]);
  });

  test("a structured CloudEvent with binary data gives the bytes to decode", async () => {
    const event = JSON.stringify({
      specversion: "1.0",
      type: "order",
      data_base64: btoa('{"a":1}'),
    });
    const message = { value: event, headers: [["content-type", "application/cloudevents+json"]] };
    for (
      const [decode, expected] of [
        ["json", { a: 1 }],
        ["text", '{"a":1}'],
        ["bytes", new TextEncoder().encode('{"a":1}')],
      ] as const
    ) {
      const { exports, seen } = notingTasks(["order"], { decode });
      await using bench = new Bench(exports);
      await deliver(bench, message as unknown as LogMessage);
      assert.deepEqual(seen, [["order", expected]]);
    }
  });

  test("a content type of structured CloudEvents on what is none: dead letter at once", async () => {
    const { exports, seen } = notingTasks(["order"]);
    await using bench = new Bench(exports);
    await deliver(
      bench,
      { value: "{", headers: [["content-type", "application/cloudevents+json"]] },
      { value: "{}", headers: [["content-type", "application/cloudevents+json"]] },
    );
    assert.deepEqual(seen, []);
    assert.equal(bench.stats.of("dead").length, 2);
    assert.match(bench.stats.of("dead")[0]!.error, /it is no JSON/);
    assert.match(bench.stats.of("dead")[1]!.error, /specversion is missing/);
  });
});

describe("an unroutable message", () => {
  const unknown = [typed("refund", "1"), typed("order", "2")];

  test("goes to the dead letters, at once", async () => {
    const { exports, seen } = notingTasks(["order"]);
    await using bench = new Bench(exports, { unroutable: "dead" });
    await deliver(bench, ...unknown);
    assert.deepEqual(seen, [["order", 2]]);
    const { message } = bench.producer.sent[0]!;
    assert.equal(message.topic, "g.shop.dead");
    assert.equal(
      headersOf(message)["taskc-error"],
      'Unroutable: its ce_type "refund" names no task of this module',
    );
    assert.equal(headersOf(message)["taskc-attempts"], "0");
    assert.equal("taskc-task" in headersOf(message), false, "no task gave it up");
    assert.equal(bench.stats.of("dead")[0]!.task, null);
    assert.equal(bench.worker.runner.heldBytes, 0);
    await bench.advance(1000);
    assert.equal(bench.consumer.committed.get("shop/0"), 2);
  });

  test("says so when it has no ce_type and several tasks share the topic", async () => {
    const { exports } = notingTasks(["order", "refund"]);
    await using bench = new Bench(exports);
    await deliver(bench, { value: "1" });
    assert.match(
      bench.stats.of("dead")[0]!.error,
      /it has no ce_type, and topic "shop" has 2 tasks/,
    );
  });

  test("is skipped and counted", async () => {
    const { exports, seen } = notingTasks(["order"]);
    await using bench = new Bench(exports, { unroutable: "skip" });
    await deliver(bench, ...unknown);
    await bench.advance(1000);
    assert.deepEqual(seen, [["order", 2]]);
    assert.equal(bench.stats.skippedCount, 1);
    assert.deepEqual(bench.stats.of("skipped"), [{
      event: "skipped",
      ...P0,
      offset: 0,
      reason: 'its ce_type "refund" names no task of this module',
    }]);
    assert.equal(bench.producer.sent.length, 0);
    assert.equal(bench.consumer.committed.get("shop/0"), 2);
  });

  test("stops the worker, which leaves the offset and says what it met", async () => {
    const { exports } = notingTasks(["order"]);
    await using bench = new Bench(exports, { unroutable: "stop" });
    await deliver(bench, typed("order", "0"), ...unknown);
    assert.equal(await bench.end(), EXIT.module);
    assert.equal(bench.consumer.committed.get("shop/0"), 1);
    const { failure } = bench.worker;
    assert.ok(failure instanceof ModuleError, "an expected failure, no bug");
    assert.equal(
      failure.message,
      'Cannot route message shop/0/1: its ce_type "refund" names no task of this module',
    );
  });

  test("several that stop it drain like one: what runs may end", async () => {
    const { task: order, run } = manualTask({ topic: "shop" });
    await using bench = new Bench({ order }, { unroutable: "stop" });
    await deliver(bench, typed("order", "1"), typed("a", "2"), typed("b", "3"), typed("c", "4"));
    await bench.advance(10_000, 5);
    assert.equal(bench.worker.phase, "draining");
    assert.equal(run(1).context.signal.aborted, false);
    assert.equal(bench.stats.of("draining").length, 1);
    run(1).finish();
    assert.equal(await bench.end(), EXIT.module);
    assert.equal(bench.consumer.committed.get("shop/0"), 1);
  });
});

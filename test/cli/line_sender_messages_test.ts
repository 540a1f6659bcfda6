import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { z } from "zod";
import { EXIT, KafkaError } from "../../src/errors.ts";
import { type SendOptions, type Task, task } from "../../src/task/task.ts";
import { sending, settle } from "./support/line_sending.ts";

describe("what LineSender sends", () => {
  test("is what the task's own message has, but for the id, which each gets of its own", async () => {
    const work = task({ name: "work", topic: "jobs", types: "made", run: () => {} }) as Task;
    const send: SendOptions = { key: "k", headers: [["trace", "a"], ["ce_source", "shop"]] };
    const { producer, input, result } = sending({ task: work, send });
    input.write('{ "ü" : 1.0 }\n[ 2, "\\u20ac" ]\n');
    input.end();
    assert.equal(await result, EXIT.ok);
    assert.deepEqual(producer.sent.map(({ value }) => value), ['{"ü":1}', '[2,"€"]']);
    const { topic, key, headers, uuidAt } = producer.sent[0]!.batch;
    const message = work.message({}, send);
    assert.deepEqual([topic, key], [message.topic, message.key]);
    assert.equal(headers[uuidAt]![0], "ce_id");
    const varying = new Set(["ce_id", "ce_time"]);
    const comparable = (all: typeof headers) =>
      all.map(([name, value]) => varying.has(name as string) ? [name] : [name, value]);
    assert.deepEqual(comparable(headers), comparable(message.headers));
  });

  test("is told to be nothing where there is no line", async () => {
    const { input, errors, result } = sending();
    input.end();
    assert.equal(await result, EXIT.ok);
    assert.deepEqual(errors, ["No message was sent: standard input has no line\n"]);
  });

  test("has the id that was given", async () => {
    const { producer, input, result } = sending({ send: { headers: { ce_id: "mine" } } });
    input.write("1\n");
    input.end();
    assert.equal(await result, EXIT.ok);
    const { headers, uuidAt } = producer.sent[0]!.batch;
    assert.equal(uuidAt, -1);
    assert.ok(headers.some(([name, value]) => name === "ce_id" && value === "mine"));
  });

  test("goes by many at once, and is forgotten when it has been told", async () => {
    const { producer, input, told, result } = sending();
    input.write("7\n".repeat(5000));
    input.end();
    assert.equal(await result, EXIT.ok);
    assert.equal(told.length, 5000);
    const batches = new Set(producer.sent.map(({ batch }) => batch));
    assert.ok(batches.size <= 5, String(batches.size));
    assert.equal(producer.forgotten, 5000);
  });

  test("does not wait for the schema of a later line", async () => {
    let release: () => void = () => {};
    const gate = new Promise<void>((resolve) => release = resolve);
    const slow = task({
      name: "slow",
      schema: z.number().refine((n) => n === 1 ? true : gate.then(() => true)),
      run: () => {},
    });
    const { producer, input, told, result } = sending({ task: slow as Task });
    input.write("1\n2\n");
    input.end();
    await settle();
    assert.deepEqual(producer.sent.map(({ value }) => value), ["1"]);
    release();
    assert.equal(await result, EXIT.ok);
    assert.deepEqual(told, [0, 1]);
  });

  test("stop() reads no further; what was sent is told, then the reason", async () => {
    const { producer, sender, input, told, result } = sending();
    producer.answers = "on command";
    input.write("1\n2\n");
    await settle();
    sender.stop(new KafkaError("interrupted"));
    await settle();
    input.write("3\n");
    await settle();
    for (const sent of producer.sent) sent.acknowledge();
    await assert.rejects(result, { message: "interrupted" });
    assert.deepEqual(told, [0, 1]);
    assert.equal(producer.sent.length, 2);
  });
});

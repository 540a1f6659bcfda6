import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { z } from "zod";
import { MAX_PENDING, MAX_PENDING_BYTES, parsePayload } from "../../src/cli/line_sender.ts";
import { EXIT, InvalidPayloadError, KafkaError } from "../../src/errors.ts";
import { type Task, task } from "../../src/task/task.ts";
import { number, sending, settle } from "./support/line_sending.ts";

describe("LineSender", () => {
  test("sends each line and tells the results in the order of the lines", async () => {
    const { producer, input, told, result } = sending();
    producer.answers = "on command";
    input.write("1\n2\n3\n");
    input.end();
    await settle();
    assert.equal(producer.sent.length, 3);
    // The fake numbers acknowledgements, so the order of lines is 2, 1, 0 in offsets.
    for (const sent of [...producer.sent].reverse()) sent.acknowledge();
    assert.equal(await result, EXIT.ok);
    assert.deepEqual(told, [2, 1, 0]);
  });

  test("tells a result as soon as it is there, though the input goes on", async () => {
    const { input, told, result } = sending();
    input.write("1\n");
    await settle();
    assert.deepEqual(told, [0]);
    input.write("2\n");
    await settle();
    assert.deepEqual(told, [0, 1]);
    input.end();
    assert.equal(await result, EXIT.ok);
  });

  test("reads no further while as many are pending as may be", async () => {
    const { producer, input, told, result } = sending();
    producer.answers = "on command";
    input.write("7\n".repeat(MAX_PENDING + 50));
    input.end();
    await settle();
    assert.equal(producer.sent.length, MAX_PENDING);
    producer.sent[1]!.acknowledge();
    await settle();
    assert.equal(producer.sent.length, MAX_PENDING, "the first one holds the order up");
    producer.sent[0]!.acknowledge();
    await settle();
    assert.equal(producer.sent.length, MAX_PENDING + 2);
    for (let index = 2; index < MAX_PENDING + 50; index++) {
      if (!producer.sent[index]) await settle();
      producer.sent[index]!.acknowledge();
    }
    assert.equal(await result, EXIT.ok);
    assert.equal(told.length, MAX_PENDING + 50);
  });

  test("and while as many bytes are pending as may be", async () => {
    const text = task({ name: "text", decode: "text", run: () => {} });
    const { producer, input, told, result } = sending({ task: text as Task });
    producer.answers = "on command";
    const length = MAX_PENDING_BYTES / 4;
    for (let i = 0; i < 6; i++) input.write(`${"x".repeat(length)}\n`);
    input.end();
    await settle();
    assert.equal(producer.sent.length, 4);
    for (let index = 0; index < 6; index++) {
      producer.sent[index]!.acknowledge();
      await settle();
    }
    assert.equal(await result, EXIT.ok);
    assert.equal(told.length, 6);
  });

  test("at the speed of whoever reads the results", async () => {
    let go: () => void = () => {};
    const gate = new Promise<void>((resolve) => go = resolve);
    const { producer, input, told, result } = sending({ tell: () => gate });
    input.write("7\n".repeat(MAX_PENDING + 50));
    input.end();
    await settle();
    assert.deepEqual([producer.sent.length, told.length], [MAX_PENDING, 0]);
    go();
    assert.equal(await result, EXIT.ok);
    assert.equal(told.length, MAX_PENDING + 50);
  });

  test("stops at the first line that cannot be sent; what went before is told", async () => {
    const { producer, input, told, result } = sending();
    producer.answers = "on command";
    input.write('1\n"two"\n3\n');
    await settle();
    assert.equal(producer.sent.length, 1);
    producer.sent[0]!.acknowledge();
    await assert.rejects(result, (error) => {
      assert.ok(error instanceof InvalidPayloadError);
      assert.match(error.message, /^Line 2: Cannot send to task "number": .*expected number/);
      return true;
    });
    assert.deepEqual(told, [0]);
  });

  test("stops when a delivery fails, though the input is silent; the rest in flight is told", async () => {
    const { producer, input, told, result } = sending();
    producer.answers = "on command";
    input.write("1\n2\n3\n");
    await settle();
    producer.sent[1]!.refuse(new KafkaError("Broker: Not enough in-sync replicas"));
    producer.sent[0]!.acknowledge();
    await settle();
    input.write("4\n");
    await settle();
    producer.sent[2]!.acknowledge();
    await assert.rejects(result, {
      name: "KafkaError",
      message: "Line 2: Broker: Not enough in-sync replicas",
    });
    assert.deepEqual(told, [0, 1]);
    assert.equal(producer.sent.length, 3, "line 4 was not sent");
  });

  test("keeps going when told to: each failure is named, the exit code is the worst", async () => {
    const { producer, input, told, errors, result } = sending({ keepGoing: true });
    producer.answers = "on command";
    input.write("1\nnot json\n3\n\n5\n\u0007\n");
    input.end();
    await settle();
    assert.equal(producer.sent.length, 3);
    producer.sent[0]!.acknowledge();
    producer.sent[1]!.refuse(new KafkaError("Broker: Invalid record"));
    producer.sent[2]!.acknowledge();
    assert.equal(await result, EXIT.kafka);
    assert.deepEqual(told, [0, 1]);
    assert.equal(errors.length, 4);
    const [notJson, control, refused, sum] = errors;
    assert.match(notJson!, /^Line 2: Cannot send to task "number": the payload is no JSON: .*\n$/);
    assert.match(control!, /^Line 6: /);
    assert.ok(!control!.includes("\u0007"), "what a line contains is escaped");
    assert.equal(refused, "Line 3: Broker: Invalid record\n");
    assert.equal(sum, "3 of 5 lines were not sent\n");
  });

  test("a line that is no UTF-8 is named", async () => {
    async function* bytes() {
      yield new Uint8Array([0x22, 0xff, 0x22, 10]);
      await Promise.resolve();
    }
    const { producer, errors, result } = sending({ keepGoing: true, input: bytes() });
    assert.equal(await result, EXIT.usage);
    assert.equal(producer.sent.length, 0);
    assert.equal(errors[0], 'Line 1: Cannot send to task "number": the line is not UTF-8\n');
  });

  test("an input that breaks: what was sent is told, then its error", async () => {
    async function* broken() {
      yield new TextEncoder().encode("1\n2\n");
      await Promise.resolve();
      throw new Error("EIO: i/o error, read");
    }
    const { told, result } = sending({ keepGoing: true, input: broken() });
    await assert.rejects(result, /EIO/);
    assert.deepEqual(told, [0, 1]);
  });

  test("results that nobody takes end the reading", async () => {
    const { producer, input, result } = sending({
      tell: () => Promise.reject(new Error("EPIPE: broken pipe, write")),
    });
    input.write("1\n");
    await assert.rejects(result, /EPIPE/);
    input.write("2\n");
    await settle();
    assert.equal(producer.sent.length, 1);
  });

  test("waits for asynchronous schemas, in order", async () => {
    const slow = task({
      name: "slow",
      schema: z.number().refine((n) => Promise.resolve(n !== 2), "two is taken"),
      run: () => {},
    });
    const { producer, input, errors, result } = sending({ task: slow as Task, keepGoing: true });
    input.write("1\n2\n3\n");
    input.end();
    assert.equal(await result, EXIT.usage);
    assert.deepEqual(
      producer.sent.map(({ value }) => value),
      ["1", "3"],
    );
    assert.equal(errors[0], 'Line 2: Cannot send to task "slow": two is taken\n');
  });
});

describe("parsePayload", () => {
  test("is JSON, unless the task takes text", () => {
    const text = task({ name: "text", decode: "text", run: () => {} }) as Task;
    assert.equal(parsePayload(text, "{not json"), "{not json");
    assert.deepEqual(parsePayload(number as Task, '{"a":1}'), { a: 1 });
  });

  test("says how to give JSON when it is none", () => {
    assert.throws(() => parsePayload(number as Task, "{id:1}"), (error) => {
      assert.ok(error instanceof InvalidPayloadError);
      assert.match(error.message, /^Cannot send to task "number": the payload is no JSON: /);
      assert.match(error.hint!, /quoted for the shell/);
      return true;
    });
  });
});

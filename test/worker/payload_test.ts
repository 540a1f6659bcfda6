/** From bytes to input: decode, schema, and what becomes of a payload that does not fit. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { z } from "zod";
import type { RawMessage, TaskOptions } from "../../src/task/options.ts";
import { task } from "../../src/task/task.ts";
import { Bench } from "./support/bench.ts";
import type { LogMessage } from "./support/fake_kafka.ts";
import { headersOf } from "./support/fake_producer.ts";

interface Result {
  /** What `run` got, once for each time it ran. */
  inputs: unknown[];
  /** The dead letter's error, `null` without one. */
  error: string | null;
  errorName: string | null;
  attempts: number;
}

/** What becomes of one message. */
async function deliver(options: Partial<TaskOptions>, message: LogMessage): Promise<Result> {
  const inputs: unknown[] = [];
  const work = task({ ...options, run: (input: unknown) => void inputs.push(input) } as never);
  await using bench = new Bench({ work });
  bench.consumer.append("work", 0, message);
  await bench.assign({ topic: "work", partition: 0 });
  await bench.until("its end", () => bench.worker.runner.heldBytes === 0);
  await bench.advance(1000);
  assert.equal(bench.consumer.committed.get("work/0"), 1, "it is committed in any case");
  const dead = bench.producer.sent[0];
  const headers = dead ? headersOf(dead.message) : {};
  return {
    inputs,
    error: headers["taskc-error"] ?? null,
    errorName: headers["taskc-error-name"] ?? null,
    attempts: bench.stats.counts.get("work")!.started,
  };
}

function ran(...inputs: unknown[]): Result {
  return { inputs, error: null, errorName: null, attempts: 1 };
}

/** A Standard Schema that is not zod. */
function schema(validate: (value: unknown) => unknown): StandardSchemaV1 {
  return {
    "~standard": { version: 1, vendor: "test", validate: validate as never },
  };
}

const padded = { value: " \u00fc " };

describe("decode", () => {
  test("what a function or a task does with the bytes stays with that attempt", async () => {
    const seen: unknown[] = [];
    const flip = (bytes: Uint8Array | null) => bytes?.forEach((byte, at) => bytes[at] = byte ^ 1);
    const work = task({
      retry: { attempts: 2, min: 0, max: 0 },
      decode: ({ key, value, headers }) => {
        const text = [key, value, headers[0]![1]].map((bytes) => new TextDecoder().decode(bytes!));
        for (const bytes of [key, value, headers[0]![1]]) flip(bytes);
        return text.join(" ");
      },
      run: (input, { keyBytes }) => {
        seen.push(input);
        flip(keyBytes);
        throw new Error("no");
      },
    });
    await using bench = new Bench({ work });
    bench.consumer.append("work", 0, { key: "key", value: "value", headers: [["name", "header"]] });
    await bench.assign({ topic: "work", partition: 0 });
    await bench.until("its dead letter", () => bench.producer.sent.length === 1);
    assert.deepEqual(seen, ["key value header", "key value header"]);
    const { message } = bench.producer.sent[0]!;
    assert.deepEqual(Buffer.from(message.key as Uint8Array).toString(), "key");
    assert.deepEqual(Buffer.from(message.value!).toString(), "value");
    assert.equal(headersOf(message).name, "header");
  });

  test('"json", the default', async () => {
    assert.deepEqual(await deliver({}, { value: '{"a":[1,null]}' }), ran({ a: [1, null] }));
    assert.deepEqual(await deliver({}, { value: "null" }), ran(null));
  });

  test('"text" and "bytes" take anything', async () => {
    assert.deepEqual(await deliver({ decode: "text" }, padded), ran(" ü "));
    assert.deepEqual(await deliver({ decode: "text" }, { value: "" }), ran(""));
    assert.deepEqual(
      await deliver({ decode: "bytes" }, { value: new Uint8Array([0, 255]) }),
      ran(new Uint8Array([0, 255])),
    );
  });

  test('"bytes" are a copy, not a view on the batch', async () => {
    const { inputs } = await deliver({ decode: "bytes" }, { key: "abc", value: "xyz" });
    assert.equal((inputs[0] as Uint8Array).buffer.byteLength, 3);
  });

  test("a tombstone is null under each of them", async () => {
    for (const decode of ["json", "text", "bytes"] as const) {
      assert.deepEqual(await deliver({ decode }, { value: null }), ran(null));
    }
  });

  test("a function gets the whole message", async () => {
    let seen: RawMessage | undefined;
    const decode = (message: RawMessage) => {
      seen = message;
      return "decoded";
    };
    const headers = [["a", "1"], ["a", null]] as const;
    const result = await deliver({ decode }, { key: "k", value: "v", timestamp: 5, headers });
    assert.deepEqual(result, ran("decoded"));
    const bytes = (text: string) => new TextEncoder().encode(text);
    assert.deepEqual(seen, {
      topic: "work",
      partition: 0,
      offset: 0,
      timestamp: 5,
      key: bytes("k"),
      value: bytes("v"),
      headers: [["a", bytes("1")], ["a", null]],
    });
  });

  test("a function that throws: dead letter at once", async () => {
    const decode = () => {
      throw new RangeError("bad magic byte");
    };
    assert.deepEqual(await deliver({ decode }, { value: "x" }), {
      inputs: [],
      error: "its decode threw: bad magic byte",
      errorName: "InvalidPayload",
      attempts: 1,
    });
  });

  test("a function may be asynchronous, before a schema too", async () => {
    const decode = ({ value }: RawMessage) => Promise.resolve(value!.length);
    assert.deepEqual(await deliver({ decode }, { value: "four" }), ran(4));
    const doubled = z.number().transform((length) => length * 2);
    assert.deepEqual(await deliver({ decode, schema: doubled }, { value: "four" }), ran(8));
    const rejecting = () => Promise.reject(new RangeError("bad magic byte"));
    assert.deepEqual(await deliver({ decode: rejecting }, { value: "x" }), {
      inputs: [],
      error: "its decode threw: bad magic byte",
      errorName: "InvalidPayload",
      attempts: 1,
    });
  });

  test("a function may throw anything", async () => {
    for (
      const [thrown, told] of [[undefined, "undefined"], ["no", "no"], [Symbol("s"), "Symbol(s)"]]
    ) {
      const decode = () => {
        throw thrown;
      };
      const { error, attempts } = await deliver({ decode }, { value: "x" });
      assert.equal(error, `its decode threw: ${String(told)}`);
      assert.equal(attempts, 1);
    }
  });

  test('"json" and "text" are UTF-8, or go to the dead letters at once', async () => {
    const invalid = new Uint8Array([0x22, 0xc3, 0x28, 0x22]);
    for (const decode of ["json", "text"] as const) {
      assert.deepEqual(await deliver({ decode }, { value: invalid }), {
        inputs: [],
        error: "it is no UTF-8",
        errorName: "InvalidPayload",
        attempts: 1,
      });
      const value = '"\ufffd"';
      assert.deepEqual(
        await deliver({ decode }, { value }),
        ran(decode === "json" ? "\ufffd" : value),
      );
    }
    const data = { data_base64: Buffer.from(invalid).toString("base64") };
    const { error } = await deliver({}, {
      value: JSON.stringify({ specversion: "1.0", ...data }),
      headers: [["content-type", "application/cloudevents+json"]],
    });
    assert.equal(error, "it is no UTF-8");
  });

  test('"json" may begin with a byte order mark, which stays in "text"', async () => {
    assert.deepEqual(await deliver({}, { value: "\ufeff1" }), ran(1));
    const text = "\ufefftext \ufffd";
    assert.deepEqual(await deliver({ decode: "text" }, { value: text }), ran(text));
  });

  test("what is no JSON goes to the dead letters at once", async () => {
    for (const value of ["", "{", "undefined", "\u0000"]) {
      const { inputs, error, errorName, attempts } = await deliver({}, { value });
      assert.deepEqual([inputs, errorName, attempts], [[], "InvalidPayload", 1]);
      assert.match(error!, value === "" ? /^it is no JSON: it is empty$/ : /^it is no JSON: /);
    }
  });
});

describe("schema", () => {
  const person = z.object({ name: z.string(), age: z.coerce.number().default(7) });

  test("run gets its output", async () => {
    assert.deepEqual(
      await deliver({ schema: person }, { value: '{"name":"a","age":"5","more":1}' }),
      ran({ name: "a", age: 5 }),
    );
    assert.deepEqual(
      await deliver({ schema: person }, { value: '{"name":"a"}' }),
      ran({ name: "a", age: 7 }),
    );
  });

  test("what it refuses goes to the dead letters at once, with all its issues", async () => {
    const strict = z.object({ id: z.string(), size: z.object({ width: z.number() }) });
    const { inputs, error, errorName, attempts } = await deliver(
      { schema: strict },
      { value: '{"id":1,"size":{"width":"x"}}' },
    );
    assert.deepEqual([inputs, errorName, attempts], [[], "InvalidPayload", 1]);
    assert.match(error!, /^id: .*expected string.*; size\.width: .*expected number/);
  });

  test("a tombstone reaches it as null", async () => {
    assert.deepEqual(await deliver({ schema: person.nullable() }, { value: null }), ran(null));
    const { error } = await deliver({ schema: person }, { value: null });
    assert.match(error!, /expected object, received null/);
  });

  test("asynchronous ones are waited for, whether they accept or refuse", async () => {
    const known = z.string().refine((name) => Promise.resolve(name === "ada"), "no such user");
    assert.deepEqual(await deliver({ schema: known }, { value: '"ada"' }), ran("ada"));
    assert.deepEqual(await deliver({ schema: known }, { value: '"eve"' }), {
      inputs: [],
      error: "no such user",
      errorName: "InvalidPayload",
      attempts: 1,
    });
  });

  test("one that throws or rejects: dead letter at once", async () => {
    const throws = schema(() => {
      throw new Error("oops");
    });
    const rejects = schema(() => Promise.reject(new Error("oops")));
    for (const schema of [throws, rejects]) {
      assert.deepEqual(await deliver({ schema }, { value: "1" }), {
        inputs: [],
        error: "its schema threw: oops",
        errorName: "InvalidPayload",
        attempts: 1,
      });
    }
  });

  test("one that is no zod names paths as the standard has them", async () => {
    const picky = schema(() => ({
      issues: [
        { message: "whole" },
        { message: "part", path: ["a", { key: 0 }, { key: Symbol("b") }] },
        ...[1, 2, 3, 4, 5].map((n) => ({ message: `m${n}` })),
      ],
    }));
    const { error } = await deliver({ schema: picky }, { value: "1" });
    assert.equal(error, "whole; a.0.Symbol(b): part; m1; m2; m3; and 2 more");
  });
});

import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import fc from "fast-check";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { z } from "zod";
import { InvalidPayloadError, ModuleError } from "../../src/errors.ts";
import { HEADER, type TaskMessage } from "../../src/task/message.ts";
import { bindSender, isTask, task } from "../../src/task/task.ts";

const run = () => {};
const text = (value: Uint8Array | null) => value && new TextDecoder().decode(value);

function headers(message: TaskMessage): Record<string, string> {
  return Object.fromEntries(message.headers);
}

/** A Standard Schema that is not zod. */
function schema(validate: (value: unknown) => unknown): StandardSchemaV1<unknown, unknown> {
  return { "~standard": { version: 1, vendor: "test", validate: validate as never } };
}

describe("a task", () => {
  test("is named by its option, else by its first export", () => {
    const unnamed = task({ run });
    unnamed.nameAfterExport("resize");
    unnamed.nameAfterExport("other");
    assert.deepEqual([unnamed.name, unnamed.topic, unnamed.types], ["resize", "resize", [
      "resize",
    ]]);
    const named = task({ name: "scale", topic: "images", types: "image.v1", run });
    named.nameAfterExport("resize");
    assert.deepEqual([named.name, named.topic, named.types], ["scale", "images", ["image.v1"]]);
  });

  test("without a name cannot be used, and says why", () => {
    assert.throws(() => task({ run }).name, (error) => {
      assert.ok(error instanceof ModuleError);
      assert.equal(error.message, "Cannot use a task without a name: it was never exported");
      assert.match(error.hint!, /task\(\{ name/);
      return true;
    });
  });

  test("isTask knows tasks, also of another copy of the module", () => {
    assert.equal(isTask(task({ run })), true);
    assert.equal(isTask({ [Symbol.for("taskc.task")]: true }), true);
    for (const other of [null, undefined, 5, {}, run, "task"]) assert.equal(isTask(other), false);
  });
});

describe("message()", () => {
  const resize = task({ name: "resize", topic: "images", run });

  test("is a CloudEvent in binary mode", () => {
    const before = Date.now();
    const message = resize.message({ id: "a" }, { key: "k", id: "e-1" });
    assert.equal(message.topic, "images");
    assert.equal(message.key, "k");
    assert.equal(text(message.value), '{"id":"a"}');
    const { ce_time: time, ...rest } = headers(message);
    assert.deepEqual(rest, {
      "ce_specversion": "1.0",
      "ce_id": "e-1",
      "ce_source": "taskc",
      "ce_type": "resize",
      "content-type": "application/json",
    });
    const sentAt = Date.parse(time!);
    assert.ok(sentAt >= before && sentAt <= Date.now());
  });

  test("has an id of its own each time, and no key unless given", () => {
    const [a, b] = [resize.message(1), resize.message(1)];
    assert.match(headers(a)[HEADER.id]!, /^[0-9a-f-]{36}$/);
    assert.notEqual(headers(a)[HEADER.id], headers(b)[HEADER.id]);
    assert.equal(a.key, null);
  });

  test("keeps given headers, which replace ours of that name", () => {
    const message = resize.message(1, { headers: { traceparent: "00-x", ce_source: "shop" } });
    assert.equal(headers(message).traceparent, "00-x");
    assert.equal(headers(message).ce_source, "shop");
    assert.equal(message.headers.filter(([name]) => name === "ce_source").length, 1);
  });

  test("its type is the first that the task takes, its name under *", () => {
    const several = task({ name: "n", types: ["a.v2", "a.v1"], run });
    const all = task({ name: "n", types: "*", run });
    assert.equal(headers(several.message(1)).ce_type, "a.v2");
    assert.equal(headers(all.message(1)).ce_type, "n");
  });

  test("carries what was given, not the schema's output, which the worker makes again", () => {
    const doubled = task({ name: "n", schema: z.coerce.number().transform((n) => n * 2), run });
    assert.equal(text(doubled.message("4").value), '"4"');
  });

  test("round trip: what JSON can carry arrives as it was", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => {
      const message = resize.message(value);
      assert.deepEqual(JSON.parse(text(message.value)!), JSON.parse(JSON.stringify(value)));
    }));
  });

  test("text and bytes go as they are", () => {
    const note = task({ name: "note", decode: "text", run });
    assert.equal(text(note.message("ü").value), "ü");
    assert.equal(headers(note.message("ü"))["content-type"], "text/plain");
    const blob = task({ name: "blob", decode: "bytes", run });
    assert.deepEqual(blob.message(new Uint8Array([0, 255])).value, new Uint8Array([0, 255]));
    assert.equal(
      headers(blob.message(new Uint8Array()))["content-type"],
      "application/octet-stream",
    );
  });

  test("refuses text without UTF-8, and keys and headers that are no text", () => {
    const half = "a\ud800b";
    const note = task({ name: "note", decode: "text", run });
    const refusals: [() => unknown, string][] = [
      [() => note.message(half), "the payload has half a surrogate pair"],
      [() => resize.message(1, { key: half }), "the key has half a surrogate pair"],
      [() => resize.message(1, { headers: { [half]: "" } }), 'header "a\\ud800b" has half'],
      [() => resize.message(1, { headers: { name: half } }), 'header "name" has half'],
      [() => resize.message(1, { headers: { n: 5 as never } }), 'header "n" must be a string'],
      [() => resize.message(1, { key: 5 as never }), "the key must be a string, got number"],
    ];
    for (const [make, expected] of refusals) {
      assert.throws(make, (error) => {
        assert.ok(error instanceof InvalidPayloadError);
        assert.ok(error.message.includes(expected), error.message);
        return true;
      });
    }
    assert.equal(text(resize.message(half).value), '"a\\ud800b"', "JSON has an escape for it");
  });

  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  const unfit: [string, unknown, RegExp][] = [
    ["a BigInt", { n: 1n }, /^Cannot send to task "resize": the payload is not JSON: /],
    ["a cycle", cyclic, /^Cannot send to task "resize": the payload is not JSON: /],
    [
      "undefined",
      undefined,
      /^Cannot send to task "resize": the payload must be a JSON value, got undefined$/,
    ],
    ["a function", run, /the payload must be a JSON value, got function$/],
    ["a symbol", Symbol("s"), /the payload must be a JSON value, got symbol$/],
  ];
  for (const [name, payload, expected] of unfit) {
    test(`refuses ${name}`, () => {
      assert.throws(() => resize.message(payload), (error) => {
        assert.ok(error instanceof InvalidPayloadError, String(error));
        assert.match(error.message, expected);
        return true;
      });
    });
  }

  test("refuses what is not of the kind that decode takes", () => {
    assert.throws(() => task({ name: "n", decode: "text", run }).message(5 as never), {
      name: "InvalidPayloadError",
      message: 'Cannot send to task "n": the payload must be a string, got number',
    });
    assert.throws(() => task({ name: "n", decode: "bytes", run }).message("x" as never), {
      message: 'Cannot send to task "n": the payload must be a Uint8Array, got string',
    });
    assert.throws(() => task({ name: "n", decode: () => 1, run }).message(1), {
      message: 'Cannot send to task "n": its decode is a function, which cannot be reversed',
    });
  });

  test("refuses what the schema refuses, in zod's words", () => {
    const strict = task({ name: "n", schema: z.object({ id: z.string() }), run });
    assert.throws(() => strict.message({ id: 5 } as never), (error) => {
      assert.ok(error instanceof InvalidPayloadError);
      assert.match(
        error.message,
        /^Cannot send to task "n": id: .*expected string, received number/,
      );
      return true;
    });
  });

  test("refuses an asynchronous schema, and says what to use instead", () => {
    const slow = task({ name: "n", schema: z.string().refine(() => Promise.resolve(true)), run });
    assert.throws(() => slow.message("x"), (error) => {
      assert.ok(error instanceof InvalidPayloadError);
      assert.match(error.message, /its schema is asynchronous/);
      assert.match(error.hint!, /send\(\) or prepare\(\)/);
      return true;
    });
  });

  test("says that the schema threw, when it did", async () => {
    const throws = task({
      name: "n",
      schema: schema(() => {
        throw new TypeError("oops");
      }),
      run,
    });
    assert.throws(() => throws.message(1), {
      name: "InvalidPayloadError",
      message: 'Cannot send to task "n": its schema threw: oops',
    });
    const rejects = task({ name: "n", schema: schema(() => Promise.reject(new Error("no"))), run });
    await assert.rejects(async () => await rejects.prepare(1), {
      name: "InvalidPayloadError",
      message: 'Cannot send to task "n": its schema threw: no',
    });
  });
});

describe("prepare()", () => {
  test("is a promise only where the schema is asynchronous", async () => {
    const direct = task({ name: "n", schema: z.string(), run });
    assert.ok(!(direct.prepare("x") instanceof Promise));
    const slow = task({
      name: "n",
      schema: z.string().refine((id) => Promise.resolve(id === "known"), "no such id"),
      run,
    });
    const prepared = slow.prepare("known");
    assert.ok(prepared instanceof Promise);
    assert.equal(text((await prepared).value), '"known"');
    await assert.rejects(async () => await slow.prepare("x"), {
      name: "InvalidPayloadError",
      message: 'Cannot send to task "n": no such id',
    });
  });
});

describe("send()", () => {
  afterEach(() => bindSender(null));
  const resize = task({ name: "resize", schema: z.object({ id: z.string() }), run });

  test("resolves with where the broker put it", async () => {
    const sent: TaskMessage[] = [];
    bindSender((message) => {
      sent.push(message);
      return Promise.resolve({ topic: message.topic, partition: 2, offset: 7 });
    });
    assert.deepEqual(await resize.send({ id: "a" }, { key: "k" }), {
      topic: "resize",
      partition: 2,
      offset: 7,
    });
    assert.equal(sent.length, 1);
    assert.equal(sent[0]!.key, "k");
  });

  test("rejects before anything is sent, for what does not fit", async () => {
    let sent = 0;
    bindSender(() => Promise.reject(new Error(`sent ${++sent}`)));
    await assert.rejects(resize.send({ id: 5 } as never), InvalidPayloadError);
    assert.equal(sent, 0);
  });

  test("rejects with the producer's error", async () => {
    bindSender(() => Promise.reject(new Error("refused")));
    await assert.rejects(resize.send({ id: "a" }), /refused/);
  });

  test("without a producer says what to do", async () => {
    await assert.rejects(resize.send({ id: "a" }), (error) => {
      assert.ok(error instanceof ModuleError);
      assert.equal(error.message, 'Cannot send to task "resize": no producer is connected');
      assert.match(error.hint!, /message\(\)/);
      return true;
    });
  });
});

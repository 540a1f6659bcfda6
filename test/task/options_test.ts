import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { z } from "zod";
import { ModuleError } from "../../src/errors.ts";
import { task } from "../../src/task/task.ts";

const run = () => {};

/** What `task` says about these options, without its first words. */
function complaint(options: unknown): string {
  try {
    task(options as never);
  } catch (error) {
    assert.ok(error instanceof ModuleError, String(error));
    return error.message.replace(/^Cannot define a task: /, "");
  }
  return "";
}

const DURATION = 'such as "500ms", "30s", "5m", "2h" or "1d"';

describe("task()", () => {
  test("fills in the defaults", () => {
    const { settings } = task({ run });
    const { run: _, ...rest } = settings;
    assert.deepEqual(rest, {
      topic: undefined,
      name: undefined,
      schema: undefined,
      decode: "json",
      types: undefined,
      concurrency: undefined,
      order: "none",
      onDead: "continue",
      retry: { attempts: 5, min: 1000, max: 300_000, factor: 2, jitter: "full" },
      timeoutMs: 300_000,
    });
  });

  test("takes every option, durations as text or milliseconds", () => {
    const schema = z.string();
    const { settings } = task({
      topic: "a.b_c-1",
      name: "resize",
      schema,
      decode: "text",
      types: ["a", "b"],
      concurrency: 3,
      order: "key",
      onDead: "block",
      retry: { attempts: 1, min: 5, max: "1.5s", factor: 1, jitter: "none" },
      timeout: "none",
      run,
    });
    assert.deepEqual(settings, {
      topic: "a.b_c-1",
      name: "resize",
      schema,
      decode: "text",
      types: ["a", "b"],
      concurrency: 3,
      order: "key",
      onDead: "block",
      retry: { attempts: 1, min: 5, max: 1500, factor: 1, jitter: "none" },
      timeoutMs: Infinity,
      run,
    });
  });

  test("a part of retry keeps the defaults of the rest", () => {
    assert.deepEqual(task({ retry: { attempts: 2 }, run }).settings.retry, {
      attempts: 2,
      min: 1000,
      max: 300_000,
      factor: 2,
      jitter: "full",
    });
  });

  const cases: [object, string][] = [
    [{ run: 5 }, "run: expected a function, got 5"],
    [{}, "run: expected a function, got undefined"],
    [{ run, timeout: "5 minutes" }, `timeout: it must be a duration ${DURATION}, got "5 minutes"`],
    [{ run, timeout: "30" }, 'timeout: it needs a unit, such as "30s" or "30ms", got "30"'],
    [{ run, timeout: true }, `timeout: expected a duration ${DURATION}, got true`],
    [{ run, timeout: NaN }, `timeout: expected a duration ${DURATION}, got NaN`],
    [{ run, timeout: -5 }, `timeout: expected a duration ${DURATION}, got -5`],
    [{ run, timeout: "0s" }, 'timeout: expected a time above 0, or "none", got "0s"'],
    [{ run, concurrency: 0 }, "concurrency: expected a whole number from 1, got 0"],
    [{ run, concurrency: 1.5 }, "concurrency: expected a whole number from 1, got 1.5"],
    [{ run, concurrency: "3" }, 'concurrency: expected a whole number from 1, got "3"'],
    [{ run, concurrency: 5n }, "concurrency: expected a whole number from 1, got a bigint"],
    [{ run, name: "" }, 'name: expected a text of 1 to 249 characters, got ""'],
    [{ run, types: [] }, "types: expected a type, or a list of types, got []"],
    [{ run, types: ["a", ""] }, 'types.1: expected a type, or a list of types, got ""'],
    [{ run, schema: {} }, "schema: expected zod or any Standard Schema, got {}"],
    [
      { run, decode: "xml" },
      'decode: expected "json", "text", "bytes" or a function, got "xml"',
    ],
    [{ run, order: "keys" }, 'order: expected "none" or "key", got "keys"'],
    [
      { run, order: "key", onDead: "stop" },
      'onDead: expected "continue" or "block", got "stop"',
    ],
    [{ run, onDead: "block" }, 'onDead: it needs order: "key" beside it, got "block"'],
    [{ run, retry: 3 }, "retry: expected an object, got 3"],
    [{ run, retry: { min: "10m" } }, "retry: min 10m is longer than max 5m"],
    [{ run, retry: { jitter: run } }, 'retry.jitter: expected "full" or "none", got a function'],
    [{ run, retry: { retries: 3 } }, 'unknown option "retry.retries"'],
    [
      { run, retry: { attempt: 3 } },
      'unknown option "retry.attempt" (did you mean "retry.attempts"?)',
    ],
    [
      { run, timout: 5, concurency: 5 },
      'unknown option "timout" (did you mean "timeout"?); ' +
      'unknown option "concurency" (did you mean "concurrency"?)',
    ],
  ];
  for (const [options, expected] of cases) {
    test(`refuses with: ${expected}`, () => assert.equal(complaint(options), expected));
  }

  test("refuses topics that Kafka would not take", () => {
    for (const topic of ["", ".", "..", "a b", "ü", "a/b", "a".repeat(250)]) {
      assert.match(complaint({ run, topic }), /^topic: expected 1 to 249 letters, digits/);
    }
    for (const topic of ["a", "...", "a".repeat(249)]) assert.equal(complaint({ run, topic }), "");
  });

  test("names all options that are wrong at once", () => {
    const text = complaint({
      topic: "a b",
      concurrency: -1,
      retry: { attempts: 0, factor: 0.5, max: "soon" },
      timeout: "later",
      extra: 1,
    });
    const names = text.split("; ").map((part) => part.replace(/^unknown option "(.*)"$/, "$1:"))
      .map((part) => part.slice(0, part.indexOf(":")));
    assert.deepEqual(names.sort(), [
      "concurrency",
      "extra",
      "retry.attempts",
      "retry.factor",
      "retry.max",
      "run",
      "timeout",
      "topic",
    ]);
  });

  test("names the task when it has a name", () => {
    assert.throws(() => task({ name: "resize", run: 5 } as never), {
      name: "ModuleError",
      message: 'Cannot define task "resize": run: expected a function, got 5',
    });
  });

  test("refuses what is no object of options", () => {
    for (
      const [options, shown] of [[undefined, "undefined"], [null, "null"], [[], "[]"]]
    ) {
      assert.equal(complaint(options), `expected an object of options, got ${shown}`);
    }
  });

  test("shortens what it quotes", () => {
    assert.ok(complaint({ run, decode: "x".repeat(10_000) }).length < 200);
  });
});

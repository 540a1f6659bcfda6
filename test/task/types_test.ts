/** What the compiler knows of `task`: `deno check`, which scripts/test runs, is the test. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { z } from "zod";
import type { Context } from "../../src/task/context.ts";
import { type Task, task } from "../../src/task/task.ts";

/** Compiles only when both types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : never;
const same = <_A, _B>(_: Same<_A, _B>) => {};

// What `run` gets is the schema's output, what senders give its input.
const resize = task({
  schema: z.object({ id: z.string(), width: z.coerce.number<string>().default(5) }),
  run: (input, context) => {
    same<typeof input, { id: string; width: number }>(true);
    same<typeof context, Context>(true);
  },
});
same<typeof resize, Task<{ id: string; width?: string | undefined }>>(true);

function senders(): void {
  resize.message({ id: "a" });
  resize.message({ id: "a", width: "7" }, { key: "k", headers: { traceparent: "00" } });
  // @ts-expect-error: the id is missing
  resize.message({ width: "7" });
  // @ts-expect-error: its input is a text, though its output is a number
  resize.message({ id: "a", width: 7 });
  // @ts-expect-error: no such option
  resize.message({ id: "a" }, { keys: "k" });
}

// Any Standard Schema.
const standard = task({
  schema: {
    "~standard": { version: 1, vendor: "test", validate: () => ({ value: "out" }) },
  } as StandardSchemaV1<"in", "out">,
  run: (input) => same<typeof input, "out">(true),
});
same<typeof standard, Task<"in">>(true);

// An asynchronous schema gives its output, not a promise of it.
task({
  schema: z.string().transform((text) => Promise.resolve(text.length)),
  run: (input) => same<typeof input, number>(true),
});

// A decode function gives the type of its result.
const decoded = task({
  decode: ({ value, key }) => ({ size: value?.length ?? 0, hasKey: key !== null }),
  run: (input) => same<typeof input, { size: number; hasKey: boolean }>(true),
});
same<typeof decoded, Task<{ size: number; hasKey: boolean }>>(true);

// Without either, the input is what the author says it is.
task({ run: (input: { id: string }) => input.id });
task({ run: async (_input, { signal }) => await Promise.resolve(signal.aborted) });

function chained(context: Context): void {
  void context.send(resize, { id: "a" });
  // @ts-expect-error: not what that task takes
  void context.send(resize, { name: "a" });
  // @ts-expect-error: the signal is read-only
  context.signal = new AbortController().signal;
}

function wrongOptions(): void {
  // @ts-expect-error: run is missing
  task({ topic: "a" });
  // @ts-expect-error: no such decoding
  task({ decode: "xml", run: () => {} });
  // @ts-expect-error: no such option
  task({ concurency: 1, run: () => {} });
  // @ts-expect-error: the schema's output is a text
  task({ schema: z.string(), run: (input: number) => input });
  // @ts-expect-error: jitter has two values
  task({ retry: { jitter: "half" }, run: () => {} });
}

test("types are checked by the compiler", () => {
  assert.deepEqual([senders, chained, wrongOptions].map((made) => typeof made), [
    "function",
    "function",
    "function",
  ]);
});

/** The options of `task({ … })`: their types for users, and the check that turns them into settings. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { z } from "zod";
import { DURATION_EXAMPLES, formatDuration, readDuration } from "../core/duration.ts";
import { nearestName } from "../core/nearest_name.ts";
import { DEFAULT_RETRY_POLICY, type RetryPolicy } from "../core/retry_policy.ts";
import { ModuleError } from "../errors.ts";
import type { Context } from "./context.ts";

/** `500ms`, `30s`, `5m`, `2h`, `1d`, or a number of milliseconds. */
export type Duration = string | number;

/** A message as `decode` functions see it. */
export interface RawMessage {
  topic: string;
  partition: number;
  offset: number;
  /** Milliseconds since the epoch; -1 without one. */
  timestamp: number;
  key: Uint8Array | null;
  value: Uint8Array | null;
  headers: [name: string, value: Uint8Array | null][];
}

export type Decode<T = unknown> =
  | "json"
  | "text"
  | "bytes"
  | ((message: RawMessage) => T | Promise<T>);

export interface RetryOptions {
  /** Attempts in all, the first included. @default 5 */
  attempts?: number;
  /** Bound of the wait before the second attempt. @default "1s" */
  min?: Duration;
  /** Upper bound of every wait. @default "5m" */
  max?: Duration;
  /** Growth of the wait from attempt to attempt. @default 2 */
  factor?: number;
  /** `full` spreads each wait evenly between 0 and its bound. @default "full" */
  jitter?: "full" | "none";
}

export interface TaskOptions<Input = unknown> {
  /** The topic whose messages it takes. @default the task's name */
  topic?: string;
  /** At most 249 characters. @default the name of the export */
  name?: string;
  /** zod, or any Standard Schema; its output is what `run` gets. Without one, the payload as decoded. */
  schema?: StandardSchemaV1;
  /** How bytes become a payload. @default "json" */
  decode?: Decode;
  /** The `ce_type` values it takes; `"*"`: all of its topic. @default its name */
  types?: string | string[];
  /** At most this many in flight in one process. @default the worker's limit alone */
  concurrency?: number;
  /** `"key"`: messages of one key run one after another, in their order. @default "none" */
  order?: "none" | "key";
  /**
   * With `order: "key"`, what becomes of a key whose message is given up: `"block"` runs nothing more of
   * it in this process. @default "continue"
   */
  onDead?: "continue" | "block";
  retry?: RetryOptions;
  /** Time limit of one attempt, or `"none"`. @default "5m" */
  timeout?: Duration | "none";
  run: (input: Input, context: Context) => unknown;
}

/** Options after the check: durations in milliseconds, defaults filled in. */
export interface TaskSettings {
  topic: string | undefined;
  name: string | undefined;
  schema: StandardSchemaV1 | undefined;
  decode: Decode;
  types: string[] | undefined;
  concurrency: number | undefined;
  order: "none" | "key";
  onDead: "continue" | "block";
  retry: RetryPolicy;
  /** Milliseconds; `Infinity` for none. */
  timeoutMs: number;
  run: (input: unknown, context: Context) => unknown;
}

// Messages say what was expected; `describeIssues` adds what was there instead.
function readMs(value: unknown, context: z.RefinementCtx): number {
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  const read = typeof value === "string"
    ? readDuration(value)
    : { problem: `expected a duration such as ${DURATION_EXAMPLES}` };
  if ("ms" in read) return read.ms;
  context.addIssue(read.problem);
  return z.NEVER;
}

const duration = z.unknown().transform(readMs);
const timeLimit = z.unknown().transform((value, context) => {
  if (value === "none") return Infinity;
  const ms = readMs(value, context);
  if (ms === 0) context.addIssue('expected a time above 0, or "none"');
  return ms;
});
const wholeNumber = "expected a whole number from 1";
const count = z.number(wholeNumber).int(wholeNumber).min(1, wholeNumber);
const factorRange = "expected a number from 1 to 1000";
const topicWording = "expected 1 to 249 letters, digits, dots, underscores or hyphens";
const nameWording = "expected a text of 1 to 249 characters";
const typesWording = "expected a type, or a list of types";
const typeName = z.string(typesWording).min(1, typesWording);
const isFunction = (value: unknown) => typeof value === "function";
const isStandardSchema = (value: unknown) =>
  value !== null && (typeof value === "object" || typeof value === "function") &&
  "~standard" in value;

const optionsSchema = z.strictObject({
  topic: z.string(topicWording).regex(/^(?!\.{1,2}$)[\w.-]{1,249}$/, topicWording).optional(),
  name: z.string(nameWording).min(1, nameWording).max(249, nameWording).optional(),
  schema: z.custom<StandardSchemaV1>(isStandardSchema, "expected zod or any Standard Schema")
    .optional(),
  decode: z.union([
    z.enum(["json", "text", "bytes"]),
    z.custom<(message: RawMessage) => unknown>(isFunction),
  ], 'expected "json", "text", "bytes" or a function').default("json"),
  types: z.union([typeName, z.array(typeName).min(1, typesWording)], typesWording).optional(),
  concurrency: count.optional(),
  order: z.enum(["none", "key"], 'expected "none" or "key"').default("none"),
  onDead: z.enum(["continue", "block"], 'expected "continue" or "block"').optional(),
  retry: z.strictObject({
    attempts: count.default(DEFAULT_RETRY_POLICY.attempts),
    min: duration.default(DEFAULT_RETRY_POLICY.min),
    max: duration.default(DEFAULT_RETRY_POLICY.max),
    factor: z.number(factorRange).min(1, factorRange).max(1000, factorRange)
      .default(DEFAULT_RETRY_POLICY.factor),
    jitter: z.enum(["full", "none"], 'expected "full" or "none"')
      .default(DEFAULT_RETRY_POLICY.jitter),
  }, "expected an object").superRefine(({ min, max }, context) => {
    if (min <= max) return;
    context.addIssue(`min ${formatDuration(min)} is longer than max ${formatDuration(max)}`);
  }).optional(),
  timeout: timeLimit.default(300_000),
  run: z.custom<TaskSettings["run"]>(isFunction, "expected a function"),
}, "expected an object of options").superRefine(({ order, onDead }, context) => {
  if (onDead === undefined || order === "key") return;
  context.addIssue({
    code: "custom",
    path: ["onDead"],
    message: 'it needs order: "key" beside it',
  });
});

/** Throws a `ModuleError` that names every option that is wrong. */
export function checkTaskOptions(options: unknown): TaskSettings {
  const result = optionsSchema.safeParse(options);
  if (!result.success) {
    throw new ModuleError(
      `Cannot define ${describe(options)}: ${describeIssues(result.error, options)}`,
    );
  }
  const { timeout, types, retry, topic, name, schema, concurrency, onDead, ...rest } = result.data;
  return {
    ...rest,
    topic,
    name,
    schema,
    concurrency,
    onDead: onDead ?? "continue",
    types: typeof types === "string" ? [types] : types,
    retry: retry ?? { ...DEFAULT_RETRY_POLICY },
    timeoutMs: timeout,
  };
}

function describe(options: unknown): string {
  const name = (options as { name?: unknown } | null)?.name;
  return typeof name === "string" && name !== "" ? `task ${show(name)}` : "a task";
}

function describeIssues(error: z.ZodError, options: unknown): string {
  return error.issues.map((issue) => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => unknownOption(issue.path, key)).join("; ");
    }
    const path = issue.path.join(".");
    const text = path === "" ? issue.message : `${path}: ${issue.message}`;
    const given = issue.path.reduce<unknown>(
      (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
      options,
    );
    // What compares two options has named them already.
    return issue.code === "custom" && path === "retry" ? text : `${text}, got ${show(given)}`;
  }).join("; ");
}

function unknownOption(path: readonly PropertyKey[], key: string): string {
  // Only one option has options of its own.
  const known = Object.keys(path.length === 0 ? optionsSchema.shape : DEFAULT_RETRY_POLICY);
  const nearest = nearestName(key, known);
  const hint = nearest === undefined ? "" : ` (did you mean "${[...path, nearest].join(".")}"?)`;
  return `unknown option "${[...path, key].join(".")}"${hint}`;
}

function show(value: unknown): string {
  if (typeof value === "function") return "a function";
  if (typeof value === "number") return String(value);
  try {
    const text = JSON.stringify(value) ?? String(value);
    return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
  } catch {
    return `a ${typeof value}`;
  }
}

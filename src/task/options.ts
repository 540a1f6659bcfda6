/** The options of `task({ … })`: their types for users, and the check that turns them into settings. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { z } from "zod";
import { readDuration } from "../core/duration.ts";
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

export type Decode<T = unknown> = "json" | "text" | "bytes" | ((message: RawMessage) => T);

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
  /** @default the name of the export */
  name?: string;
  /** zod, or any Standard Schema; its output is what `run` gets. Without one, the payload as decoded. */
  schema?: StandardSchemaV1;
  /** How bytes become a payload. @default "json" */
  decode?: Decode;
  /** The `ce_type` values it takes; `"*"`: all of its topic. @default its name */
  types?: string | string[];
  /** At most this many in flight in one process. @default the worker's limit alone */
  concurrency?: number;
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
  retry: RetryPolicy;
  /** Milliseconds; `Infinity` for none. */
  timeoutMs: number;
  run: (input: unknown, context: Context) => unknown;
}

const duration = z.union([z.string(), z.number()]).transform((value, context) => {
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  const read = typeof value === "string"
    ? readDuration(value)
    : { problem: "it must be 0 or more milliseconds" };
  if ("ms" in read) return read.ms;
  context.addIssue(`${JSON.stringify(value)}: ${read.problem}`);
  return z.NEVER;
});
const count = z.number().int().min(1);
const topicName = z.string().regex(
  /^(?!\.{1,2}$)[\w.-]{1,249}$/,
  "expected 1 to 249 letters, digits, dots, underscores or hyphens",
);
const isFunction = (value: unknown) => typeof value === "function";
const isStandardSchema = (value: unknown) =>
  value !== null && (typeof value === "object" || typeof value === "function") &&
  "~standard" in value;

const optionsSchema = z.strictObject({
  topic: topicName.optional(),
  name: z.string().min(1).optional(),
  schema: z.custom<StandardSchemaV1>(isStandardSchema, "expected zod or any Standard Schema")
    .optional(),
  decode: z.union([
    z.enum(["json", "text", "bytes"]),
    z.custom<(message: RawMessage) => unknown>(isFunction, "expected a function"),
  ], 'expected "json", "text", "bytes" or a function').default("json"),
  types: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
  concurrency: count.optional(),
  retry: z.strictObject({
    attempts: count.default(DEFAULT_RETRY_POLICY.attempts),
    min: duration.default(DEFAULT_RETRY_POLICY.min),
    max: duration.default(DEFAULT_RETRY_POLICY.max),
    factor: z.number().min(1).max(1000).default(DEFAULT_RETRY_POLICY.factor),
    jitter: z.enum(["full", "none"]).default(DEFAULT_RETRY_POLICY.jitter),
  }).refine((retry) => retry.min <= retry.max, "min is longer than max").optional(),
  timeout: z.union([z.literal("none"), duration]).default(300_000).refine(
    (value) => value === "none" || value > 0,
    "expected a time above 0",
  ),
  run: z.custom<TaskSettings["run"]>(isFunction, "expected a function"),
});

/** Throws a `ModuleError` that names every option that is wrong. */
export function checkTaskOptions(options: unknown): TaskSettings {
  const result = optionsSchema.safeParse(options);
  if (!result.success) {
    throw new ModuleError(`Cannot define ${describe(options)}: ${describeIssues(result.error)}`);
  }
  const { timeout, types, retry, topic, name, schema, concurrency, ...rest } = result.data;
  return {
    ...rest,
    topic,
    name,
    schema,
    concurrency,
    types: typeof types === "string" ? [types] : types,
    retry: retry ?? { ...DEFAULT_RETRY_POLICY },
    timeoutMs: timeout === "none" ? Infinity : timeout,
  };
}

function describe(options: unknown): string {
  const name = (options as { name?: unknown } | null)?.name;
  return typeof name === "string" && name !== "" ? `task "${name}"` : "a task";
}

function describeIssues(error: z.ZodError): string {
  return error.issues.map((issue) => {
    if (issue.code === "unrecognized_keys") {
      return `unknown option ${issue.keys.map((key) => `"${key}"`).join(", ")}`;
    }
    const path = issue.path.join(".");
    return path === "" ? issue.message : `${path}: ${issue.message}`;
  }).join("; ");
}

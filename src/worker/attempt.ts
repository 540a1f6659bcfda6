/** One attempt: from the message to the user's `run`, and what its failure means. */
import { nextDelay } from "../core/retry_policy.ts";
import type { Hooks } from "../task/registry.ts";
import { DeadLetter, RetryAfter } from "../task/signals.ts";
import type { WorkerEvent } from "../stats/events.ts";
import type { AttemptContext } from "./attempt_context.ts";
import { describeFailedAttempt } from "../core/describe_error.ts";
import type { Execution } from "./execution.ts";
import { InvalidPayload, readInput } from "./payload.ts";

/** Tells what has become of a promise without waiting: https://bun.sh/docs/runtime/utils#bun-peek */
const peek = (globalThis as {
  Bun?: { peek: { status(promise: Promise<unknown>): "pending" | "fulfilled" | "rejected" } };
}).Bun?.peek;

/**
 * Decodes, validates and runs. Returns a promise of the outcome, or `null` when the run has succeeded
 * already; throws, or rejects with, what the attempt failed with.
 */
export function callTask(
  execution: Execution,
  context: AttemptContext,
  hooks: Hooks,
): Promise<unknown> | null {
  const { batch, index, partition, task } = execution;
  const input = readInput(task.task, batch, index, partition.partition);
  const result = input instanceof Promise
    ? runLater(execution, input, context, hooks)
    : runWithHooks(execution, input, context, hooks);
  if (!isThenable(result) || isFulfilled(result)) return null;
  // A thenable of the user's may throw or settle twice; a promise does neither.
  return Promise.resolve(result);
}

/*
 * In the functions that all attempts pass through nothing is caught by a closure. JavaScriptCore would make an
 * environment for it in each call, and hand that to an async function as its `this`: an attempt in flight would
 * keep it, and with it its decoded input.
 */

function runLater(
  execution: Execution,
  input: Promise<unknown>,
  context: AttemptContext,
  hooks: Hooks,
): Promise<unknown> {
  return input.then((input) => runWithHooks(execution, input, context, hooks));
}

function runWithHooks(
  { task }: Execution,
  input: unknown,
  context: AttemptContext,
  hooks: Hooks,
): unknown {
  const { run } = task.task.settings;
  if (!hooks.beforeRun && !hooks.afterRun) return run(input, context);
  return runBetween(hooks, run, input, context);
}

async function runBetween(
  { beforeRun, afterRun }: Hooks,
  run: (input: unknown, context: AttemptContext) => unknown,
  input: unknown,
  context: AttemptContext,
): Promise<void> {
  await beforeRun?.(context);
  try {
    await run(input, context);
  } catch (error) {
    // What the run says of its message counts more than what the hook says after it.
    await callQuietly(() => afterRun?.(context));
    throw error;
  }
  await afterRun?.(context);
}

async function callQuietly(hook: () => unknown): Promise<void> {
  try {
    await hook();
  } catch {
    // See where it is called.
  }
}

/** Milliseconds until the next attempt after this failure, or `null` for the dead letters. */
export function retryDelay(execution: Execution, error: unknown, random: number): number | null {
  if (error instanceof InvalidPayload || error instanceof DeadLetter) return null;
  const { order, retry } = execution.task.task.settings;
  if (error instanceof RetryAfter) {
    if (execution.attempt >= retry.attempts) return null;
    // Others of its key wait for it, so it may not wait for longer than any other retry.
    return order === "key" ? Math.min(error.delayMs, retry.max) : error.delayMs;
  }
  return nextDelay(retry, execution.attempt, random);
}

/**
 * Whether a promise has its value already, as that of an async function that had nothing to wait for. Where
 * the runtime does not tell, the next turn of the loop does. Only of the language's own promises: what else
 * passes for one may do its work in a `then` of its own, and of those the runtime says "fulfilled".
 */
function isFulfilled(result: PromiseLike<unknown>): result is Promise<unknown> {
  return peek !== undefined && Object.getPrototypeOf(result) === Promise.prototype &&
    result.then === Promise.prototype.then &&
    peek.status(result as Promise<unknown>) === "fulfilled";
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value &&
    typeof value.then === "function";
}

/** Tells the first failure of a message, with where it failed: its later ones are only counted. */
export function describeRetry(
  { task, partition, offset }: Execution,
  error: unknown,
  retryInMs: number,
): WorkerEvent {
  return {
    event: "retrying",
    task: task.name,
    topic: partition.topic,
    partition: partition.partition,
    offset,
    error: describeFailedAttempt(error),
    retryInMs,
  };
}

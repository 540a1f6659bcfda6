/** What `run` gets beside its input. */
import type { SendOptions, Task } from "./task.ts";
import type { Delivered } from "../kafka/ports.ts";

export interface Log {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

export interface Context {
  /** The message's `ce_id`, or `topic/partition/offset` without one. The same in every attempt. */
  readonly id: string;
  /** The task's name. */
  readonly task: string;
  /** Number of this attempt, from 1. */
  readonly attempt: number;
  /** The key as UTF-8 text, `null` without one; `keyBytes` has it as it was sent. */
  readonly key: string | null;
  readonly keyBytes: Uint8Array | null;
  /** Headers as UTF-8 text; of a header given twice, the last. */
  readonly headers: Readonly<Record<string, string>>;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since the epoch; -1 without one. */
  readonly timestamp: number;
  /** Aborted at the time limit, at a lost partition, and at a forced shutdown. */
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Sends to another task; resolves when the broker has acknowledged. */
  send<Input>(task: Task<Input>, input: Input, options?: SendOptions): Promise<Delivered>;
}

/** The context that `run` gets, for one attempt. Everything in it is made when it is asked for. */
import type { Batch } from "../kafka/batch.ts";
import type { Delivered } from "../kafka/ports.ts";
import type { Context, Log } from "../task/context.ts";
import { ENCODED } from "../task/message.ts";
import type { SendOptions, Task } from "../task/task.ts";
import type { Execution } from "./execution.ts";
import { readStructured } from "./payload.ts";

const decoder = new TextDecoder();

export class AttemptContext implements Context {
  readonly attempt: number;
  readonly #startedAt: number;
  readonly #execution: Execution;
  #controller: AbortController | null = null;

  constructor(execution: Execution, startedAt: number) {
    this.attempt = execution.attempt;
    this.#startedAt = startedAt;
    this.#execution = execution;
  }

  /** On the worker's clock. */
  get startedAt(): number {
    return this.#startedAt;
  }

  get id(): string {
    const { batch, index, offset } = this.#execution;
    const header = batch.header(index, ENCODED.id);
    const id = header ? decoder.decode(header) : structuredId(batch, index);
    return id ?? `${this.topic}/${this.partition}/${offset}`;
  }

  get task(): string {
    return this.#execution.task.name;
  }

  get key(): string | null {
    return this.#execution.batch.keyText(this.#execution.index);
  }

  get keyBytes(): Uint8Array | null {
    const key = this.#execution.batch.key(this.#execution.index);
    return key && key.slice();
  }

  get headers(): Readonly<Record<string, string>> {
    const { batch, index } = this.#execution;
    const headers: Record<string, string> = Object.create(null);
    for (const [name, value] of batch.headers(index)) {
      if (value) headers[name] = decoder.decode(value);
      else delete headers[name];
    }
    return headers;
  }

  get topic(): string {
    return this.#execution.partition.topic;
  }

  get partition(): number {
    return this.#execution.partition.partition;
  }

  get offset(): number {
    return this.#execution.offset;
  }

  get timestamp(): number {
    return this.#execution.batch.timestamp(this.#execution.index);
  }

  get signal(): AbortSignal {
    return (this.#controller ??= new AbortController()).signal;
  }

  get log(): Log {
    const write =
      (level: "debug" | "info" | "warn" | "error") =>
      (message: string, fields?: Record<string, unknown>) =>
        this.#execution.task.stats.event({
          event: "log",
          task: this.task,
          level,
          message: String(message),
          ...(fields === undefined ? {} : { fields }),
        });
    return {
      debug: write("debug"),
      info: write("info"),
      warn: write("warn"),
      error: write("error"),
    };
  }

  /** What `JSON.stringify` tells of it: all that is about the message. */
  toJSON(): object {
    const { attempt, headers, id, key, offset, partition, task, timestamp, topic } = this;
    return { id, task, attempt, key, headers, topic, partition, offset, timestamp };
  }

  send<Input>(task: Task<Input>, input: Input, options?: SendOptions): Promise<Delivered> {
    return task.send(input, options);
  }

  /** Aborts the signal, also one that is asked for later; again, it changes nothing. */
  abort(reason: unknown): void {
    (this.#controller ??= new AbortController()).abort(reason);
  }
}

function structuredId(batch: Batch, index: number): string | null {
  try {
    return readStructured(batch, index)?.id ?? null;
  } catch {
    // Its content type is wrong, and a decode of the user's own took it all the same.
    return null;
  }
}

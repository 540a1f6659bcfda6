/** A `LineSender` between an input that a test writes to and a producer in memory. */
import { z } from "zod";
import { LineSender } from "../../../src/cli/line_sender.ts";
import type { ExitCode } from "../../../src/errors.ts";
import { type SendOptions, type Task, task } from "../../../src/task/task.ts";
import { FakeBatchProducer } from "./fake_batch_producer.ts";

/** An input that is written to bit by bit. */
class Input implements AsyncIterable<Uint8Array> {
  readonly #chunks: Uint8Array[] = [];
  #ended = false;
  #wake: () => void = () => {};

  write(text: string): void {
    this.#chunks.push(new TextEncoder().encode(text));
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk) yield chunk;
      else if (this.#ended) return;
      else await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }
}

export interface Sending {
  producer: FakeBatchProducer;
  sender: LineSender;
  input: Input;
  /** Offsets, in the order in which they were told. */
  told: number[];
  /** What was written to the error stream. */
  errors: string[];
  result: Promise<ExitCode>;
}

export const number = task({ name: "number", schema: z.number(), run: () => {} });

interface Options {
  keepGoing?: boolean;
  task?: Task;
  send?: SendOptions;
  tell?: () => Promise<void>;
  input?: AsyncIterable<Uint8Array>;
}

export function sending(options: Options = {}) {
  let producer!: FakeBatchProducer;
  const input = new Input();
  const told: number[] = [];
  const errors: string[] = [];
  const sender = new LineSender({
    task: options.task ?? number as Task,
    options: options.send ?? {},
    connect: (listener) => producer = new FakeBatchProducer(listener),
    keepGoing: options.keepGoing ?? false,
    input: options.input ?? input,
    format: (_, offset) => String(offset),
    errors: { write: (text) => errors.push(text) },
  });
  const result = sender.sendAll(async (lines) => {
    await options.tell?.();
    told.push(...lines.split("\n").map(Number));
  });
  result.catch(() => {});
  return { producer, sender, input, told, errors, result } satisfies Sending;
}

/** Until all that can happen without anything from outside has happened. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}

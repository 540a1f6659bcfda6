/**
 * Sends NDJSON from stdin, a message a line, and tells the results in the order of the lines.
 *
 * Each line is checked before it is sent. At the first that cannot be sent it stops reading, unless told
 * to keep going; what was sent before is acknowledged and told in any case.
 */
import process from "node:process";
import { EXIT, type ExitCode, InvalidPayloadError, KafkaError, TaskcError } from "../errors.ts";
import type { Delivered, Producer } from "../kafka/ports.ts";
import { escapeText } from "../render/escape.ts";
import type { SendOptions, Task } from "../task/task.ts";
import { readLines } from "./ndjson.ts";

/** Messages sent and not acknowledged yet; at the bound stdin is not read on. */
const MAX_PENDING = 10_000;

export interface LineSenderParts {
  task: Task;
  options: SendOptions;
  producer: Producer;
  keepGoing: boolean;
}

interface Pending {
  number: number;
  delivered: Promise<Delivered>;
}

export class LineSender {
  readonly #parts: LineSenderParts;
  #pending: Pending[] = [];
  #head = 0;
  #sent = 0;
  #failures = 0;
  #worst: ExitCode = EXIT.ok;
  /** The failure that stopped the reading. */
  #stopped: TaskcError | null = null;

  constructor(parts: LineSenderParts) {
    this.#parts = parts;
  }

  /** Reads stdin to its end. Throws the failure that stopped it; else returns the worst exit code. */
  async sendAll(tell: (delivered: Delivered) => Promise<void>): Promise<ExitCode> {
    for await (const { number, bytes } of readLines(process.stdin)) {
      await this.#sendLine(number, bytes);
      if (this.#stopped) break;
      if (this.#pending.length - this.#head >= MAX_PENDING) await this.#settleNext(tell);
    }
    while (this.#head < this.#pending.length) await this.#settleNext(tell);
    if (this.#stopped) throw this.#stopped;
    if (this.#failures > 0) {
      const total = this.#sent + this.#failures;
      process.stderr.write(`${this.#failures} of ${total} lines were not sent\n`);
    }
    return this.#worst;
  }

  async #sendLine(number: number, bytes: Uint8Array): Promise<void> {
    const { task, options, producer } = this.#parts;
    try {
      const prepared = task.prepare(parsePayload(task, decodeLine(task, bytes)), options);
      const message = prepared instanceof Promise ? await prepared : prepared;
      const delivered = producer.send(message);
      // Its outcome is looked at in order; until then a rejection is not a stray one.
      delivered.catch(() => {});
      this.#pending.push({ number, delivered });
      this.#sent++;
    } catch (error) {
      this.#failures++;
      this.#fail(number, error);
    }
  }

  async #settleNext(tell: (delivered: Delivered) => Promise<void>): Promise<void> {
    const { number, delivered } = this.#pending[this.#head++]!;
    if (this.#head >= MAX_PENDING) {
      this.#pending = this.#pending.slice(this.#head);
      this.#head = 0;
    }
    let result: Delivered;
    try {
      result = await delivered;
    } catch (error) {
      this.#sent--;
      this.#failures++;
      this.#fail(number, error);
      return;
    }
    await tell(result);
  }

  #fail(number: number, error: unknown): void {
    const failure = error instanceof TaskcError
      ? error
      : new KafkaError(String(error), { cause: error });
    failure.message = `Line ${number}: ${failure.message}`;
    if (!this.#parts.keepGoing) {
      this.#stopped ??= failure;
      return;
    }
    this.#worst = Math.max(this.#worst, failure.exitCode) as ExitCode;
    process.stderr.write(`${escapeText(failure.message)}\n`);
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true });

function decodeLine(task: Task, bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new InvalidPayloadError(`Cannot send to task "${task.name}": the line is not UTF-8`, {
      cause,
    });
  }
}

/** The payload that a text stands for: JSON, unless the task takes text. Throws `InvalidPayloadError`. */
export function parsePayload(task: Task, text: string): unknown {
  if (task.settings.decode === "text") return text;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InvalidPayloadError(
      `Cannot send to task "${task.name}": the payload is no JSON: ${(cause as Error).message}`,
      { cause, hint: `Give JSON, quoted for the shell where it is an argument: '{"id":"a1"}'` },
    );
  }
}

/**
 * Sends NDJSON, a message a line, and tells the results in the order of the lines.
 *
 * Two sides work at once: one reads and sends, the other waits for the acknowledgements in order and
 * tells them, so that a slow input is told as it goes. Each line is checked before it is sent. At the
 * first that cannot be sent, or is refused, the reading stops, unless told to keep going; what was sent
 * before is acknowledged and told in any case.
 */
import { EXIT, type ExitCode, InvalidPayloadError, KafkaError, TaskcError } from "../errors.ts";
import type { Delivered, Producer } from "../kafka/ports.ts";
import { escapeText } from "../render/escape.ts";
import type { SendOptions, Task } from "../task/task.ts";
import { type Line, readLines } from "./ndjson.ts";

/** Messages sent and not told yet; at the bound the input is not read on. */
export const MAX_PENDING = 10_000;
/** So many bytes of them have the same effect. */
export const MAX_PENDING_BYTES = 32 * 1024 * 1024;

export interface LineSenderParts {
  task: Task;
  options: SendOptions;
  producer: Producer;
  keepGoing: boolean;
  input: AsyncIterable<Uint8Array>;
  /** Where lines that were not sent are named, with `keepGoing`. */
  errors: { write(text: string): unknown };
}

interface Pending {
  number: number;
  /** Bytes of its value. */
  size: number;
  delivered: Promise<Delivered>;
}

export class LineSender {
  readonly #parts: LineSenderParts;
  #pending: Pending[] = [];
  #head = 0;
  #pendingBytes = 0;
  #readAll = false;
  #sent = 0;
  #failures = 0;
  #worst: ExitCode = EXIT.ok;
  /** The failure that stopped the reading. */
  #stopped: unknown = null;
  /** Calls the side that waits for the other. */
  #wakeReader: () => void = () => {};
  #wakeTeller: () => void = () => {};

  constructor(parts: LineSenderParts) {
    this.#parts = parts;
  }

  /** Reads the input to its end. Throws the failure that stopped it; else returns the worst exit code. */
  async sendAll(tell: (delivered: Delivered) => Promise<void>): Promise<ExitCode> {
    await Promise.all([this.#sendLines(), this.#tellResults(tell)]);
    if (this.#stopped) throw this.#stopped;
    if (this.#failures > 0) {
      const total = this.#sent + this.#failures;
      this.#parts.errors.write(`${this.#failures} of ${total} lines were not sent\n`);
    }
    return this.#worst;
  }

  async #sendLines(): Promise<void> {
    try {
      const lines = readLines(this.#parts.input);
      while (!this.#stopped) {
        const line = await this.#nextLine(lines);
        if (!line) break;
        await this.#sendLine(line.number, line.bytes);
        this.#wakeTeller();
        while (!this.#stopped && this.#full) {
          await new Promise<void>((resolve) => this.#wakeReader = resolve);
        }
      }
    } catch (error) {
      this.#stopped ??= error;
    } finally {
      this.#readAll = true;
      this.#wakeTeller();
    }
  }

  get #full(): boolean {
    return this.#pending.length - this.#head >= MAX_PENDING ||
      this.#pendingBytes >= MAX_PENDING_BYTES;
  }

  /** `null` at the end, or when the other side stops the reading. */
  #nextLine(lines: AsyncGenerator<Line>): Promise<Line | null> {
    return new Promise((resolve, reject) => {
      this.#wakeReader = () => this.#stopped && resolve(null);
      lines.next().then(({ done, value }) => resolve(done ? null : value), reject);
    });
  }

  async #tellResults(tell: (delivered: Delivered) => Promise<void>): Promise<void> {
    for (;;) {
      if (this.#head < this.#pending.length) await this.#settleNext(tell);
      else if (this.#readAll) return;
      else await new Promise<void>((resolve) => this.#wakeTeller = resolve);
    }
  }

  async #sendLine(number: number, bytes: Uint8Array): Promise<void> {
    const { task, options, producer } = this.#parts;
    try {
      const prepared = task.prepare(parsePayload(task, decodeLine(task, bytes)), options);
      const message = prepared instanceof Promise ? await prepared : prepared;
      const delivered = producer.send(message);
      // Its outcome is looked at in order; until then a rejection is not a stray one.
      delivered.catch(() => {});
      const size = message.value?.length ?? 0;
      this.#pending.push({ number, size, delivered });
      this.#pendingBytes += size;
      this.#sent++;
    } catch (error) {
      this.#failures++;
      this.#fail(number, error);
    }
  }

  async #settleNext(tell: (delivered: Delivered) => Promise<void>): Promise<void> {
    const { number, size, delivered } = this.#pending[this.#head]!;
    try {
      const result = await delivered.catch((error: unknown) => {
        this.#sent--;
        this.#failures++;
        this.#fail(number, error);
      });
      if (result) await tell(result);
    } catch (error) {
      // Nobody reads the results any more.
      this.#stopped ??= error;
      throw error;
    } finally {
      this.#pendingBytes -= size;
      if (++this.#head >= MAX_PENDING) {
        this.#pending = this.#pending.slice(this.#head);
        this.#head = 0;
      }
      this.#wakeReader();
    }
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
    this.#parts.errors.write(`${escapeText(failure.message)}\n`);
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

/**
 * Sends NDJSON, a message a line, and tells the results in the order of the lines.
 *
 * Two sides work at once: one reads, checks and sends, by batches; the other waits for the acknowledgements in
 * order and tells them, all that are there at once, so that a slow input is told as it goes. Each line is
 * checked before it is sent. At the first that cannot be sent, or is refused, the reading stops, unless told to
 * keep going; what was sent before is acknowledged and told in any case.
 */
import { EXIT, type ExitCode, InvalidPayloadError, KafkaError, TaskcError } from "../errors.ts";
import type { BatchProducer, DeliveryListener } from "../kafka/ports.ts";
import { escapeText } from "../render/escape.ts";
import type { Envelope, SendOptions, Task } from "../task/task.ts";
import { type Block, type Line, readBlocks } from "./ndjson.ts";
import { FAILED, PENDING, Receipts } from "./receipts.ts";
import { ValueBatch } from "./value_batch.ts";

/** Messages sent and not told yet; at the bound the input is not read on. */
export const MAX_PENDING = 32_768;
/**
 * So many bytes of them have the same effect, of texts that are ASCII. A message's time runs while it waits behind
 * them: by the default of `--timeout` 1 MB/s is enough.
 */
export const MAX_PENDING_BYTES = 8 * 1024 * 1024;
/** A batch is handed over when it has as many messages, or as many bytes, or when no line is there. */
const BATCH_MESSAGES = 1024;
const BATCH_BYTES = 256 * 1024;

export interface LineSenderParts {
  task: Task;
  options: SendOptions;
  /** The producer that tells a listener. */
  connect: (listener: DeliveryListener) => BatchProducer;
  keepGoing: boolean;
  input: AsyncIterable<Uint8Array>;
  /** A result, as it is to be told. */
  format: (partition: number, offset: number) => string;
  /** Where lines that were not sent are named, with `keepGoing`. */
  errors: { write(text: string): unknown };
}

export class LineSender {
  readonly #parts: LineSenderParts;
  readonly #producer: BatchProducer;
  readonly #receipts = new Receipts(MAX_PENDING);
  readonly #values = new ValueBatch();
  /** Of the batch that is being gathered. */
  #envelope: Envelope | null = null;
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
    this.#producer = parts.connect({
      delivered: (sequence, partition, offset) =>
        this.#receipts.deliver(sequence, partition, offset),
      undelivered: (sequence, error) => this.#receipts.fail(sequence, error),
      told: () => this.#wakeTeller(),
    });
  }

  /**
   * Reads the input to its end, and gives the results to `tell` as lines. Throws the failure that stopped it;
   * else returns the worst exit code.
   */
  async sendAll(tell: (lines: string) => Promise<void>): Promise<ExitCode> {
    await Promise.all([this.#sendLines(), this.#tellResults(tell)]);
    if (this.#stopped) throw this.#stopped;
    const total = this.#sent + this.#failures;
    // In a script a forgotten argument looks the same.
    if (total === 0) this.#parts.errors.write("No message was sent: standard input has no line\n");
    if (this.#failures > 0) {
      this.#parts.errors.write(`${this.#failures} of ${total} lines were not sent\n`);
    }
    return this.#worst;
  }

  /** Reads no further; `sendAll` throws the reason when what was sent has been told. */
  stop(reason: unknown): void {
    this.#stopped ??= reason;
    this.#wakeReader();
  }

  async #sendLines(): Promise<void> {
    try {
      const blocks = readBlocks(this.#parts.input);
      while (!this.#stopped) {
        const block = await this.#nextBlock(blocks);
        if (!block) break;
        await this.#sendBlock(block);
      }
    } catch (error) {
      this.#stopped ??= error;
    } finally {
      this.#readAll = true;
      this.#wakeTeller();
    }
  }

  /** `null` at the end, or when the other side stops the reading. */
  #nextBlock(blocks: AsyncGenerator<Block>): Promise<Block | null> {
    return new Promise((resolve, reject) => {
      this.#wakeReader = () => this.#stopped && resolve(null);
      blocks.next().then(({ done, value }) => resolve(done ? null : value), reject);
    });
  }

  async #sendBlock({ number, lines }: Block): Promise<void> {
    for (const line of lines) {
      if (line !== undefined) {
        // A line that is checked at once needs no pause.
        const sending = this.#sendLine(number, line);
        if (sending) await sending;
        if (this.#full) await this.#waitForRoom();
        if (this.#stopped) break;
      }
      number++;
    }
    await this.#flush();
  }

  get #full(): boolean {
    return this.#receipts.kept >= MAX_PENDING || this.#receipts.size >= MAX_PENDING_BYTES;
  }

  async #waitForRoom(): Promise<void> {
    await this.#flush();
    while (!this.#stopped && this.#full) {
      await new Promise<void>((resolve) => this.#wakeReader = resolve);
    }
  }

  #sendLine(number: number, line: Line): Promise<void> | void {
    const { task, options } = this.#parts;
    try {
      const value = task.encode(parsePayload(task, decodedLine(task, line)));
      if (value instanceof Promise) return this.#sendLater(number, value);
      this.#envelope ??= task.envelope(options);
      return this.#add(number, value);
    } catch (error) {
      this.#failToSend(number, error);
    }
  }

  /** A schema takes its time: what came before need not wait for it. */
  async #sendLater(number: number, encoding: Promise<Uint8Array | string>): Promise<void> {
    const [encoded] = await Promise.allSettled([encoding, this.#flush()]);
    try {
      if (encoded.status === "rejected") throw encoded.reason;
      this.#envelope ??= this.#parts.task.envelope(this.#parts.options);
      await this.#add(number, encoded.value);
    } catch (error) {
      this.#failToSend(number, error);
    }
  }

  #add(number: number, value: Uint8Array | string): Promise<void> | void {
    // JSON and text are never encoded as bytes.
    const text = value as string;
    this.#values.add(text);
    this.#receipts.add(number, text.length);
    this.#sent++;
    const { count, characters } = this.#values;
    if (count >= BATCH_MESSAGES || characters >= BATCH_BYTES) return this.#flush();
  }

  async #flush(): Promise<void> {
    const envelope = this.#envelope;
    if (!envelope) return;
    this.#envelope = null;
    const values = this.#values.take();
    const { idAt, ...rest } = envelope;
    const first = this.#receipts.next - values.count;
    await this.#producer.send({ ...rest, ...values, uuidAt: idAt }, first);
  }

  async #tellResults(tell: (lines: string) => Promise<void>): Promise<void> {
    const receipts = this.#receipts;
    for (;;) {
      const { lines, end } = this.#collect();
      if (end > receipts.head) await this.#tell(tell, lines, end);
      else if (this.#readAll && receipts.kept === 0) return;
      else await new Promise<void>((resolve) => this.#wakeTeller = resolve);
    }
  }

  /** The results that are there, in order, up to the first that is not. */
  #collect(): { lines: string; end: number } {
    const receipts = this.#receipts;
    let lines = "";
    let end = receipts.head;
    for (; end < receipts.next; end++) {
      const partition = receipts.partition(end);
      if (partition === PENDING) break;
      if (partition === FAILED) {
        this.#sent--;
        this.#failToSend(receipts.line(end), receipts.failure(end));
      } else {
        if (lines !== "") lines += "\n";
        lines += this.#parts.format(partition, receipts.offset(end));
      }
    }
    return { lines, end };
  }

  async #tell(tell: (lines: string) => Promise<void>, lines: string, end: number): Promise<void> {
    try {
      if (lines !== "") await tell(lines);
    } catch (error) {
      // Nobody reads the results any more.
      this.#stopped ??= error;
      throw error;
    } finally {
      this.#receipts.release(end);
      this.#producer.forget(end);
      this.#wakeReader();
    }
  }

  #failToSend(number: number, error: unknown): void {
    this.#failures++;
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

function decodedLine(task: Task, line: Line): string {
  if (typeof line === "string") return line;
  throw new InvalidPayloadError(`Cannot send to task "${task.name}": the line is not UTF-8`);
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

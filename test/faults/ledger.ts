/**
 * The ledger: what the tasks of a group did, one appended line for each step, from all its processes in
 * one file. A line is in the file before the task goes on, so a killed process leaves nothing out.
 */
import { closeSync, openSync, readSync } from "node:fs";

export const STEPS = ["start", "finish", "failed", "late", "aborted"] as const;

/**
 * `finish`: the attempt is about to succeed. `failed`: about to throw. `late`: ended after its time
 * limit. `aborted`: gave up because its signal said so.
 */
export type Step = (typeof STEPS)[number];

export interface LedgerLine {
  step: Step;
  pid: number;
  /** The sender's number of the message. */
  id: number;
  partition: number;
  offset: number;
  key: string;
  attempt: number;
  /** Milliseconds since the epoch. */
  at: number;
}

/** For a module's text: writes lines that `readLine` understands. */
export const LEDGER_WRITER = `import { openSync, writeSync } from "node:fs";
import process from "node:process";

const file = openSync(new URL("./ledger.txt", import.meta.url), "a");

export function write(step, id, { partition, offset, key, attempt }) {
  writeSync(file, [step, process.pid, id, partition, offset, key, attempt, Date.now()].join(" ") + "\\n");
}
`;

export function readLine(line: string): LedgerLine {
  const [step, pid, id, partition, offset, key, attempt, at] = line.split(" ");
  if (!STEPS.includes(step as Step) || at === undefined) {
    throw new Error(`Not a line of a ledger: "${line}"`);
  }
  return {
    step: step as Step,
    pid: Number(pid),
    id: Number(id),
    partition: Number(partition),
    offset: Number(offset),
    key: key!,
    attempt: Number(attempt),
    at: Number(at),
  };
}

/** Follows a ledger while it grows. */
export class Ledger implements Disposable {
  readonly lines: LedgerLine[] = [];
  readonly started = new Set<number>();
  readonly finished = new Set<number>();
  readonly #file: number;
  readonly #chunk = Buffer.alloc(1 << 20);
  #rest = "";
  #closed = false;

  constructor(path: string) {
    this.#file = openSync(path, "a+");
  }

  /** Takes up what has been written since. */
  read(): void {
    if (this.#closed) return;
    let length: number;
    while ((length = readSync(this.#file, this.#chunk, 0, this.#chunk.length, null)) > 0) {
      const lines = (this.#rest + this.#chunk.toString("latin1", 0, length)).split("\n");
      // Whatever follows the last newline is still being written.
      this.#rest = lines.pop()!;
      for (const text of lines) {
        const line = readLine(text);
        this.lines.push(line);
        if (line.step === "start") this.started.add(line.id);
        if (line.step === "finish") this.finished.add(line.id);
      }
    }
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#file);
  }
}

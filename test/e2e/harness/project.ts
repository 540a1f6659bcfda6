/** A user's folder: module files written for one test, and the ledger that its tasks keep. */
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** What the ledger tells about one id. */
export interface LedgerEntry {
  started: number;
  finished: number;
  /** Processes that started it, in order. */
  pids: number[];
}

/**
 * A module for the tasks of a project: each start and finish is one line, appended at once, so that
 * it is there even if the process is killed the moment after.
 */
const LEDGER_MODULE = `import { appendFileSync } from "node:fs";
import process from "node:process";

const file = new URL("./ledger.txt", import.meta.url);
const append = (kind: string, id: unknown) => appendFileSync(file, \`\${kind} \${process.pid} \${id}\\n\`);

export const started = (id: unknown) => append("start", id);
export const finished = (id: unknown) => append("finish", id);
`;

export class Project implements Disposable {
  readonly folder: string;

  constructor(files: Readonly<Record<string, string>>) {
    this.folder = mkdtempSync(join(tmpdir(), "taskc-e2e-"));
    this.write({ "ledger.ts": LEDGER_MODULE, "ledger.txt": "", ...files });
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(this.path(name)), { recursive: true });
      writeFileSync(this.path(name), text);
    }
  }

  append(name: string, text: string): void {
    appendFileSync(this.path(name), text);
  }

  remove(name: string): void {
    rmSync(this.path(name));
  }

  read(name: string): string {
    return readFileSync(this.path(name), "utf8");
  }

  /** What the tasks wrote by `started` and `finished` of "./ledger.ts", by id. */
  ledger(): Map<string, LedgerEntry> {
    const entries = new Map<string, LedgerEntry>();
    // Whatever follows the last newline is a line still being written.
    for (const line of this.read("ledger.txt").split("\n").slice(0, -1)) {
      const [kind, pid, ...id] = line.split(" ");
      const name = id.join(" ");
      const entry = entries.get(name) ?? { started: 0, finished: 0, pids: [] };
      entries.set(name, entry);
      if (kind === "start") {
        entry.started++;
        entry.pids.push(Number(pid));
      } else {
        entry.finished++;
      }
    }
    return entries;
  }

  /** How many ids have been finished at least once. */
  finishedCount(): number {
    return [...this.ledger().values()].filter((entry) => entry.finished > 0).length;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Writes files into a fresh folder: `using folder = project({ "tasks.ts": "…" })` removes it again. */
export function project(files: Readonly<Record<string, string>>): Project {
  return new Project(files);
}

/** What is known from outside about the work of one group, and how it is named. */
import type { LedgerLine } from "./ledger.ts";
import type { LogRecord } from "./log_reader.ts";
import type { Commit } from "./commit_record.ts";
import type { Place } from "./sender.ts";

/** A process that was killed, ended or was frozen: what it did afterwards, or would have, is judged by it. */
export interface Ending {
  pid: number;
  at: number;
}

/** What a worker said of partitions of its own. */
export interface Change {
  pid: number;
  change: "assigned" | "revoked" | "lost";
  partitions: ReadonlySet<number>;
  at: number;
}

/** A record that was given up. */
export interface DeadLetter {
  partition: number;
  offset: number;
  /** When a worker said that its letter was acknowledged; of the letter itself, when it was sent. */
  at: number;
}

/** Finished offsets above a commit's own. */
export interface FinishedMap {
  offsets: Iterable<number>;
  /** There was room for more of them. */
  hasRoom: boolean;
}

export interface Evidence {
  acknowledged: ReadonlyMap<number, Place>;
  /** All that the topic holds. */
  records: readonly LogRecord[];
  lines: readonly LedgerLine[];
  /** Of this group and topic, in the order of each partition. */
  commits: readonly Commit[];
  kills: readonly Ending[];
  /** Other ends of a process's hold on its partitions: an exit, a freeze. */
  endings: readonly Ending[];
  /** In the order of time. */
  changes: readonly Change[];
  /** Records that a worker said to have given up for dead: with their letter, they have finished. */
  dead: readonly DeadLetter[];
  /** What the topic of dead letters holds in the end. */
  letters: readonly DeadLetter[];
  /** Workers that gave up before they had joined. */
  restarts: number;
  /** The tasks are ordered by key. */
  ordered: boolean;
  /**
   * Brokers or the network were away. Then a commit whose answer did not come may be taken after a newer
   * one, since the client sends it again by itself: counted, and no violation.
   */
  disturbed: boolean;
  /** What the commit's metadata tells; `null` where it has no map. */
  readMap: (commit: Commit) => FinishedMap | null;
}

/** A record's name. */
export function place({ partition, offset }: { partition: number; offset: number }): string {
  return `${partition}@${offset}`;
}

export function some(values: readonly (number | string)[]): string {
  const shown = values.slice(0, 5).join(", ");
  return values.length > 5 ? `${shown}, …` : shown;
}

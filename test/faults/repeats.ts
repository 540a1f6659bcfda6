/** Why records ran again, and how many could have after a kill. Pure. */
import { type Change, type Ending, type Evidence, place } from "./evidence.ts";
import type { LedgerLine } from "./ledger.ts";
import type { Commit } from "./commit_record.ts";

/** Why a message was run again. */
export interface Repeats {
  /** It had not finished where it ran before. */
  unfinished: number;
  /** It had finished, but after the last commit. */
  sinceCommit: number;
  /** It had finished before the last commit, whose metadata had no room for it. */
  uncovered: number;
  /** By a worker that had lost the partition and could not know yet. */
  stale: number;
}

/** The commits of each partition, and what one of them has covered. */
export class CommitHistory {
  readonly #byPartition = new Map<number, Commit[]>();
  readonly #readMap: Evidence["readMap"];
  readonly #maps = new Map<Commit, Set<number>>();

  constructor({ commits, readMap }: Evidence) {
    this.#readMap = readMap;
    for (const commit of commits) {
      const list = this.#byPartition.get(commit.partition) ?? [];
      this.#byPartition.set(commit.partition, list);
      list.push(commit);
    }
  }

  /** The last one that was there at a time. */
  at(partition: number, time: number): Commit | undefined {
    return this.#byPartition.get(partition)?.[this.#countUpTo(partition, time) - 1];
  }

  /** How many there were after one time and up to another. */
  count(partition: number, after: number, upTo: number): number {
    return this.#countUpTo(partition, upTo) - this.#countUpTo(partition, after);
  }

  #countUpTo(partition: number, time: number): number {
    const commits = this.#byPartition.get(partition) ?? [];
    let low = 0;
    let high = commits.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (commits[middle]!.at <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The commit had a map, and in it room for what it does not tell. */
  hasRoom(commit: Commit): boolean {
    return this.#readMap(commit)?.hasRoom ?? false;
  }

  covers(commit: Commit | undefined, offset: number): boolean {
    if (!commit) return false;
    if (offset < commit.offset) return true;
    let map = this.#maps.get(commit);
    if (!map) this.#maps.set(commit, map = new Set(this.#readMap(commit)?.offsets));
    return map.has(offset);
  }
}

export function explainRepeats(
  { changes, disturbed, endings, kills, lines }: Evidence,
  history: CommitHistory,
): { repeats: Repeats; unexplained: string[]; details: string[] } {
  const repeats: Repeats = { unfinished: 0, sinceCommit: 0, uncovered: 0, stale: 0 };
  const unexplained: string[] = [];
  const details: string[] = [];
  const ends = [...kills, ...endings];
  const started = new Map<string, LedgerLine>();
  /** By record and process: what one has finished, another need not know of. */
  const finished = new Map<string, LedgerLine>();
  const failed = new Set<string>();
  for (const line of lines) {
    const { step, partition, offset, at, pid, attempt } = line;
    const record = place(line);
    if (step === "finish") finished.set(`${record} ${pid}`, line);
    if (step === "failed" || step === "late") failed.add(record);
    if (step !== "start") continue;
    const before = started.get(record);
    started.set(record, line);
    // An attempt after one that failed is no repeat, wherever it runs.
    const again = failed.delete(record);
    if (!before || again || (attempt > 1 && before.pid === pid)) continue;
    const end = finished.get(`${record} ${before.pid}`);
    const ended = ends.find((ending) =>
      ending.pid === before.pid && ending.at >= before.at && ending.at <= at
    );
    const commit = history.at(partition, ended?.at ?? at);
    const next = nextChange(before, changes);
    // Another's hold may end later than it says; one's own ends before anything of it can run again.
    const held = !ended &&
      (!next || next.change === "assigned" || before.pid === pid && next.at > at);
    const what = `${record}, started by ${before.pid} at ${before.at}` +
      `${end ? `, finished by ${end.pid} at ${end.at},` : ""} ran again in ${pid} at ${at}; ` +
      `the commit was ${commit ? `@${commit.offset} of ${commit.at}` : "missing"}`;
    // Until it is told, a worker that was frozen or cut off goes on with what it has lost.
    const stale = nextChange(line, changes)?.change === "lost";
    const covered = history.covers(commit, offset);
    let reason: keyof Repeats;
    if (!held && !covered && !end) reason = "unfinished";
    else if (!held && !covered) {
      // The first commit after a finish may have been made before it; the one after that knew of it.
      // One that had lost the partition without knowing could commit nothing any more.
      const later = next?.change === "lost"
        ? 0
        : history.count(partition, end!.at, ended?.at ?? at);
      reason = later < 2 ? "sinceCommit" : "uncovered";
      if (reason === "uncovered" && !disturbed && history.hasRoom(commit!)) {
        unexplained.push(`${what}, whose map had room for it`);
        continue;
      }
    } else if (stale) reason = "stale";
    else {
      unexplained.push(
        held ? `${what}, and ${before.pid} held the partition` : `${what}, which covers it`,
      );
      continue;
    }
    repeats[reason]++;
    details.push(`${reason}: ${what}`);
  }
  return { repeats, unexplained, details };
}

/** What the worker of a run said next of its partition. */
function nextChange(
  { pid, partition, at }: LedgerLine,
  changes: readonly Change[],
): Change | undefined {
  return changes.find((change) =>
    change.pid === pid && change.at >= at && change.partitions.has(partition)
  );
}

/** What a kill left started and not covered by a commit: so many may run again because of it. */
export function exposed({ pid, at }: Ending, { lines }: Evidence, history: CommitHistory): number {
  const uncovered = new Set<string>();
  for (const line of lines) {
    if (line.pid !== pid || line.step !== "start" || line.at > at) continue;
    if (!history.covers(history.at(line.partition, at), line.offset)) uncovered.add(place(line));
  }
  return uncovered.size;
}

/**
 * What became of the messages of one group, judged from outside: from what the sender was promised, what
 * the tasks wrote, and what the brokers have as committed. Pure, so that it can be tested by itself.
 *
 * The clocks are one machine's. A task writes "finish" before its worker can know that it has finished,
 * so a commit that is older than the line has come too early; never the other way round by chance.
 */
import type { Commit } from "./observer.ts";
import type { LedgerLine } from "./ledger.ts";
import type { LogRecord } from "./log_reader.ts";
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
  /** The tasks are ordered by key. */
  ordered: boolean;
  /**
   * Brokers or the network were away. Then a commit whose answer did not come may be taken after a newer
   * one, since the client sends it again by itself: counted, and no violation.
   */
  disturbed: boolean;
  /** Offsets above the commit's own that its metadata tells as finished. */
  finishedAbove: (commit: Commit) => Iterable<number>;
}

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

export interface Verdict {
  acknowledged: number;
  /** Ids that never finished. */
  lost: number[];
  repeats: Repeats;
  repeated: number;
  /** After kills: how many messages could have been repeated, by the state in which each kill left them. */
  bound: number;
  kills: number;
  commits: number;
  /** Commits that were taken after a newer one, because brokers or the network were away. */
  lateCommits: number;
  /** Each repeat in words, for whoever looks for a reason. */
  details: string[];
  /** What should never be; nothing else makes a run fail. */
  violations: string[];
}

export function judge(evidence: Evidence): Verdict {
  const { acknowledged, commits, kills, lines, records } = evidence;
  const finished = firstFinishes(lines);
  const done = new Set(records.filter((one) => finished.has(place(one))).map(({ id }) => id));
  const violations: string[] = [];
  const lost = [...acknowledged.keys()].filter((id) => !done.has(id));
  if (lost.length > 0) violations.push(`${lost.length} messages were lost: ${some(lost)}`);
  const unrun = records.filter((one) => !finished.has(place(one)));
  if (unrun.length > 0) {
    violations.push(`${unrun.length} records did not finish: ${some(unrun.map(place))}`);
  }
  violations.push(...misplaced(evidence), ...earlyCommits(evidence, finished));
  const back = backwards(evidence);
  violations.push(...back.violations);
  if (evidence.ordered) violations.push(...disordered(evidence));
  const history = new CommitHistory(evidence);
  const { details, repeats, unexplained } = explainRepeats(evidence, history);
  violations.push(...unexplained);
  return {
    acknowledged: acknowledged.size,
    lost,
    repeats,
    repeated: repeats.unfinished + repeats.sinceCommit + repeats.uncovered + repeats.stale,
    bound: kills.reduce((sum, kill) => sum + exposed(kill, evidence, history), 0),
    kills: kills.length,
    commits: commits.length,
    lateCommits: back.late,
    details,
    violations,
  };
}

/** A record's name. */
function place({ partition, offset }: { partition: number; offset: number }): string {
  return `${partition}@${offset}`;
}

/** When each record finished first. */
function firstFinishes(lines: readonly LedgerLine[]): Map<string, number> {
  const finished = new Map<string, number>();
  for (const line of lines) {
    if (line.step === "finish" && !finished.has(place(line))) finished.set(place(line), line.at);
  }
  return finished;
}

/** The commits of each partition, and what one of them has covered. */
class CommitHistory {
  readonly #byPartition = new Map<number, Commit[]>();
  readonly #finishedAbove: Evidence["finishedAbove"];
  readonly #maps = new Map<Commit, Set<number>>();

  constructor({ commits, finishedAbove }: Evidence) {
    this.#finishedAbove = finishedAbove;
    for (const commit of commits) {
      const list = this.#byPartition.get(commit.partition) ?? [];
      this.#byPartition.set(commit.partition, list);
      list.push(commit);
    }
  }

  /** The last one that was there at a time. */
  at(partition: number, time: number): Commit | undefined {
    const commits = this.#byPartition.get(partition) ?? [];
    let low = 0;
    let high = commits.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (commits[middle]!.at <= time) low = middle + 1;
      else high = middle;
    }
    return commits[low - 1];
  }

  covers(commit: Commit | undefined, offset: number): boolean {
    if (!commit) return false;
    if (offset < commit.offset) return true;
    let map = this.#maps.get(commit);
    if (!map) this.#maps.set(commit, map = new Set(this.#finishedAbove(commit)));
    return map.has(offset);
  }
}

/** The tasks saw each record as it is in the log. */
function misplaced({ records, lines }: Evidence): string[] {
  const known = new Map(records.map((record) => [place(record), record]));
  const wrong = lines.filter((line) => {
    const record = known.get(place(line));
    return record?.id !== line.id || record.key !== line.key;
  });
  return wrong.length === 0
    ? []
    : [`${wrong.length} runs saw what the log does not have: ${some(wrong.map(place))}`];
}

/** No offset below the committed one, and none that the metadata tells, is unfinished at that time. */
function earlyCommits(
  { commits, finishedAbove, records }: Evidence,
  finished: ReadonlyMap<string, number>,
): string[] {
  const partitions = new Map<number, LogRecord[]>();
  for (const record of records) {
    const list = partitions.get(record.partition) ?? [];
    partitions.set(record.partition, list);
    list.push(record);
  }
  const violations: string[] = [];
  for (const [partition, list] of partitions) {
    list.sort((a, b) => a.offset - b.offset);
    const finishOf = (offset: number) => finished.get(place({ partition, offset })) ?? Infinity;
    const known = new Set(list.map(({ offset }) => offset));
    /** The latest first finish of this record and all before it. */
    let latest = -Infinity;
    const latestUpTo = list.map(({ offset }) => latest = Math.max(latest, finishOf(offset)));
    for (const commit of commits) {
      if (commit.partition !== partition) continue;
      const below = countBelow(list, commit.offset);
      if (below > 0 && latestUpTo[below - 1]! > commit.at) {
        const early = list.slice(0, below).filter(({ offset }) => finishOf(offset) > commit.at);
        violations.push(
          `commit ${place(commit)} at ${commit.at} passed ${early.length} unfinished: ` +
            `offsets ${some(early.map(({ offset }) => offset))}`,
        );
      }
      for (const offset of finishedAbove(commit)) {
        if (!known.has(offset) || finishOf(offset) <= commit.at) continue;
        violations.push(
          `the metadata of commit ${place(commit)} at ${commit.at} tells unfinished ` +
            `offset ${offset} as finished`,
        );
      }
    }
  }
  return violations;
}

function countBelow(list: readonly { offset: number }[], offset: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle]!.offset < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A commit that takes back an earlier one: as if an old owner had overwritten a new one's. */
function backwards({ commits, disturbed }: Evidence): { violations: string[]; late: number } {
  const highest = new Map<number, number>();
  const violations: string[] = [];
  let late = 0;
  for (const commit of commits) {
    const { partition, offset, at } = commit;
    const before = highest.get(partition) ?? -1;
    if (offset < before) {
      if (disturbed) late++;
      else violations.push(`commit ${place(commit)} at ${at} went back from ${before}`);
    }
    highest.set(partition, Math.max(before, offset));
  }
  return { violations, late };
}

/** With order by key, an attempt starts only after each earlier message of its key has finished. */
function disordered({ lines, records }: Evidence): string[] {
  const waiting = new Map<string, number[]>();
  for (const { key, offset } of records.toSorted((a, b) => a.offset - b.offset)) {
    const offsets = waiting.get(key) ?? [];
    waiting.set(key, offsets);
    offsets.push(offset);
  }
  const done = new Map<string, Set<number>>();
  const violations: string[] = [];
  for (const { step, key, offset, pid, at } of lines) {
    const offsets = waiting.get(key) ?? [];
    const finished = done.get(key) ?? new Set();
    done.set(key, finished);
    if (step === "finish") {
      finished.add(offset);
      while (offsets.length > 0 && finished.has(offsets[0]!)) finished.delete(offsets.shift()!);
    } else if (step === "start" && offsets.length > 0 && offsets[0]! < offset) {
      violations.push(
        `key ${key}: offset ${offset} started at ${at} in ${pid} before ${offsets[0]} had finished`,
      );
    }
  }
  return violations;
}

function explainRepeats(
  { changes, endings, kills, lines }: Evidence,
  history: CommitHistory,
): { repeats: Repeats; unexplained: string[]; details: string[] } {
  const repeats: Repeats = { unfinished: 0, sinceCommit: 0, uncovered: 0, stale: 0 };
  const unexplained: string[] = [];
  const details: string[] = [];
  const ends = [...kills, ...endings];
  const started = new Map<string, LedgerLine>();
  const finished = new Map<string, LedgerLine>();
  const failed = new Set<string>();
  for (const line of lines) {
    const { step, partition, offset, at, pid, attempt } = line;
    const record = place(line);
    if (step === "finish" && !finished.has(record)) finished.set(record, line);
    if (step === "failed" || step === "late") failed.add(record);
    if (step !== "start") continue;
    const before = started.get(record);
    started.set(record, line);
    // An attempt after one that failed is no repeat, wherever it runs.
    const again = failed.delete(record);
    if (!before || again || (attempt > 1 && before.pid === pid)) continue;
    const end = finished.get(record);
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
    if (!held && !end) reason = "unfinished";
    else if (!held && !covered) {
      reason = !commit || end!.at >= commit.at ? "sinceCommit" : "uncovered";
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
function exposed({ pid, at }: Ending, { lines }: Evidence, history: CommitHistory): number {
  const uncovered = new Set<string>();
  for (const line of lines) {
    if (line.pid !== pid || line.step !== "start" || line.at > at) continue;
    if (!history.covers(history.at(line.partition, at), line.offset)) uncovered.add(place(line));
  }
  return uncovered.size;
}

function some(values: readonly (number | string)[]): string {
  const shown = values.slice(0, 5).join(", ");
  return values.length > 5 ? `${shown}, …` : shown;
}

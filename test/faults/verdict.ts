/**
 * What became of the messages of one group, judged from outside: from what the sender was promised, what
 * the tasks wrote, and what the brokers have as committed. Pure, so that it can be tested by itself.
 *
 * The clocks are one machine's. A task writes "finish" before its worker can know that it has finished,
 * so a commit that is older than the line has come too early; never the other way round by chance.
 */
import { type Evidence, place, some } from "./evidence.ts";
import type { LogRecord } from "./log_reader.ts";
import { matchLetters } from "./letters.ts";
import { CommitHistory, explainRepeats, exposed, type Repeats } from "./repeats.ts";

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
  /** Records that ended in the dead letters. */
  dead: number;
  /** Commits that were taken after a newer one, because brokers or the network were away. */
  lateCommits: number;
  /** Each repeat in words, for whoever looks for a reason. */
  details: string[];
  /** What should never be; nothing else makes a run fail. */
  violations: string[];
}

export function judge(given: Evidence): Verdict {
  const buried = matchLetters(given);
  const evidence = { ...given, dead: buried.dead };
  const { acknowledged, commits, kills, records } = evidence;
  const finished = firstFinishes(evidence);
  const done = new Set(records.filter((one) => finished.has(place(one))).map(({ id }) => id));
  const violations: string[] = [];
  const lost = [...acknowledged.keys()].filter((id) => !done.has(id));
  if (lost.length > 0) violations.push(`${lost.length} messages were lost: ${some(lost)}`);
  const unrun = records.filter((one) => !finished.has(place(one)));
  if (unrun.length > 0) {
    violations.push(`${unrun.length} records did not finish: ${some(unrun.map(place))}`);
  }
  violations.push(
    ...buried.violations,
    ...misplaced(evidence),
    ...earlyCommits(evidence, finished),
  );
  const back = backwards(evidence);
  violations.push(...back.violations);
  if (evidence.ordered) violations.push(...disordered(evidence));
  const history = new CommitHistory(evidence);
  const { details, repeats, unexplained } = explainRepeats(evidence, history);
  violations.push(...unexplained);
  if (evidence.restarts > 0 && !evidence.disturbed) {
    violations.push(`${evidence.restarts} workers could not join, though all brokers were there`);
  }
  return {
    acknowledged: acknowledged.size,
    lost,
    repeats,
    repeated: repeats.unfinished + repeats.sinceCommit + repeats.uncovered + repeats.stale,
    bound: kills.reduce((sum, kill) => sum + exposed(kill, evidence, history), 0),
    kills: kills.length,
    commits: commits.length,
    dead: new Set(buried.dead.map(place)).size,
    lateCommits: back.late,
    details,
    violations,
  };
}

/** When each record finished first. */
function firstFinishes({ dead, lines }: Evidence): Map<string, number> {
  const finished = new Map<string, number>();
  for (const line of lines) {
    if (line.step === "finish" && !finished.has(place(line))) finished.set(place(line), line.at);
  }
  for (const one of dead) {
    finished.set(place(one), Math.min(one.at, finished.get(place(one)) ?? Infinity));
  }
  return finished;
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
  { commits, readMap, records }: Evidence,
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
      for (const offset of readMap(commit)?.offsets ?? []) {
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
function disordered({ dead, lines, records }: Evidence): string[] {
  const waiting = new Map<string, number[]>();
  const given = new Set(dead.map(place));
  for (const record of records.toSorted((a, b) => a.offset - b.offset)) {
    // When a record was given up, what follows it may go on.
    if (given.has(place(record))) continue;
    const { key, offset } = record;
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

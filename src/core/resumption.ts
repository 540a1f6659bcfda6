/**
 * Where work on an assigned partition begins: from the group's commit, its metadata and how far the log
 * reaches. Pure: what is asked of the brokers comes in, a decision with its reasons goes out.
 */
import { decodeMetadata, UNKNOWN_INCARNATION } from "./commit_metadata.ts";
import type { OffsetRange } from "./offset_tracker.ts";

export interface GroupStanding {
  /** The group's commit; -1 without one. */
  committed: number;
  metadata: string;
  /** The topic's id; `null` when unknown. */
  incarnation: string | null;
  start: number;
  end: number;
}

export type ResetReason = "deleted" | "truncated" | "recreated";

export interface Resumption {
  /** The first offset to receive. */
  offset: number;
  /** Above it, finished by earlier owners. */
  finished: OffsetRange[];
  /** How often in turn the partition was taken over from an owner that did not leave. */
  takeovers: number;
  /** The message that ran alone in its partition when its worker ended. */
  suspect: number | null;
  /** Nothing at all ran beside it. */
  exclusive: boolean;
  /** One past what the last owner is known to have started. */
  extent: number;
  breakerOpen: boolean;
  /** Messages given up on end, by the last owner. */
  givenUp: number;
  /** The newest leader epoch that `finished` speaks of; -1 when unknown. */
  epoch: number;
  /** Failed attempts of unfinished messages, by offset. */
  attempts: ReadonlyMap<number, number>;
  /** The commit's offset is not in the log, or of another log; `lost` messages are gone. */
  reset: { from: number; reason: ResetReason; lost: number } | null;
  /** Why the metadata is not used, if there is any. */
  ignored: string | null;
}

const NONE: ReadonlyMap<number, number> = new Map();

export function resume(standing: GroupStanding): Resumption {
  const { committed, metadata, incarnation, start, end } = standing;
  const begin = (offset: number, more: Partial<Resumption> = {}): Resumption => ({
    offset,
    finished: [],
    takeovers: 0,
    suspect: null,
    exclusive: false,
    extent: offset,
    breakerOpen: false,
    givenUp: 0,
    epoch: -1,
    attempts: NONE,
    reset: null,
    ignored: null,
    ...more,
  });
  if (committed < 0) return begin(start);
  const read = decodeMetadata(committed, metadata);
  const known = read !== null && !("problem" in read) ? read : null;
  if (known && isOther(known.incarnation, incarnation)) {
    // The offset is of a log that is gone: nothing of the new one has been worked on.
    return begin(start, { reset: { from: committed, reason: "recreated", lost: 0 } });
  }
  if (committed > end) {
    const lost = committed - end;
    return begin(end, { reset: { from: committed, reason: "truncated", lost } });
  }
  if (read && "problem" in read) {
    return { ...beforeStart(begin(committed), start), ignored: read.problem };
  }
  if (!known) return beforeStart(begin(committed), start);
  const { attempts, closed, breakerOpen, epoch, givenUp, suspect, exclusive, extent } = known;
  const usable = incarnation !== null && known.finished.every(({ to }) => to <= end);
  const ignored = known.finished.length === 0 || usable
    ? null
    : incarnation === null
    ? "the topic's id is not known"
    : "it reaches beyond the end of the log, which was truncated";
  return beforeStart(
    begin(committed, {
      finished: usable ? known.finished : [],
      // One that leaves in good order, as in a rebalance, proves nothing of what it has not finished.
      takeovers: closed ? known.takeovers : known.takeovers + 1,
      suspect: closed ? null : suspect,
      exclusive: !closed && exclusive,
      extent: Math.min(extent, end),
      breakerOpen,
      givenUp,
      epoch,
      attempts: usable ? attempts : NONE,
      ignored,
    }),
    start,
  );
}

/** What a process has finished of a partition that it lost, beyond what the broker had confirmed. */
export interface LostWork {
  /** The last commit that was confirmed, and the takeovers that it told. */
  committed: number;
  takeovers: number;
  incarnation: string | null;
  /** The newest leader epoch of a message received; -1 when unknown. */
  epoch: number;
  /** In any order. */
  finished: readonly OffsetRange[];
}

/**
 * The same for a process that gets a partition again which it had lost: what it finished itself is not run
 * again, unless the log is another one, or the group has got on or was put back meanwhile. Otherwise a
 * message that takes longer than the group allows would cost the partition each time, and run without end.
 */
export function resumeAfterLoss(standing: GroupStanding, lost: LostWork): Resumption {
  const found = resume(standing);
  if (found.offset !== lost.committed) return found;
  // A loss leaves the same trace as an owner that ended; but this one has not ended.
  const begun = found.takeovers === lost.takeovers + 1
    ? { ...found, takeovers: lost.takeovers, suspect: null }
    : found;
  const { incarnation, end, metadata } = standing;
  const isSameLog = incarnation !== null && incarnation === lost.incarnation &&
    Number.isFinite(end) && found.reset === null;
  // Tools that put a group back write no metadata.
  const isOurCommit = metadata !== "" && found.ignored === null;
  const reachesBeyond = lost.finished.some(({ to }) => to > end);
  if (!isSameLog || !isOurCommit || reachesBeyond) return begun;
  const finished = union([...begun.finished, ...lost.finished])
    .filter(({ to }) => to > begun.offset);
  const [first] = finished;
  const offset = first && first.from <= begun.offset ? first.to : begun.offset;
  const { suspect, extent } = begun;
  const isFinished = suspect !== null &&
    finished.some(({ from, to }) => suspect >= from && suspect < to);
  return {
    ...begun,
    offset,
    epoch: Math.max(begun.epoch, lost.epoch),
    finished: finished.filter(({ from }) => from > offset),
    suspect: isFinished ? null : suspect,
    extent: Math.max(extent, offset),
  };
}

/** Rising, and apart from each other. */
function union(ranges: OffsetRange[]): OffsetRange[] {
  const joined: OffsetRange[] = [];
  for (const { from, to } of ranges.sort((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else joined.push({ from, to });
  }
  return joined;
}

/** Whether both ids are known and differ. */
function isOther(committed: string, now: string | null): boolean {
  return now !== null && committed !== UNKNOWN_INCARNATION && committed !== now;
}

/** The log begins above the commit: what lay between was deleted before anybody worked on it. */
function beforeStart(resumption: Resumption, start: number): Resumption {
  const { offset, finished, suspect } = resumption;
  if (offset >= start) return resumption;
  const kept = finished.filter(({ to }) => to > start);
  const done = finished.reduce((sum, { from, to }) => sum + overlap(from, to, start), 0);
  return {
    ...resumption,
    offset: start,
    finished: kept.map(({ from, to }) => ({ from: Math.max(from, start), to })),
    takeovers: 0,
    suspect: suspect !== null && suspect >= start ? suspect : null,
    extent: Math.max(resumption.extent, start),
    reset: { from: offset, reason: "deleted", lost: start - offset - done },
  };
}

function overlap(from: number, to: number, end: number): number {
  return Math.max(0, Math.min(to, end) - from);
}

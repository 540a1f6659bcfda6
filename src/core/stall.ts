/**
 * Is the worker stalled? It is when there is lag and nothing moved for a set time: no message finished,
 * no commit confirmed.
 *
 * ```
 * moving ──nothing moved for so long, with lag──► stalled ──something moved, or no lag──► moving
 * ```
 */

export interface StallState {
  /** The progress that was last seen, and when it changed. */
  progress: number;
  since: number;
  stalled: boolean;
}

export interface StallBounds {
  /** Milliseconds without progress after which it is stalled; `null`: never. */
  afterMs: number | null;
  /** Milliseconds without progress after which the worker leaves; `null`: never. */
  exitMs: number | null;
}

export interface StallFacts {
  now: number;
  /** A number that changes with each message finished and each commit confirmed. */
  progress: number;
  /** There is something that this worker should be getting on with. */
  lagging: boolean;
}

export interface StallDecision {
  state: StallState;
  /** What has just become so. */
  change: "stalled" | "ended" | null;
  /** Milliseconds without progress, up to this change where it is the end of a stall. */
  forMs: number;
  leave: boolean;
}

export function decideStall(
  before: StallState,
  { now, progress, lagging }: StallFacts,
  { afterMs, exitMs }: StallBounds,
): StallDecision {
  const forMs = now - before.since;
  if (progress !== before.progress || !lagging) {
    const state = { progress, since: now, stalled: false };
    return { state, change: before.stalled ? "ended" : null, forMs, leave: false };
  }
  const leave = forMs >= (exitMs ?? Infinity);
  // Nobody leaves without having said why.
  const stalled = before.stalled || leave || forMs >= (afterMs ?? Infinity);
  const change = stalled && !before.stalled ? "stalled" : null;
  return { state: { ...before, stalled }, change, forMs, leave };
}

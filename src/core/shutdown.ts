/**
 * The phases of a shutdown, as decisions.
 *
 * ```
 * running ──stop──► draining ──► aborting ──► committing ──► closing
 * ```
 * Draining takes nothing new and waits for what runs, at most the grace; aborting aborts the signals and
 * waits a little; committing waits for the broker's word on the last commit, as long as is left of the
 * grace: during a rebalance of the classic protocol no commit is taken. A second request to stop goes to
 * the abort at once. Each phase is bounded, so the whole is too.
 */

export type ShutdownPhase = "running" | "draining" | "aborting" | "committing" | "closing";

/** After the abort, tasks get this long to settle. */
export const ABORT_WAIT_MS = 3000;
/** The answer to the last commit is waited for this long at least. */
export const COMMIT_WAIT_MS = 3000;

export interface ShutdownFacts {
  now: number;
  /** When the phase began. */
  since: number;
  graceMs: number;
  /** When the grace is over; `Infinity` before the shutdown. */
  graceBy: number;
  /** The shutdown has begun, by a request or for a reason of the worker's own. */
  leaving: boolean;
  /** Requests to stop so far, from outside. */
  requests: number;
  /** Attempts running and dead letters on their way. */
  busy: number;
  /** Watermarks that the broker has not confirmed. */
  uncommitted: number;
}

/** When the phase is over at the latest; `Infinity` when no time ends it. */
export function phaseDue(
  phase: ShutdownPhase,
  { graceBy, graceMs, requests, since }: Omit<ShutdownFacts, "now">,
): number {
  switch (phase) {
    case "draining":
      return since + graceMs;
    case "aborting":
      return since + ABORT_WAIT_MS;
    case "committing":
      return Math.max(since + COMMIT_WAIT_MS, requests === 1 ? graceBy : 0);
    case "running":
    case "closing":
      return Infinity;
    default:
      return phase satisfies never;
  }
}

/** The phase that follows from the facts; the same one when nothing is to change. */
export function nextPhase(phase: ShutdownPhase, facts: ShutdownFacts): ShutdownPhase {
  const spent = facts.now - facts.since;
  switch (phase) {
    case "running":
      return facts.leaving ? "draining" : "running";
    case "draining":
      if (facts.busy === 0) return "committing";
      return facts.requests > 1 || spent >= facts.graceMs ? "aborting" : "draining";
    case "aborting":
      return facts.busy === 0 || spent >= ABORT_WAIT_MS ? "committing" : "aborting";
    case "committing":
      if (facts.uncommitted === 0) return "closing";
      // Whoever leaves for a reason of its own, Kafka's refusal say, has nothing to hope for.
      if (facts.requests === 1 && facts.now < facts.graceBy) return "committing";
      return spent >= COMMIT_WAIT_MS ? "closing" : "committing";
    case "closing":
      return "closing";
    default:
      return phase satisfies never;
  }
}

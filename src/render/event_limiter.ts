/**
 * Keeps a flood of one kind of event from drowning everything else in a log or on a terminal.
 *
 * State: how many of each kind were let through and held back in the current second. Only kinds that
 * come once for each message are bounded; `--stats json` and a user's own log lines never are.
 */
import type { WorkerEvent } from "../stats/events.ts";

const MOST_A_SECOND = 50;
const BOUNDED: ReadonlySet<WorkerEvent["event"]> = new Set([
  "commit-refused",
  "dead",
  "dead-letter-refused",
  "kafka-error",
  "retrying",
  "skipped",
  "stray-error",
  "task-error",
  "timed-out",
]);

export interface HeldBack {
  event: WorkerEvent["event"];
  count: number;
}

export class EventLimiter {
  readonly #seen = new Map<WorkerEvent["event"], number>();

  /** Whether the event is to be shown. */
  admit({ event }: WorkerEvent): boolean {
    if (!BOUNDED.has(event)) return true;
    const seen = (this.#seen.get(event) ?? 0) + 1;
    this.#seen.set(event, seen);
    return seen <= MOST_A_SECOND;
  }

  /** What was held back since the last call; to be called once a second, which begins the next. */
  takeHeldBack(): HeldBack[] {
    const heldBack: HeldBack[] = [];
    for (const [event, seen] of this.#seen) {
      if (seen > MOST_A_SECOND) heldBack.push({ event, count: seen - MOST_A_SECOND });
    }
    this.#seen.clear();
    return heldBack;
  }
}

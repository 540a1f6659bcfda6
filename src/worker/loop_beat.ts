/** The beat of the loop: tells the watchdog that it turns, and everybody what has kept it from turning. */
import type { Stats } from "../stats/events.ts";
import type { Clock } from "./clock.ts";
import type { Pulse } from "./pulse.ts";
import type { TaskState } from "./task_state.ts";

/**
 * A loop blocked for so long is told: no task should compute for a second without a pause, since all
 * others wait meanwhile. Shorter blocks are in the figures of the loop's delay.
 */
const BLOCK_TOLD_MS = 1000;

export class LoopBeat {
  readonly #tasks: readonly TaskState[];
  readonly #parts: { pulse: Pulse; clock: Clock; stats: Stats };

  constructor(
    tasks: readonly TaskState[],
    parts: { pulse: Pulse; clock: Clock; stats: Stats },
  ) {
    this.#tasks = tasks;
    this.#parts = parts;
  }

  /** A turn begins. */
  beat(): void {
    const { clock, pulse, stats } = this.#parts;
    const block = pulse.beat(clock.now(), BLOCK_TOLD_MS);
    if (!block) return;
    const task = this.#tasks[block.task]?.name ?? null;
    const candidates = task === null ? this.inFlightTasks() : [];
    const blockedMs = Math.round(block.blockedMs);
    stats.event({ event: "loop-blocked", task, candidates, blockedMs, over: true });
  }

  /** No further turn comes. */
  end(): void {
    this.#parts.pulse.rest();
  }

  /** Milliseconds for which a turn has been due. */
  get overdueMs(): number {
    return this.#parts.pulse.overdue(this.#parts.clock.now());
  }

  /** The task whose code runs before it first awaits; `null` outside of that. */
  get runningTask(): string | null {
    return this.#tasks[this.#parts.pulse.running]?.name ?? null;
  }

  /** Names of the tasks that have attempts in flight, or had some in this turn. */
  inFlightTasks(): string[] {
    const busy = this.#tasks.filter(({ inFlight, instant }) => inFlight + instant > 0);
    return busy.map(({ name }) => name);
  }
}

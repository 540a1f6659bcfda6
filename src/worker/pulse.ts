/**
 * What a watchdog sees of the loop: its turns, and whose code runs. A few stores into an array, since
 * they come with each turn and each attempt; src/native/watchdog.h has the same cells, and a thread that
 * reads them while the loop cannot. Without one, in tests, the array is an ordinary one.
 *
 * States: still before the first turn; beating; at rest after `rest`, when nobody waits for a turn.
 */
import type { ExitCode } from "../errors.ts";

const CELL = {
  beat: 0,
  sleep: 1,
  running: 2,
  leaveWithin: 3,
  exitCode: 4,
  blamed: 5,
  blamedBeat: 6,
  inFlight: 7,
} as const;

/** How many cells there are for so many tasks. */
export function pulseCells(tasks: number): number {
  return CELL.inFlight + tasks;
}

export interface Block {
  /** Milliseconds for which the loop made no turn, beyond its sleep. */
  blockedMs: number;
  /** Index of the task that most of it was spent in; -1 when that is not known. */
  task: number;
}

export class Pulse {
  readonly #cells: Int32Array;
  #beatAt = -Infinity;
  #sleepMs = 0;

  constructor(cells: Int32Array) {
    this.#cells = cells;
  }

  /** A turn begins. Returns what held it up, if that took at least `leastMs`. */
  beat(now: number, leastMs: number): Block | null {
    const cells = this.#cells;
    const blockedMs = now - this.#beatAt - this.#sleepMs;
    const isBlock = blockedMs >= leastMs && this.#beatAt > -Infinity;
    const block = isBlock ? { blockedMs, task: this.#blamed() } : null;
    this.#beatAt = now;
    this.#sleepMs = 0;
    cells[CELL.sleep] = 0;
    cells[CELL.beat]! = (cells[CELL.beat]! + 1) | 0 || 1;
    return block;
  }

  /** The turn is over, and the next is not due for so long. */
  sleep(ms: number): void {
    this.#sleepMs = ms;
    this.#cells[CELL.sleep] = ms;
  }

  /** Milliseconds for which a turn has been due. */
  overdue(now: number): number {
    return this.#beatAt === -Infinity || this.#cells[CELL.sleep]! < 0
      ? 0
      : Math.max(0, now - this.#beatAt - this.#sleepMs);
  }

  /** No further turn comes. */
  rest(): void {
    this.#cells[CELL.sleep] = -1;
  }

  /** An attempt begins: the task's own code runs until `yielded`. */
  started(task: number): void {
    this.#cells[CELL.running] = task + 1;
    this.#cells[CELL.inFlight + task]!++;
  }

  /** The attempt has returned, or waits. */
  yielded(): void {
    this.#cells[CELL.running] = 0;
  }

  /** So many attempts gave their slots back. */
  ended(task: number, count: number): void {
    this.#cells[CELL.inFlight + task]! -= count;
  }

  /** The task whose code runs right now, -1 for none. */
  get running(): number {
    return this.#cells[CELL.running]! - 1;
  }

  /** Whether attempts of the task are in flight. */
  isInFlight(task: number): boolean {
    return this.#cells[CELL.inFlight + task]! > 0;
  }

  /** The worker leaves on its own account, and the process has to have ended after `ms`. */
  leaveWithin(ms: number): void {
    this.#cells[CELL.leaveWithin] = Math.min(ms, 2 ** 31 - 1);
  }

  /** What a process exits with that does not end by itself. */
  exitWith(code: ExitCode): void {
    this.#cells[CELL.exitCode] = code;
  }

  #blamed(): number {
    const cells = this.#cells;
    return cells[CELL.blamedBeat] === cells[CELL.beat] ? cells[CELL.blamed]! - 1 : -1;
  }
}

/**
 * The pause at the end of a turn. With something to do it yields once to the event loop, so that I/O
 * and timers go on; with nothing it sleeps, longer and longer up to the idle sleep. A wake-up, from an
 * arrival or an outcome, ends the sleep; a lost one costs at most one idle sleep.
 *
 * Outcomes come in crowds: when 100,000 tasks have waited for the same time, their timers fire one after
 * another, and a turn after each would cost more than all else. So an outcome waits for what else is due.
 */
import type { Pulse } from "./pulse.ts";

const SHORTEST_SLEEP_MS = 1;

export class Idle {
  readonly #longestMs: number;
  readonly #pulse: Pulse;
  #sleepMs = SHORTEST_SLEEP_MS;
  #wakeUp: (() => void) | null = null;
  #woken = false;

  /** `longestMs`: `--idle-sleep`. */
  constructor(longestMs: number, pulse: Pulse) {
    this.#longestMs = longestMs;
    this.#pulse = pulse;
  }

  /** Ends a sleep, or forbids the next one. */
  readonly wake = (): void => {
    this.#woken = true;
    this.#wakeUp?.();
  };

  /** The same, after the callbacks that are due by now. */
  readonly wakeSoon = (): void => {
    this.#woken = true;
    if (this.#wakeUp) setImmediate(this.#wakeNow);
  };

  readonly #wakeNow = (): void => this.#wakeUp?.();

  /** `busy`: the turn did something. `untilMs`: time to the next thing that is due. */
  async pause(busy: boolean, untilMs: number): Promise<void> {
    if (busy) this.#sleepMs = SHORTEST_SLEEP_MS;
    if (busy || this.#woken || untilMs <= 0) {
      this.#woken = false;
      await new Promise<void>((resolve) => setImmediate(resolve));
      return;
    }
    const sleepMs = Math.min(this.#sleepMs, Math.ceil(untilMs));
    this.#pulse.sleep(sleepMs);
    await this.#sleep(sleepMs);
    this.#sleepMs = Math.min(this.#sleepMs * 2, this.#longestMs);
    this.#woken = false;
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#wakeUp = null;
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.#wakeUp = end;
    });
  }
}

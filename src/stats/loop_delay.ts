/**
 * How late the event loop is: what a timer that is due has to wait for.
 *
 * Measured by a timer of our own, since `monitorEventLoopDelay` differs between runtimes in unit and
 * meaning. States: stopped, running. While running, one timer is always pending; each turn records how
 * much later than planned it came and plans the next from there, so that one long block counts once.
 * Figures cover the current window and the one before it, so they neither flicker nor linger.
 */
import { createHistogram, type RecordableHistogram } from "node:perf_hooks";

/**
 * A wake-up costs an idle process 100–200 µs, so four a second are 0.1 % of a core. A block as long as
 * this is always seen, a shorter one by its share of the time.
 */
const INTERVAL_MS = 250;
const WINDOW_MS = 10_000;
/** Timers are whole milliseconds: so much is the timer's own rounding, and is subtracted. */
const ROUNDING_MS = 1;

export interface LoopDelayOptions {
  /** Milliseconds, of a monotonic clock. @default performance.now */
  now?: () => number;
  /** Milliseconds between two measurements. @default 250 */
  intervalMs?: number;
}

export class LoopDelay {
  readonly #now: () => number;
  readonly #intervalMs: number;
  #current: RecordableHistogram = createHistogram({ figures: 2 });
  #previous: RecordableHistogram = createHistogram({ figures: 2 });
  #windowEnd = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor({ now = () => performance.now(), intervalMs = INTERVAL_MS }: LoopDelayOptions = {}) {
    this.#now = now;
    this.#intervalMs = intervalMs;
  }

  /** Does not keep the process alive. */
  start(): void {
    if (this.#timer !== null) return;
    this.#windowEnd = this.#now() + WINDOW_MS;
    this.#plan();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /**
   * 99th percentile and maximum in milliseconds over the last 10 to 20 s; 0 before the first
   * measurement. A block that is still going on is seen only once it is over.
   */
  figures(): { p99: number; max: number } {
    const both = createHistogram({ figures: 2 });
    both.add(this.#previous);
    both.add(this.#current);
    if (both.count === 0) return { p99: 0, max: 0 };
    const max = both.max / 1000;
    return { p99: Math.min(both.percentile(99) / 1000, max), max };
  }

  /**
   * One measurement, by a timer that was due at `due`, in milliseconds of the same clock. Whoever has
   * timers anyway can add theirs.
   */
  record(due: number, now: number): void {
    if (now >= this.#windowEnd) {
      const emptied = this.#previous;
      emptied.reset();
      this.#previous = this.#current;
      this.#current = emptied;
      this.#windowEnd = now + WINDOW_MS;
    }
    this.#current.record(Math.max(1, Math.round((now - due - ROUNDING_MS) * 1000)));
  }

  #plan(): void {
    const due = this.#now() + this.#intervalMs;
    this.#timer = setTimeout(() => {
      this.record(due, this.#now());
      this.#plan();
    }, this.#intervalMs);
    this.#timer.unref?.();
  }
}

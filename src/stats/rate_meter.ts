/**
 * How fast a growing total grows: per whole second for the last minute, and per second over the last
 * ten.
 *
 * State: the total at each whole second since the start, in a ring. Whole seconds are counted from
 * the start, so the first is complete after 1 s. Invariants: `#boundary` is the last whole second that
 * is filled in; the ring holds the totals of the seconds `#boundary - SECONDS … #boundary`. When
 * `advance` comes late by several seconds (a blocked loop, an idle worker), the growth in between is
 * spread evenly over them, so that no second shows a burst that did not happen and none is lost.
 */

const SECONDS = 60;
const RATE_SECONDS = 10;
const SLOTS = SECONDS + 1;

export class RateMeter {
  readonly #startMs: number;
  readonly #totals = new Float64Array(SLOTS);
  #boundary = 0;
  #lastMs: number;
  #lastTotal = 0;

  constructor(startMs: number) {
    this.#startMs = startMs;
    this.#lastMs = startMs;
  }

  /** Takes the total at `now` (milliseconds, never decreasing; an earlier time is ignored). */
  advance(now: number, total: number): void {
    if (now < this.#lastMs) return;
    const boundary = Math.floor((now - this.#startMs) / 1000);
    const from = Math.max(this.#boundary + 1, boundary - SECONDS);
    for (let second = from; second <= boundary; second++) {
      const at = this.#startMs + second * 1000;
      const share = now === this.#lastMs ? 1 : (at - this.#lastMs) / (now - this.#lastMs);
      const grown = Math.round((total - this.#lastTotal) * share);
      this.#totals[second % SLOTS] = this.#lastTotal + grown;
    }
    this.#boundary = boundary;
    this.#lastMs = now;
    this.#lastTotal = total;
  }

  /** Growth in each of the last 60 whole seconds, oldest first; fewer while the run is young. */
  history(): number[] {
    const growth: number[] = [];
    for (
      let second = Math.max(1, this.#boundary - SECONDS + 1);
      second <= this.#boundary;
      second++
    ) {
      growth.push(this.#totals[second % SLOTS]! - this.#totals[(second - 1) % SLOTS]!);
    }
    return growth;
  }

  /** Growth a second over the last ten, at the last `advance`; over the whole run while it is younger. */
  perSecond(): number {
    const second = Math.max(0, this.#boundary - RATE_SECONDS);
    const seconds = (this.#lastMs - this.#startMs) / 1000 - second;
    return seconds <= 0 ? 0 : (this.#lastTotal - this.#totals[second % SLOTS]!) / seconds;
  }
}

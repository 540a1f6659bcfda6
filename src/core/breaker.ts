/**
 * Tells broken code from bad data: whether a task should go on, by what became of its messages.
 *
 * ```
 * closed ──too many are given up──► open ──wait is over──► probing ──enough succeed──► closed
 *                                    ▲──────one fails─────────┘
 * ```
 * - closed: all run. Counted are the messages that succeeded and those that were given up.
 * - open: nothing runs before the wait is over. It doubles with each failed probe.
 * - probing: one message at a time, each after the one before it has ended.
 *
 * Invariants: only while closed do outcomes count, and only while probing do probes; whoever closes it
 * starts with an empty memory, so that the outcomes that opened it do not open it again.
 */
export type BreakerState = "closed" | "open" | "probing";

export interface BreakerPolicy {
  /** Opens when so many were given up on end, with no success between; `null` for never. */
  run: number | null;
  /** Opens when this share of the last outcomes was given up; `null` for never. */
  ratio: number | null;
}

/** Outcomes that the ratio is of, at most and at least. */
export const RATIO_OF = { most: 1000, least: 100 } as const;
/** Probes that have to succeed on end. */
export const PROBES_TO_CLOSE = 5;
/** Milliseconds before the first probe, and before the later ones at most. */
export const PROBE_WAIT = { min: 1000, max: 60_000 } as const;

export class Breaker {
  readonly #policy: BreakerPolicy;
  #state: BreakerState = "closed";
  /** Given up since the last success. */
  #run = 0;
  /** The last outcomes, 1 for one that was given up: a ring. */
  readonly #outcomes: Uint8Array;
  #at = 0;
  #count = 0;
  #givenUp = 0;
  /** On end. */
  #probesPassed = 0;
  #probesFailed = 0;
  #probeAt = Infinity;

  constructor(policy: BreakerPolicy) {
    this.#policy = policy;
    this.#outcomes = new Uint8Array(policy.ratio === null ? 0 : RATIO_OF.most);
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** When the wait for the next probe is over; `Infinity` unless it is open. */
  get probeAt(): number {
    return this.#state === "open" ? this.#probeAt : Infinity;
  }

  /** Probes that have failed on end. */
  get probesFailed(): number {
    return this.#probesFailed;
  }

  // --- while closed

  succeeded(): void {
    if (this.#state !== "closed") return;
    this.#run = 0;
    this.#record(0);
  }

  /** A message is given up. Returns why that opens the breaker, or `null`. `random` is in [0, 1). */
  gaveUp(now: number, random: number): string | null {
    if (this.#state !== "closed") return null;
    this.#run++;
    this.#record(1);
    const { run, ratio } = this.#policy;
    let reason: string | null = null;
    if (run !== null && this.#run >= run) reason = `${this.#run} messages on end were given up`;
    else if (ratio !== null && this.#count >= RATIO_OF.least) {
      const isTooMuch = this.#givenUp >= ratio * this.#count;
      if (isTooMuch) reason = `${this.#givenUp} of the last ${this.#count} messages were given up`;
    }
    if (reason !== null) this.#open(now, random);
    return reason;
  }

  /**
   * Begins with probing, because it was open in the life before. Only where nothing is known yet: what has
   * been seen to work is not doubted. True when it does.
   */
  startProbing(): boolean {
    const { run, ratio } = this.#policy;
    const knows = this.#state !== "closed" || this.#count > 0;
    if (knows || (run === null && ratio === null)) return false;
    this.#state = "probing";
    return true;
  }

  /** Given up on end, by the worker before. Only where nothing is known yet; one more may open it. */
  resumeRun(run: number): void {
    if (this.#state !== "closed" || this.#count > 0 || this.#policy.run === null) return;
    this.#run = Math.max(this.#run, Math.min(run, this.#policy.run - 1));
  }

  /** Given up since the last success, while closed. */
  get run(): number {
    return this.#run;
  }

  // --- while not

  /** Lets the next probe through when its time has come. */
  advance(now: number): void {
    if (this.#state === "open" && now >= this.#probeAt) this.#state = "probing";
  }

  /** True when this success closes it. */
  probePassed(): boolean {
    if (this.#state !== "probing") return false;
    this.#probesFailed = 0;
    if (++this.#probesPassed < PROBES_TO_CLOSE) return false;
    this.#state = "closed";
    this.#run =
      this.#at =
      this.#count =
      this.#givenUp =
      this.#probesPassed =
        0;
    this.#outcomes.fill(0);
    return true;
  }

  probeFailed(now: number, random: number): void {
    if (this.#state !== "probing") return;
    this.#probesFailed++;
    this.#open(now, random);
  }

  /** Half of the wait is drawn, so that workers that opened at once do not probe at once. */
  #open(now: number, random: number): void {
    const wait = Math.min(PROBE_WAIT.max, PROBE_WAIT.min * 2 ** this.#probesFailed);
    this.#state = "open";
    this.#probesPassed = 0;
    this.#probeAt = now + wait * (0.5 + random / 2);
  }

  #record(givenUp: 0 | 1): void {
    const { length } = this.#outcomes;
    if (length === 0) {
      // Without a ratio nothing is kept but whether there was anything.
      this.#count = 1;
      return;
    }
    this.#givenUp += givenUp - this.#outcomes[this.#at]!;
    this.#outcomes[this.#at] = givenUp;
    this.#at = this.#at + 1 === length ? 0 : this.#at + 1;
    if (this.#count < length) this.#count++;
  }
}

/**
 * Run times of attempts in microseconds, counted in buckets whose width grows with the time, as in an HDR
 * histogram (hdrhistogram.org): below 256 µs each microsecond has its own, above it each power of two is cut
 * into 128. A bucket stands for its middle, so a percentile is off by less than 0.4 %.
 *
 * The runtime's own histogram takes as long for a record, but does not give its counts away, and those of
 * several processes have to be merged.
 *
 * State: counts by bucket, as many as the longest run so far needs. Invariant: `count` is their sum.
 */

/** Longer runs count as this long: a day, in microseconds. */
const LONGEST_US = 86_400_000_000;
const FINEST = 256;
const BUCKETS_EACH = 128;

export interface Percentiles {
  p50Ms: number | null;
  p99Ms: number | null;
}

export class RunTimes {
  /** Not of 32 bits: there may be more than four thousand million short runs. */
  #counts = new Float64Array(2 * FINEST);
  #count = 0;
  #known: Percentiles = { p50Ms: null, p99Ms: null };
  #knownAt = 0;

  /** `runMs` in milliseconds; what is no number or below a microsecond counts as a microsecond. */
  record(runMs: number): void {
    const us = Math.round(runMs * 1000);
    const bucket = bucketOf(us >= 1 ? (us < LONGEST_US ? us : LONGEST_US) : 1);
    // Nearly always there is room: the way through `#add` would take twice as long.
    if (bucket >= this.#counts.length) return this.#add(bucket, 1);
    this.#counts[bucket]!++;
    this.#count++;
  }

  get count(): number {
    return this.#count;
  }

  /** Milliseconds; `null` before the first record. Computed again only after new records. */
  percentiles(): Percentiles {
    if (this.#knownAt === this.#count) return this.#known;
    this.#knownAt = this.#count;
    this.#known = { p50Ms: this.#percentileMs(0.5), p99Ms: this.#percentileMs(0.99) };
    return this.#known;
  }

  /** All of them together, as one of its own. */
  static merge(parts: Iterable<RunTimes>): RunTimes {
    const merged = new RunTimes();
    for (const part of parts) {
      part.#counts.forEach((count, bucket) => count > 0 && merged.#add(bucket, count));
    }
    return merged;
  }

  /** For another process: bucket and count by turns, without those that are empty. */
  toJSON(): number[] {
    const pairs: number[] = [];
    this.#counts.forEach((count, bucket) => count > 0 && pairs.push(bucket, count));
    return pairs;
  }

  /** What `toJSON` gave. */
  static fromJSON(pairs: readonly number[]): RunTimes {
    const times = new RunTimes();
    for (let at = 0; at < pairs.length; at += 2) times.#add(pairs[at]!, pairs[at + 1]!);
    return times;
  }

  #add(bucket: number, count: number): void {
    if (bucket >= this.#counts.length) {
      const wider = new Float64Array(Math.max(bucket + 1, 2 * this.#counts.length));
      wider.set(this.#counts);
      this.#counts = wider;
    }
    this.#counts[bucket]! += count;
    this.#count += count;
  }

  /** The time that so large a share of all does not exceed. */
  #percentileMs(share: number): number {
    let left = Math.ceil(this.#count * share);
    const bucket = this.#counts.findIndex((count) => (left -= count) <= 0);
    return middleOf(bucket) / 1000;
  }
}

/** `us`: a whole number from 1. */
function bucketOf(us: number): number {
  if (us < FINEST) return us;
  if (us < 2 ** 31) {
    const doublings = 24 - Math.clz32(us);
    return doublings * BUCKETS_EACH + (us >>> doublings);
  }
  const doublings = Math.floor(Math.log2(us)) - 7;
  return doublings * BUCKETS_EACH + Math.floor(us / 2 ** doublings);
}

/** Microseconds. */
function middleOf(bucket: number): number {
  if (bucket < FINEST) return bucket;
  const doublings = Math.floor(bucket / BUCKETS_EACH) - 1;
  const width = 2 ** doublings;
  return (bucket - doublings * BUCKETS_EACH) * width + (width - 1) / 2;
}

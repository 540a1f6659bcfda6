/**
 * Run times of attempts, kept as an HDR histogram in microseconds.
 *
 * The runtime's own histogram takes about 15 ns a record and 8 KiB (Bun) or 32 KiB (Deno) each. Two
 * significant figures: a percentile is off by less than 1 %.
 */
import { createHistogram, type RecordableHistogram } from "node:perf_hooks";

/** Longer runs count as this long: a day, in microseconds. */
const LONGEST_US = 86_400_000_000;

export interface Percentiles {
  p50Ms: number | null;
  p99Ms: number | null;
}

export class RunTimes {
  #histogram: RecordableHistogram = createHistogram({ lowest: 1, highest: LONGEST_US, figures: 2 });
  #known: Percentiles = { p50Ms: null, p99Ms: null };
  #knownAt = 0;

  /** `runMs` in milliseconds; what is no number or below a microsecond counts as a microsecond. */
  record(runMs: number): void {
    const us = Math.round(runMs * 1000);
    this.#histogram.record(us >= 1 ? (us < LONGEST_US ? us : LONGEST_US) : 1);
  }

  get count(): number {
    return this.#histogram.count;
  }

  /** Milliseconds; `null` before the first record. Computed again only after new records. */
  percentiles(): Percentiles {
    if (this.#knownAt === this.count) return this.#known;
    this.#knownAt = this.count;
    this.#known = {
      p50Ms: this.#histogram.percentile(50) / 1000,
      p99Ms: this.#histogram.percentile(99) / 1000,
    };
    return this.#known;
  }

  /** All of them together, as a histogram of its own. */
  static merge(parts: Iterable<RunTimes>): RunTimes {
    const merged = new RunTimes();
    for (const part of parts) {
      if (part.count > 0) merged.#histogram.add(part.#histogram);
    }
    return merged;
  }
}

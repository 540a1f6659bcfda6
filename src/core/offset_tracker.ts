/** Offsets from `from` up to, but not including, `to`. */
export interface OffsetRange {
  from: number;
  to: number;
}

/** Finished offsets next to each other; `count` is how many messages those are, gaps left out. */
export interface FinishedRun extends OffsetRange {
  count: number;
}

/** What `receive` says of an offset that is not above all received before. */
export const REWOUND = -1;
/** What `receive` says of an offset that was finished before, by this or another worker. */
export const FINISHED_BEFORE = -2;

/**
 * Which offsets of one assigned partition are finished.
 *
 * Offsets arrive in rising order, with gaps (transaction markers, compaction), and finish in any
 * order. Each received offset gets a position, a number that only rises; a ring holds the offsets and
 * states from the lowest unfinished one (the head) up to the last received. What earlier owners finished
 * above their watermark is restored as ranges, and counts as finished when it is received.
 *
 * Invariants:
 * - the entry at the head is unfinished, or the ring is empty;
 * - the watermark is the offset at the head, or one past all that was received when the ring is empty;
 * - the watermark never falls, and never passes an unfinished offset.
 */
export class OffsetTracker<Item = unknown> {
  #offsets: Float64Array;
  #finished: Uint8Array;
  /** What stands for each unfinished offset, if anything was given to `hold`. */
  #items: (Item | undefined)[];
  /** Index in the ring of the head. */
  #start = 0;
  /** Position of the head; positions below are finished. */
  #head = 0;
  #count = 0;
  #unfinished = 0;
  #atEnd = false;
  /** One past the last offset known to hold no unfinished message; -1 before the first. */
  #next = -1;
  /** Finished before and not received yet, in order. */
  #restored: OffsetRange[] = [];
  /** Grows with each offset that is finished, so that a commit knows whether there is news. */
  #finishes = 0;

  /** `capacity` is where the ring starts, a power of two; it grows by doubling. */
  constructor(capacity = 64) {
    if (capacity < 1 || (capacity & (capacity - 1)) !== 0) {
      throw new RangeError(`Capacity ${capacity} is not a power of two`);
    }
    this.#offsets = new Float64Array(capacity);
    this.#finished = new Uint8Array(capacity);
    this.#items = new Array<Item | undefined>(capacity).fill(undefined);
  }

  /**
   * Begins at `start`, the offset that is received first or one below it; `finished` are ranges above it
   * in rising order that hold nothing unfinished. Only before the first `receive`.
   */
  restore(start: number, finished: readonly OffsetRange[] = []): void {
    this.#next = start;
    this.#restored = [...finished];
  }

  /**
   * Notes that `offset` was received and returns its position, for `finish`.
   * Returns `REWOUND`, and changes nothing, for an offset that is not above all received before: the log
   * was truncated or recreated, and a tracker of its own must begin. Returns `FINISHED_BEFORE` for one that
   * is not to run again.
   */
  receive(offset: number): number {
    if (offset < this.#next) return REWOUND;
    const position = this.#append(offset);
    if (this.#restored.length === 0 || !this.#wasFinished(offset)) return position;
    this.finish(position);
    return FINISHED_BEFORE;
  }

  /** What was restored and not received yet counts for nothing. */
  forgetRestored(): void {
    this.#restored = [];
  }

  #append(offset: number): number {
    if (this.#count === this.#offsets.length) this.#grow();
    const index = (this.#start + this.#count) & (this.#offsets.length - 1);
    this.#offsets[index] = offset;
    this.#finished[index] = 0;
    this.#next = offset + 1;
    this.#atEnd = false;
    this.#unfinished++;
    return this.#head + this.#count++;
  }

  /** Whether the offset is in a restored range; forgets those that lie below it. */
  #wasFinished(offset: number): boolean {
    let passed = 0;
    while (passed < this.#restored.length && this.#restored[passed]!.to <= offset) passed++;
    if (passed > 0) this.#restored.splice(0, passed);
    const first = this.#restored[0];
    return first !== undefined && first.from <= offset;
  }

  /** Keeps `item` with an unfinished offset, until that is finished. */
  hold(position: number, item: Item): void {
    const distance = position - this.#head;
    if (distance < 0 || distance >= this.#count) return;
    const index = (this.#start + distance) & (this.#offsets.length - 1);
    if (this.#finished[index] === 0) this.#items[index] = item;
  }

  /** Marks the offset at `position` as finished. False when it was so already, or never received. */
  finish(position: number): boolean {
    const distance = position - this.#head;
    if (distance < 0 || distance >= this.#count) return false;
    const mask = this.#offsets.length - 1;
    const index = (this.#start + distance) & mask;
    if (this.#finished[index] === 1) return false;
    this.#finished[index] = 1;
    this.#items[index] = undefined;
    this.#unfinished--;
    this.#finishes++;
    while (this.#count > 0 && this.#finished[this.#start] === 1) {
      this.#start = (this.#start + 1) & mask;
      this.#head++;
      this.#count--;
    }
    return true;
  }

  /**
   * Notes that nothing to be received lies below `end`: the end of the partition was reached, and what
   * precedes it (control records) will never arrive.
   */
  reachEnd(end: number): void {
    if (end >= this.#next) this.#atEnd = true;
    if (end > this.#next) this.#next = end;
  }

  /** Lowest received offset that is not finished, else one past all received; -1 before the first. */
  get watermark(): number {
    return this.#count === 0 ? this.#next : this.#offsets[this.#start]!;
  }

  /** One past the last offset received; -1 before the first. */
  get position(): number {
    return this.#next;
  }

  /** Nothing was received since the end of the partition was reached. */
  get atEnd(): boolean {
    return this.#atEnd;
  }

  /** Offsets received and not finished. */
  get unfinished(): number {
    return this.#unfinished;
  }

  /** The unfinished offsets below `end`, in order, with what was held for each. */
  *unfinishedBelow(end: number): Generator<[offset: number, item: Item | undefined]> {
    const mask = this.#offsets.length - 1;
    for (let distance = 0; distance < this.#count; distance++) {
      const index = (this.#start + distance) & mask;
      if (this.#offsets[index]! >= end) return;
      if (this.#finished[index] === 0) yield [this.#offsets[index]!, this.#items[index]];
    }
  }

  /** A number that changes whenever something was finished. */
  get finishes(): number {
    return this.#finishes;
  }

  /**
   * What is finished above the watermark, in order, with what was restored and not received yet. Between
   * two runs lies at least one offset that is unfinished. Costs little for long runs: the states are
   * searched, not walked.
   */
  *finishedRuns(): Generator<FinishedRun> {
    const size = this.#offsets.length;
    // The ring in two straight pieces; runs that touch are joined by the caller's reading.
    const pieces = [[this.#start, Math.min(size, this.#start + this.#count)]];
    const wrapped = this.#start + this.#count - size;
    if (wrapped > 0) pieces.push([0, wrapped]);
    let open: FinishedRun | null = null;
    for (const [begin, end] of pieces as [number, number][]) {
      for (let at = begin; at < end;) {
        const finished = this.#finished[at] === 1;
        const found = this.#finished.indexOf(finished ? 0 : 1, at);
        const next = found < 0 || found > end ? end : found;
        if (finished) {
          open ??= { from: this.#offsets[at]!, to: 0, count: 0 };
          open.count += next - at;
        } else if (open) {
          yield { ...open, to: this.#offsets[at]! };
          open = null;
        }
        at = next;
      }
    }
    if (open) yield { ...open, to: this.#next };
    for (const { from, to } of this.#restored) {
      const begin = Math.max(from, this.#next);
      if (begin < to) yield { from: begin, to, count: to - begin };
    }
  }

  /** Messages in all of `finishedRuns`; a restored offset counts as one. */
  get finishedAhead(): number {
    let count = this.finishedAbove;
    for (const { from, to } of this.#restored) {
      count += Math.max(0, to - Math.max(from, this.#next));
    }
    return count;
  }

  /** Finished offsets above the watermark, which a commit of the watermark alone does not cover. */
  get finishedAbove(): number {
    return this.#count - this.#unfinished;
  }

  /** What was held for the offset that holds the watermark back; `undefined` when none does. */
  get headItem(): Item | undefined {
    return this.#count === 0 ? undefined : this.#items[this.#start];
  }

  /** Distance from the watermark to the last offset received. */
  get ahead(): number {
    return this.#count === 0 ? 0 : this.#next - this.#offsets[this.#start]!;
  }

  #grow(): void {
    const size = this.#offsets.length;
    const offsets = new Float64Array(size * 2);
    const finished = new Uint8Array(size * 2);
    const tail = size - this.#start;
    offsets.set(this.#offsets.subarray(this.#start), 0);
    offsets.set(this.#offsets.subarray(0, this.#start), tail);
    finished.set(this.#finished.subarray(this.#start), 0);
    finished.set(this.#finished.subarray(0, this.#start), tail);
    const items = this.#items.slice(this.#start).concat(this.#items.slice(0, this.#start));
    items.length = size * 2;
    this.#items = items;
    this.#offsets = offsets;
    this.#finished = finished;
    this.#start = 0;
  }
}

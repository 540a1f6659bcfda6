/**
 * What became of messages that are numbered in the order in which they were sent: told in any order, taken in
 * that of the numbers.
 *
 * Those from `head` up to `next` are kept. Each is pending, delivered or failed.
 */

/** Instead of a partition. */
export const PENDING = -1;
export const FAILED = -2;

export class Receipts {
  /** The first that is kept, and the one that comes next. */
  head = 0;
  next = 0;
  /** Sum of the sizes of what is kept. */
  size = 0;
  readonly #mask: number;
  readonly #partitions: Int32Array;
  readonly #offsets: Float64Array;
  readonly #lines: Float64Array;
  readonly #sizes: Float64Array;
  readonly #failures = new Map<number, unknown>();

  /** `capacity`: so many are kept at most; a power of two. */
  constructor(capacity: number) {
    this.#mask = capacity - 1;
    this.#partitions = new Int32Array(capacity);
    this.#offsets = new Float64Array(capacity);
    this.#lines = new Float64Array(capacity);
    this.#sizes = new Float64Array(capacity);
  }

  get kept(): number {
    return this.next - this.head;
  }

  /** A message is on its way; `line` is where it came from. */
  add(line: number, size: number): void {
    const at = this.next++ & this.#mask;
    this.#partitions[at] = PENDING;
    this.#lines[at] = line;
    this.#sizes[at] = size;
    this.size += size;
  }

  deliver(sequence: number, partition: number, offset: number): void {
    const at = sequence & this.#mask;
    this.#partitions[at] = partition;
    this.#offsets[at] = offset;
  }

  fail(sequence: number, error: unknown): void {
    this.#partitions[sequence & this.#mask] = FAILED;
    this.#failures.set(sequence, error);
  }

  /** Or `PENDING`, or `FAILED`. */
  partition(sequence: number): number {
    return this.#partitions[sequence & this.#mask]!;
  }

  offset(sequence: number): number {
    return this.#offsets[sequence & this.#mask]!;
  }

  line(sequence: number): number {
    return this.#lines[sequence & this.#mask]!;
  }

  failure(sequence: number): unknown {
    return this.#failures.get(sequence);
  }

  /** All below `head` have been taken. */
  release(head: number): void {
    for (; this.head < head; this.head++) {
      this.size -= this.#sizes[this.head & this.#mask]!;
      if (this.#failures.size > 0) this.#failures.delete(this.head);
    }
  }
}

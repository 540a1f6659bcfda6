/** Items ordered by the time they are due: a binary min-heap. Equal times leave in order of arrival. */
export class DelayQueue<T> {
  #heap: { due: number; sequence: number; item: T }[] = [];
  #sequence = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** Time of the earliest item, or `Infinity` when there is none. */
  get nextDue(): number {
    return this.#heap[0]?.due ?? Infinity;
  }

  push(due: number, item: T): void {
    const heap = this.#heap;
    const entry = { due, sequence: this.#sequence++, item };
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  /** Takes the earliest item if it is due at `now`. */
  take(now: number): T | undefined {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined || first.due > now) return undefined;
    const last = heap.pop()!;
    if (heap.length > 0) this.#sink(last);
    return first.item;
  }

  /** Removes all items for which `drop` is true, and returns how many those were. */
  remove(drop: (item: T) => boolean): number {
    const kept = this.#heap.filter((entry) => !drop(entry.item));
    const removed = this.#heap.length - kept.length;
    // A sorted array is a valid heap.
    if (removed > 0) this.#heap = kept.sort((a, b) => before(a, b) ? -1 : 1);
    return removed;
  }

  #sink(entry: { due: number; sequence: number; item: T }): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, entry)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = entry;
  }
}

function before(
  a: { due: number; sequence: number },
  b: { due: number; sequence: number },
): boolean {
  return a.due < b.due || (a.due === b.due && a.sequence < b.sequence);
}

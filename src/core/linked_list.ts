/**
 * A doubly linked list whose links live in the items, so that adding and removing cost nothing but two
 * assignments. An item is in at most one list at a time.
 */
export interface Linked<T> {
  previous: T | null;
  next: T | null;
}

export class LinkedList<T extends Linked<T>> {
  #first: T | null = null;
  #last: T | null = null;
  #size = 0;

  get first(): T | null {
    return this.#first;
  }

  get size(): number {
    return this.#size;
  }

  append(item: T): void {
    item.previous = this.#last;
    item.next = null;
    if (this.#last) this.#last.next = item;
    else this.#first = item;
    this.#last = item;
    this.#size++;
  }

  remove(item: T): void {
    if (item.previous) item.previous.next = item.next;
    else this.#first = item.next;
    if (item.next) item.next.previous = item.previous;
    else this.#last = item.previous;
    item.previous = null;
    item.next = null;
    this.#size--;
  }

  /** Walks from the oldest on; the item at hand may be removed meanwhile. */
  *[Symbol.iterator](): Generator<T> {
    let item = this.#first;
    while (item) {
      const next: T | null = item.next;
      yield item;
      item = next;
    }
  }
}

/**
 * Messages of one key run one after another, in the order in which they came.
 *
 * A key is kept from the moment its first message takes it until its last one lets it go, so what is kept
 * follows from the messages at hand, not from the keys that there ever were.
 *
 * Invariants:
 * - a key that is kept has exactly one holder, which is not among those that wait for it;
 * - those that wait get the key in the order in which they asked for it.
 */
import { type Linked, LinkedList } from "./linked_list.ts";

export class KeyOrder<Item extends Linked<Item>> {
  /** Those that wait for each key that is held; `null` while nobody does. */
  readonly #waiting = new Map<string, LinkedList<Item> | null>();

  /** Keys that are held. */
  get size(): number {
    return this.#waiting.size;
  }

  /** True when `item` holds the key from now on; otherwise it waits, and `release` will return it. */
  take(key: string, item: Item): boolean {
    let waiting = this.#waiting.get(key);
    if (waiting === undefined) {
      this.#waiting.set(key, null);
      return true;
    }
    if (waiting === null) this.#waiting.set(key, waiting = new LinkedList());
    waiting.append(item);
    return false;
  }

  /** The holder lets go. Returns who holds the key from now on, or `null` when nobody waited for it. */
  release(key: string): Item | null {
    const next = this.#waiting.get(key)?.first ?? null;
    if (next) this.drop(key, next);
    else this.#waiting.delete(key);
    return next;
  }

  /** Takes out one that waits. */
  drop(key: string, item: Item): void {
    const waiting = this.#waiting.get(key)!;
    waiting.remove(item);
    if (waiting.size === 0) this.#waiting.set(key, null);
  }
}

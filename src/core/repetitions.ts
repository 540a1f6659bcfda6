/** Which of many like tellings is news: the first, and then one after 10 s, 20 s, 40 s, … 10 min while they go on. */

const LEAST_QUIET_MS = 10_000;
const MOST_QUIET_MS = 600_000;
/** Kept apart, at most; with more of them all begin anew. */
const MOST_KEYS = 1000;

interface Told {
  at: number;
  quietMs: number;
}

export class Repetitions {
  readonly #told = new Map<string, Told>();

  /** Whether this is to be told now; `key` names what is the same. Milliseconds that only rise. */
  isNews(key: string, now: number): boolean {
    const told = this.#told.get(key);
    const since = told ? now - told.at : Infinity;
    if (told && since < told.quietMs) return false;
    if (this.#told.size > MOST_KEYS) this.#told.clear();
    const goesOn = told !== undefined && since < 2 * told.quietMs;
    const quietMs = goesOn ? Math.min(MOST_QUIET_MS, 2 * told.quietMs) : LEAST_QUIET_MS;
    this.#told.set(key, { at: now, quietMs });
    return true;
  }
}

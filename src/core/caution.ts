/**
 * How carefully the messages of a partition are started, when earlier owners ended on it without leaving:
 * one of the messages may have killed them. With each such end, before all is finished that the owner before
 * may have started, fewer run at once, so
 * that fewer are under suspicion the next time; after the third each runs alone in its partition, with its
 * offset committed beforehand. The one that runs when the worker ends is the suspect: the next owner runs it
 * with nothing at all beside it, and if that ends the worker too, it is the killer.
 */

/** From so many takeovers at one offset on, messages run alone. */
export const ALONE_FROM = 3;

export interface CautionLevel {
  /** Messages of the partition in flight at once. */
  bound: number;
  /** As before after this many, if what the last owner had started is passed too. */
  messages: number;
}

/** What `takeovers` at one offset call for; `null` for nothing. A known suspect always calls for the most. */
export function cautionLevel(takeovers: number, suspect: number | null): CautionLevel | null {
  if (takeovers >= ALONE_FROM || suspect !== null) return { bound: 1, messages: 100 };
  if (takeovers === 2) return { bound: 10, messages: 1000 };
  if (takeovers === 1) return { bound: 100, messages: 1000 };
  return null;
}

/**
 * How far above its commit an owner may have started messages that it had no time to tell of: as many as were
 * in flight at once, by the caution that it took itself.
 */
export function untoldStarts(takeovers: number): number {
  if (takeovers <= 0) return 0;
  if (takeovers === 1) return 1000;
  return takeovers === 2 ? 100 : 10;
}

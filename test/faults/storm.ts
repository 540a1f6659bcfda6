/** How many lines workers tell while something is wrong. Pure. */

const WINDOW_MS = 10_000;
/** Of one worker within the window: a line for each thing that is wrong, none for each partition or commit. */
const MOST_LINES = 30;
/** Kinds that come with each message, or that a fault asks for again and again. */
const OF_MESSAGES = new Set(["dead", "retrying", "timed-out", "abandoned", "log", "rebalance"]);

export interface Told {
  event: string;
  /** Milliseconds since the epoch. */
  at: number;
}

/** The most lines within the window, and a violation when it is a storm. */
export function stormOf(told: readonly Told[]): { most: number; violations: string[] } {
  const lines = told.filter(({ event }) => !OF_MESSAGES.has(event));
  let most: Told[] = [];
  let from = 0;
  for (let to = 0; to < lines.length; to++) {
    while (lines[to]!.at - lines[from]!.at > WINDOW_MS) from++;
    if (to + 1 - from > most.length) most = lines.slice(from, to + 1);
  }
  if (most.length <= MOST_LINES) return { most: most.length, violations: [] };
  const counts = Object.entries(Object.groupBy(most, ({ event }) => event))
    .map(([event, of]) => `${event} ${of!.length}`);
  return {
    most: most.length,
    violations: [
      `a storm of ${most.length} lines within ${WINDOW_MS / 1000} s: ${counts.join(", ")}`,
    ],
  };
}

/** Where those who show figures take them from: one worker, or several processes together. */
import type { StatsCollector } from "./collector.ts";
import type { NumberedEvent } from "./events.ts";
import type { Gauges } from "./gauges.ts";
import type { Snapshot } from "./snapshot.ts";

export type EventListener = (event: NumberedEvent) => void;

export interface StatsSource {
  /** All figures of now, as plain data that does not change afterwards. */
  snapshot(): Snapshot;
  /** Called each second while figures are shown, so that each second has a rate of its own. */
  tick(): void;
  /** Calls `listener` at each event from now on; returns what ends that. */
  onEvent(listener: EventListener): () => void;
  /** The same text as before: no figure but times has changed. `null` while attempts run. */
  stillness(): string | null;
}

/** The figures of one worker. `now`: milliseconds that only rise, as the collector's; `wall`: since the epoch. */
export function sourceOf(
  collector: StatsCollector,
  gauges: () => Gauges,
  clock: { now(): number; wall(): number },
): StatsSource {
  return {
    snapshot: () => collector.snapshot(clock.now(), gauges(), clock.wall()),
    tick: () => collector.tick(clock.now()),
    onEvent: (listener) => collector.onEvent(listener),
    stillness() {
      const { state, broker, inFlight, waiting } = gauges();
      return inFlight > 0 ? null : [state, broker.state, waiting, collector.activity].join(" ");
    },
  };
}

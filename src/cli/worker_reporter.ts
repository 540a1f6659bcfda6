/** Connects a worker's figures with what shows them: a reporter, or the parent of several processes. */
import process from "node:process";
import type { Settings } from "../config/settings.ts";
import type { KafkaConsumer } from "../kafka/consumer.ts";
import { createReporter } from "../render/reporter.ts";
import type { StatsCollector } from "../stats/collector.ts";
import { LoopDelay } from "../stats/loop_delay.ts";
import { sourceOf, type StatsSource } from "../stats/source.ts";
import type { Clock } from "../worker/clock.ts";
import { readGauges } from "../worker/gauges.ts";
import type { Worker } from "../worker/worker.ts";
import type { Observed } from "./health.ts";
import type { ParentLink } from "./process_link.ts";

export interface WorkerReporter {
  /** Shows the summary and gives the terminal back; further calls do nothing. */
  stop(): void;
}

export function startReporter(parts: {
  settings: Settings<"run">;
  collector: StatsCollector;
  worker: Worker;
  consumer: KafkaConsumer;
  clock: Clock;
  parent: ParentLink | null;
  observed: Observed;
}): WorkerReporter {
  const { settings, collector, worker, consumer, clock, parent, observed } = parts;
  // Only a panel shows it at once; an idle worker should cost nothing.
  const loopDelay = new LoopDelay({ intervalMs: settings.stats === "tty" ? 250 : 1000 });
  const gauges = () =>
    readGauges(worker, consumer, {
      rssBytes: process.memoryUsage.rss(),
      loopDelayMs: loopDelay.figures(),
      prefetchedBytes: consumer.statistics?.prefetchedBytes ?? 0,
      fetchedBytes: consumer.statistics?.receivedBytes ?? 0,
    }, clock.now());
  const source = sourceOf(collector, gauges, clock);
  if (settings.stats !== "off") loopDelay.start();
  const reporter = parent
    ? parent.startReporting(source, collector, observed)
    : startOwn(settings, source, clock);
  let stopped = false;
  return {
    stop() {
      if (stopped) return;
      stopped = true;
      loopDelay.stop();
      reporter.stop();
    },
  };
}

function startOwn({ stats: mode }: Settings<"run">, source: StatsSource, clock: Clock) {
  const reporter = createReporter({ mode, source, clock });
  reporter.start();
  return reporter;
}

/** Connects a worker's figures with the reporter that shows them. */
import process from "node:process";
import type { Settings } from "../config/settings.ts";
import type { KafkaConsumer } from "../kafka/consumer.ts";
import { createReporter } from "../render/reporter.ts";
import type { StatsCollector } from "../stats/collector.ts";
import { LoopDelay } from "../stats/loop_delay.ts";
import type { Clock } from "../worker/clock.ts";
import { readGauges } from "../worker/gauges.ts";
import type { Worker } from "../worker/worker.ts";

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
}): WorkerReporter {
  const { settings, collector, worker, consumer, clock } = parts;
  // Only a panel shows it at once; an idle worker should cost nothing.
  const loopDelay = new LoopDelay({ intervalMs: settings.stats === "tty" ? 250 : 1000 });
  const reporter = createReporter({
    mode: settings.stats,
    collector,
    gauges: () =>
      readGauges(worker, consumer, {
        rssBytes: process.memoryUsage.rss(),
        loopDelayMs: loopDelay.figures(),
        prefetchedBytes: consumer.statistics?.prefetchedBytes ?? 0,
        fetchedBytes: consumer.statistics?.receivedBytes ?? 0,
      }, clock.now()),
    clock,
  });
  if (settings.stats !== "off") loopDelay.start();
  reporter.start();
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

/** Starts the watchdog of a worker: a thread that works when the event loop does not. */
import { constants } from "node:os";
import type { Settings } from "../config/settings.ts";
import { EXIT } from "../errors.ts";
import type { Watchdog } from "../kafka/addon.ts";
import { watchdogLines } from "../render/watchdog_lines.ts";
import { Pulse } from "../worker/pulse.ts";
import { LEAVE_WITHIN_MS } from "../worker/departure.ts";
import type { ParentLink } from "./process_link.ts";
import { heededSignals, REASONS, TOGETHER_MS } from "./supervise_process.ts";

/** Kafka's default of `max.poll.interval.ms`. */
const MAX_POLL_INTERVAL_MS = 300_000;
/** Longer than any code should compute; then somebody may wonder why nothing moves. */
const REPORT_AFTER_MS = 10_000;

/** Each of the signals must have a listener by now. Returns what the loop tells the thread by. */
export function watchLoop(
  watchdog: Watchdog,
  settings: Settings<"run">,
  { tasks, parent }: { tasks: readonly string[]; parent: ParentLink | null },
): Pulse {
  const cells = watchdog.cells(tasks.length);
  const pulse = new Pulse(new Int32Array(cells));
  pulse.exitWith(EXIT.interrupted);
  const interval = Number(settings.properties["max.poll.interval.ms"] ?? MAX_POLL_INTERVAL_MS);
  watchdog.watch(cells, {
    ...watchdogLines({ mode: settings.stats, tasks }),
    signals: heededSignals().map((name) => constants.signals[name]),
    leaveMs: settings.grace + LEAVE_WITHIN_MS,
    leaveAtOnceMs: LEAVE_WITHIN_MS,
    togetherMs: TOGETHER_MS,
    // At the latest while there is time left before the group goes on without this worker.
    reportAfterMs: Math.min(REPORT_AFTER_MS, interval / 2),
    deadlineReason: REASONS.deadline,
    thirdSignalReason: REASONS.thirdSignal,
  });
  parent?.follow(watchdog);
  return pulse;
}

/**
 * What a process of `taskc run --processes` and its parent say to each other, over the channel between processes
 * that Node.js calls IPC. This is the side of the child.
 */
import process from "node:process";
import type { Settings } from "../config/settings.ts";
import type { Watchdog } from "../kafka/addon.ts";
import { formatEventJson } from "../render/json.ts";
import type { StatsCollector } from "../stats/collector.ts";
import type { WorkerEvent } from "../stats/events.ts";
import type { Report } from "../stats/merged_stats.ts";
import type { Snapshot } from "../stats/snapshot.ts";
import type { StatsSource } from "../stats/source.ts";
import { healthProblems, type Observed, readinessProblems } from "./health.ts";
import { type ProcessRole, takeRole } from "./process_role.ts";

/** A process in which nothing goes on reports so often. */
const STILL_MS = 1000;

/** The module's own code may use the same channel, so each message has this field. */
export interface Envelope {
  taskc: Told;
}

export type Told =
  /** All that is asked first has been answered, and `setup` has run: the others may start. */
  | { kind: "ready" }
  | { kind: "report"; report: Report; health: string[]; readiness: string[] }
  /** As `--stats json` writes it: a user's log may have fields that the channel would not take. */
  | { kind: "event"; json: string };

/** The parent, in a process that has one. Called once. */
export function findParent(): ParentLink | null {
  const role = takeRole();
  return role && new ParentLink(role);
}

/** The event of a message of that kind. */
export function readEvent({ json }: Extract<Told, { kind: "event" }>): WorkerEvent {
  const { type: _type, at: _at, ...event } = JSON.parse(json);
  return event as WorkerEvent;
}

export class ParentLink {
  readonly #role: ProcessRole;
  /** Records of each task when it was last reported. */
  readonly #reported = new Map<string, number>();

  readonly #onGone = () => process.kill(process.pid, "SIGTERM");

  constructor(role: ProcessRole) {
    this.#role = role;
    // Without a parent nobody would stop it, or start it again: it leaves in good order.
    process.on("disconnect", this.#onGone);
  }

  /** From now on the kernel looks after that, also while the event loop is blocked. */
  follow(watchdog: Pick<Watchdog, "followParent">): void {
    process.off("disconnect", this.#onGone);
    watchdog.followParent(process.ppid);
  }

  /** Of members with a name of their own each has another; the parent serves health, and looks at the time. */
  adapt(settings: Settings<"run">): Settings<"run"> {
    const { instanceId } = settings;
    return {
      ...settings,
      metrics: null,
      maxTime: null,
      instanceId: instanceId === null ? null : `${instanceId}-${this.#role.number}`,
    };
  }

  tellReady(): void {
    this.#tell({ kind: "ready" });
  }

  /** Reports to the parent until `stop`, which sends the last figures. Keeps no process alive. */
  startReporting(source: StatsSource, collector: StatsCollector, observed: Observed) {
    let last = { still: null as string | null, at: -Infinity };
    const report = () => {
      const snapshot = source.snapshot();
      const runTimes = this.#changedRunTimes(collector);
      this.#tell({
        kind: "report",
        report: { snapshot: withoutHistories(snapshot), runTimes },
        health: healthProblems(observed),
        readiness: readinessProblems(observed),
      });
    };
    const timer = setInterval(() => {
      const [still, now] = [source.stillness(), performance.now()];
      if (still !== null && still === last.still && now - last.at < STILL_MS) return;
      last = { still, at: now };
      report();
    }, this.#role.reportEveryMs);
    timer.unref?.();
    const end = source.onEvent((event) =>
      this.#tell({ kind: "event", json: formatEventJson(event, Date.now()) })
    );
    return {
      stop() {
        clearInterval(timer);
        end();
        report();
      },
    };
  }

  #changedRunTimes(collector: StatsCollector): Record<string, number[]> {
    const changed: Record<string, number[]> = {};
    for (const [task, times] of collector.runTimes()) {
      if (this.#reported.get(task) === times.count) continue;
      this.#reported.set(task, times.count);
      changed[task] = times.toJSON();
    }
    return changed;
  }

  #tell(told: Told): void {
    if (!process.connected) return;
    // One that ends at the same moment is told by "disconnect".
    process.send!({ taskc: told } satisfies Envelope, undefined, undefined, () => {});
  }
}

/** The parent makes its own, over all processes. */
function withoutHistories(snapshot: Snapshot): Snapshot {
  const tasks = snapshot.tasks.map((task) => ({ ...task, rateHistory: [] }));
  return { ...snapshot, tasks, rateHistory: [] };
}

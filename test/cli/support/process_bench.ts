/** A group of processes that are not there: what they do, and the time, is up to the test. */
import { type ChildListener, ProcessGroup } from "../../../src/cli/process_group.ts";
import type { NumberedEvent } from "../../../src/stats/events.ts";
import { MergedStats } from "../../../src/stats/merged_stats.ts";

export interface Child {
  number: number;
  listener: ChildListener;
  signals: string[];
}

export class ProcessBench {
  now = 0;
  /** Whether a process can be made. */
  startable = true;
  readonly children: Child[] = [];
  readonly events: NumberedEvent[] = [];
  readonly group: ProcessGroup;
  readonly code: Promise<number>;
  #timers: { at: number; callback: () => void }[] = [];

  constructor(
    { count = 3, drain = false, maxTimeMs = null }: {
      count?: number;
      drain?: boolean;
      maxTimeMs?: number | null;
    } = {},
  ) {
    const clock = { now: () => this.now, wall: () => this.now };
    const stats = new MergedStats({ group: "g", processes: count, clock, ownRssBytes: () => 0 });
    stats.onEvent((event) => this.events.push(event));
    this.group = new ProcessGroup({
      ...{ count, drain, graceMs: 20_000, maxTimeMs, stats },
      spawn: (number, listener) => {
        const child: Child = { number, listener, signals: [] };
        this.children.push(child);
        const pid = this.startable ? 100 + this.children.length : undefined;
        return { pid, kill: (signal) => child.signals.push(signal) };
      },
      clock: {
        now: () => this.now,
        after: (ms, callback) => {
          const timer = { at: this.now + ms, callback };
          this.#timers.push(timer);
          return () => this.#timers = this.#timers.filter((one) => one !== timer);
        },
      },
    });
    this.code = this.group.run();
  }

  advance(ms: number): void {
    this.now += ms;
    const due = this.#timers.filter(({ at }) => at <= this.now);
    this.#timers = this.#timers.filter(({ at }) => at > this.now);
    for (const { callback } of due) callback();
  }

  get numbers(): number[] {
    return this.children.map(({ number }) => number);
  }

  /** The newest of that number. */
  child(number: number): Child {
    return this.children.findLast((child) => child.number === number)!;
  }

  ready(...numbers: number[]): this {
    for (const number of numbers) this.child(number).listener.told({ kind: "ready" });
    return this;
  }

  end(number: number, code: number | null, signal: string | null = null): void {
    this.child(number).listener.ended(code, signal);
  }

  get ends(): [number | undefined, number | null][] {
    return this.events.flatMap((event) =>
      event.event === "process-ended" ? [[event.process, event.restartInMs]] : []
    );
  }
}

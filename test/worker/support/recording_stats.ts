import type { Stats, TaskRecorder, WorkerEvent } from "../../../src/stats/events.ts";

export interface TaskCounts {
  started: number;
  done: number;
  discarded: number;
  failed: number;
  retried: number;
  abandoned: number;
  dead: number;
  /** Run times, in the order in which the attempts ended. */
  runMs: number[];
}

type EventOf<Name extends WorkerEvent["event"]> = Extract<WorkerEvent, { event: Name }>;

/** Keeps all that a worker tells about itself. */
export class RecordingStats implements Stats {
  readonly events: WorkerEvent[] = [];
  readonly counts = new Map<string, TaskCounts>();
  receivedCount = 0;
  skippedCount = 0;

  task(name: string, _topic: string): TaskRecorder {
    const counts: TaskCounts = {
      started: 0,
      done: 0,
      discarded: 0,
      failed: 0,
      retried: 0,
      abandoned: 0,
      dead: 0,
      runMs: [],
    };
    this.counts.set(name, counts);
    return {
      started: () => void counts.started++,
      done: (ms) => void (counts.done++, counts.runMs.push(ms)),
      discarded: (ms) => void (counts.discarded++, counts.runMs.push(ms)),
      failed: (ms, retried) => {
        counts.failed++;
        if (retried) counts.retried++;
        counts.runMs.push(ms);
      },
      abandoned: () => void counts.abandoned++,
      dead: () => void counts.dead++,
    };
  }

  received(count: number): void {
    this.receivedCount += count;
  }

  skipped(): void {
    this.skippedCount++;
  }

  event(event: WorkerEvent): void {
    this.events.push(event);
  }

  /** Events of one name, oldest first. */
  of<Name extends WorkerEvent["event"]>(name: Name): EventOf<Name>[] {
    return this.events.filter((event): event is EventOf<Name> => event.event === name);
  }
}

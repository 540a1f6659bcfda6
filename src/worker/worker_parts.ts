/** What a worker is made of and told; the composition in cli/run.ts provides it. */
import type { BreakerPolicy } from "../core/breaker.ts";
import type { Consumer, Producer } from "../kafka/ports.ts";
import type { Stats } from "../stats/events.ts";
import type { TaskModule } from "../task/registry.ts";
import type { Clock } from "./clock.ts";
import type { Drain } from "./drain.ts";
import type { Pulse } from "./pulse.ts";

export interface WorkerOptions {
  group: string;
  /** Attempts in flight at most. */
  concurrency: number;
  /** One total for all prefetched and held messages; half of it is for the held. */
  maxBytes: number;
  maxAhead: number;
  maxWaiting: number;
  idleSleepMs: number;
  commitIntervalMs: number;
  /** Characters of metadata with each committed offset; 0 for none. */
  maxMetadata: number;
  graceMs: number;
  revokeDrainMs: number;
  unroutable: "dead" | "skip" | "stop";
  breaker: BreakerPolicy;
  /** Leave when a breaker opens, with the exit code of failed tasks. */
  breakerExit: boolean;
  /** Milliseconds without progress after which it counts as stalled, and after which it leaves. */
  stallAfterMs: number | null;
  stallExitMs: number | null;
}

export interface WorkerParts {
  module: TaskModule;
  consumer: Consumer;
  producer: Producer;
  stats: Stats;
  clock: Clock;
  random: () => number;
  pulse: Pulse;
  /** With `--drain`: tells when all that was there at the start is committed. */
  drain: Drain | null;
}

/**
 * The processes of `taskc run --processes`: starts them, starts them again, and ends with the highest of their
 * exit codes. How a process is made is not known here.
 *
 * The first starts alone, so that a mistake in settings, module or Kafka is told once; when it is ready, the
 * others follow.
 *
 * ```
 * starting ──first is ready──► running ──signal, --max-time, a decision of a process──► leaving ──all ended──► over
 *     ├──────first ended──────► over       └─a crash: started again, after 1 s, 2 s, 4 s, … 30 s
 *     └──────signal───────────► leaving
 * ```
 */
import { EXIT, type ExitCode } from "../errors.ts";
import type { MergedStats } from "../stats/merged_stats.ts";
import { readEvent, type Told } from "./process_link.ts";

export interface ChildProcess {
  pid: number | undefined;
  kill(signal: NodeJS.Signals): void;
}

export interface ChildListener {
  told(told: Told): void;
  /** Called once. A code of `null`: `signal` ended it. */
  ended(code: number | null, signal: string | null): void;
}

export interface ProcessGroupParts {
  count: number;
  /** Whether the processes end by themselves when all is done. */
  drain: boolean;
  graceMs: number;
  /** Milliseconds for all of them together, from now; `null` without a bound. */
  maxTimeMs: number | null;
  spawn(number: number, listener: ChildListener): ChildProcess;
  stats: MergedStats;
  clock: {
    now(): number;
    /** Calls back once; returns what prevents it. */
    after(ms: number, callback: () => void): () => void;
  };
}

const FIRST_BACKOFF_MS = 1000;
const LONGEST_BACKOFF_MS = 30_000;
/** One that has run so long has recovered: its next crash counts as the first. */
const RECOVERED_MS = 60_000;
/** One that somebody has stopped in good order, after so long, makes room for a new one at once. */
const SETTLED_MS = 10_000;
/** A drain is not repeated without end: nobody may be there to see it. */
const MOST_CRASHES_OF_A_DRAIN = 5;
/** Children leave within their grace and 8 s, whatever happens. */
const AFTER_GRACE_MS = 10_000;
/** A loop that tells nothing for so long does not turn. */
const SILENT_MS = 10_000;
/** What a shell shows of a process that such a signal has ended. */
const SIGNAL_CODES: Readonly<Record<string, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };
/** What a process decides by itself while it works ends them all. */
const DECISIONS: ReadonlySet<number> = new Set([
  ...[EXIT.failed, EXIT.usage, EXIT.module, EXIT.kafka, EXIT.stalled, EXIT.deferred],
]);

interface Slot {
  readonly number: number;
  child: ChildProcess | null;
  ready: boolean;
  startedAt: number;
  heardAt: number;
  health: string[];
  readiness: string[];
  /** In a row, none of them after a long life. */
  crashes: number;
  cancelRestart: (() => void) | null;
}

export class ProcessGroup {
  readonly #parts: ProcessGroupParts;
  readonly #slots: Slot[];
  #phase: "starting" | "running" | "leaving" = "starting";
  /** The first was ready once. */
  #begun = false;
  /** One has found that all there was is done. */
  #drained = false;
  #code: ExitCode | number = EXIT.ok;
  #cancelKill: () => void = () => {};
  #cancelMaxTime: () => void = () => {};
  #finish: (code: ExitCode) => void = () => {};

  constructor(parts: ProcessGroupParts) {
    this.#parts = parts;
    this.#slots = Array.from({ length: parts.count }, (_, index) => ({
      ...{ number: index + 1, child: null, ready: false, startedAt: 0, heardAt: 0 },
      ...{ health: [], readiness: [], crashes: 0, cancelRestart: null },
    }));
  }

  /** Resolves with the exit code when all processes have ended. */
  run(): Promise<ExitCode> {
    const { clock, maxTimeMs } = this.#parts;
    return new Promise((resolve) => {
      this.#finish = resolve;
      if (maxTimeMs !== null) {
        this.#cancelMaxTime = clock.after(maxTimeMs, () => {
          this.#leaveAll("--max-time is over", EXIT.interrupted);
        });
      }
      this.#start(this.#slots[0]!);
    });
  }

  /** All are told. They count signals by themselves: the first drains, a second aborts, a third leaves. */
  signal(signal: NodeJS.Signals): void {
    for (const { child } of this.#slots) child?.kill(signal);
    this.#leave(signal);
  }

  #leaveAll(reason: string, code: number): void {
    for (const { child } of this.#slots) child?.kill("SIGTERM");
    this.#leave(reason, code);
  }

  /** Why a restart of all would help; empty when it would not. */
  healthProblems(): string[] {
    return this.#slots.flatMap((slot) => this.#silence(slot) ?? numbered(slot, slot.health));
  }

  /** Why not all of them take work; empty when they do. */
  readinessProblems(): string[] {
    if (this.#phase === "leaving") return ["the worker is leaving"];
    return this.#slots.flatMap((slot) => {
      if (!slot.child) return numbered(slot, ["it does not run"]);
      return this.#silence(slot) ??
        numbered(slot, slot.ready ? slot.readiness : ["it is starting"]);
    });
  }

  #silence(slot: Slot): string[] | null {
    const silentMs = this.#parts.clock.now() - slot.heardAt;
    if (!slot.child || !slot.ready || silentMs < SILENT_MS) return null;
    return numbered(slot, [`it has told nothing for ${Math.round(silentMs / 1000)} s`]);
  }

  #start(slot: Slot): void {
    const { clock, spawn, stats } = this.#parts;
    slot.cancelRestart = null;
    slot.ready = false;
    slot.startedAt = slot.heardAt = clock.now();
    slot.child = spawn(slot.number, {
      told: (told) => this.#hear(slot, told),
      ended: (code, signal) => this.#ended(slot, code, signal),
    });
    const { pid } = slot.child;
    // Without one it could not be started, and its end tells why.
    if (slot.crashes > 0 && pid !== undefined) {
      stats.event({ event: "process-restarted", pid }, slot.number);
    }
  }

  #hear(slot: Slot, told: Told): void {
    const { clock, stats } = this.#parts;
    slot.heardAt = clock.now();
    switch (told.kind) {
      case "ready":
        slot.ready = true;
        if (this.#phase !== "starting") return;
        this.#phase = "running";
        this.#begun = true;
        for (const other of this.#slots.slice(1)) this.#start(other);
        return;
      case "report":
        slot.health = told.health;
        slot.readiness = told.readiness;
        return stats.report(slot.number, told.report);
      case "event":
        return stats.event(readEvent(told), slot.number);
      default:
        told satisfies never;
    }
  }

  #ended(slot: Slot, code: number | null, signal: string | null): void {
    const { drain, stats } = this.#parts;
    slot.child = null;
    stats.ended(slot.number);
    if (this.#phase !== "running") return this.#over(this.#codeOfLeaving(slot, code, signal));
    const done = drain && slot.ready &&
      (code === EXIT.ok || code === EXIT.failed || code === EXIT.deferred);
    if (done) {
      // What the group had to do is done, so one that has crashed is not needed any more.
      if (!this.#drained) {
        stats.event({ event: "draining", reason: "drained", inFlight: stats.snapshot().inFlight });
      }
      this.#drained = true;
      for (const other of this.#slots) other.cancelRestart?.();
      return this.#over(code);
    }
    if (slot.ready && code !== null && DECISIONS.has(code) && !this.#isOwnTrouble(slot, code)) {
      const ended = { event: "process-ended", exitCode: code, signal, restartInMs: null } as const;
      stats.event(ended, slot.number);
      return this.#leaveAll(`process ${slot.number} left with exit code ${code}`, code);
    }
    this.#restart(slot, code, signal);
  }

  /**
   * What Kafka refuses to one that has just crashed, and not to the others: for a while it still knows a
   * static member that is no more.
   */
  #isOwnTrouble({ crashes }: Slot, code: number): boolean {
    return code === EXIT.kafka && crashes > 0 && this.#slots.some(({ child }) => child);
  }

  #restart(slot: Slot, code: number | null, signal: string | null): void {
    const { clock, drain, stats } = this.#parts;
    const livedMs = clock.now() - slot.startedAt;
    if (livedMs >= RECOVERED_MS) slot.crashes = 0;
    slot.crashes++;
    const givesUp = this.#drained || (drain && slot.crashes > MOST_CRASHES_OF_A_DRAIN);
    const backoff = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (slot.crashes - 1));
    const replaced = code === EXIT.ok && livedMs >= SETTLED_MS;
    const restartInMs = givesUp ? null : replaced ? 0 : backoff;
    stats.event({ event: "process-ended", exitCode: code, signal, restartInMs }, slot.number);
    if (restartInMs === null) return this.#over(code ?? EXIT.interrupted);
    const cancel = clock.after(restartInMs, () => this.#start(slot));
    slot.cancelRestart = () => {
      cancel();
      slot.cancelRestart = null;
    };
  }

  #codeOfLeaving(slot: Slot, code: number | null, signal: string | null): number {
    const stopped = SIGNAL_CODES[signal ?? ""] ?? (code !== null && code > 128 ? code : null);
    // As one that is alone: it ends by the signal, or tells it by its code, before it has begun.
    if (!this.#begun) return stopped ?? code ?? EXIT.interrupted;
    // One that was stopped before it had begun has left nothing undone that it had taken.
    if (stopped !== null && !slot.ready) return this.#parts.drain ? EXIT.interrupted : EXIT.ok;
    return code ?? EXIT.interrupted;
  }

  #leave(reason: string, code: number = EXIT.ok): void {
    if (this.#phase === "leaving") return;
    const { clock, drain, graceMs, stats } = this.#parts;
    if (this.#begun) {
      stats.event({ event: "draining", reason, inFlight: stats.snapshot().inFlight });
    }
    this.#phase = "leaving";
    const waiting = this.#slots.filter(({ cancelRestart }) => cancelRestart);
    for (const slot of waiting) slot.cancelRestart!();
    this.#cancelKill = clock.after(graceMs + AFTER_GRACE_MS, () => {
      for (const { child } of this.#slots) child?.kill("SIGKILL");
    });
    // In a drain, one that is not started again has left undone what it was to do.
    this.#over(Math.max(code, drain && waiting.length > 0 ? EXIT.interrupted : EXIT.ok));
  }

  /** Ends when nothing runs and nothing is going to. */
  #over(code: number): void {
    this.#code = Math.max(this.#code, code);
    if (this.#slots.some(({ child, cancelRestart }) => child || cancelRestart)) return;
    this.#cancelKill();
    this.#cancelMaxTime();
    this.#finish(this.#code as ExitCode);
  }
}

function numbered({ number }: Slot, problems: readonly string[]): string[] {
  return problems.map((problem) => `process ${number}: ${problem}`);
}

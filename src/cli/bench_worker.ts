/** The worker of a benchmark: `taskc run` in a child, on a module of its own that tells when requests are done. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { variableSuffix } from "../config/librdkafka_properties.ts";
import { KafkaError } from "../errors.ts";
import { EMBEDDED_BROKER_FLAGS, ownCommand } from "./own_command.ts";
import { EMBEDDED_BROKER_VARIABLE } from "./program.ts";

export interface RoundOutcome {
  /** Milliseconds since the epoch. */
  lastDoneAt: number;
  /** From each request's send to its completion. */
  latenciesMs: number[];
}

export interface BenchWorkerParts {
  /** Of the topic and of the group. */
  name: string;
  brokers: readonly string[];
  properties: Readonly<Record<string, string>>;
  embedded: boolean;
  concurrency: number;
  /** Ends the worker, whatever it is doing. */
  stopped: AbortSignal;
}

/** What the worker runs: each request as a user would write it, and one line for each round that is done. */
function moduleText(topic: string): string {
  return `import { task, z } from "taskc";

const parent = ${process.pid};
setInterval(() => process.ppid === parent || process.kill(process.pid, "SIGTERM"), 1000).unref();
const rounds = new Map();

export const request = task({
  topic: ${JSON.stringify(topic)},
  timeout: "none",
  schema: z.object({
    ...{ round: z.number(), of: z.number(), index: z.number() },
    ...{ ioMs: z.number(), sentAt: z.number() },
  }),
  run: async ({ round, of, index, ioMs, sentAt }) => {
    if (ioMs > 0) await new Promise((resolve) => setTimeout(resolve, ioMs));
    const lastDoneAt = performance.timeOrigin + performance.now();
    // One that runs again, as after a rebalance, counts once; a round that is over is null.
    if (!rounds.has(round)) rounds.set(round, new Map());
    const latencies = rounds.get(round);
    if (!latencies || latencies.has(index)) return;
    if (latencies.set(index, lastDoneAt - sentAt).size < of) return;
    rounds.set(round, null);
    const latenciesMs = [...latencies.values()];
    process.stdout.write(JSON.stringify({ round, lastDoneAt, latenciesMs }) + "\\n");
  },
});
`;
}

export class BenchWorker implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #waiting = new Map<number, (outcome: RoundOutcome) => void>();
  readonly #ended: Promise<never>;
  #told: string[] = [];
  #joined: () => void = () => {};

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    createInterface({ input: child.stdout! }).on("line", (line) => this.#hear(line));
    createInterface({ input: child.stderr! }).on("line", (line) => this.#listen(line));
    this.#ended = new Promise((_, reject) => {
      child.on("error", (cause) => reject(new KafkaError("Cannot start the worker", { cause })));
      child.on("close", (code) => {
        const hint = this.#told.join("\n");
        reject(
          new KafkaError(`The worker of the benchmark ended with exit code ${code}`, { hint }),
        );
      });
    });
    this.#ended.catch(() => {});
  }

  /** Resolves when it has joined its group. */
  static async start(parts: BenchWorkerParts): Promise<BenchWorker> {
    const folder = mkdtempSync(join(tmpdir(), "taskc-bench-"));
    const [module, settings] = [join(folder, "tasks.ts"), join(folder, "taskc.json")];
    writeFileSync(module, moduleText(parts.name));
    // In place of one that the user may have in the current folder.
    writeFileSync(settings, "{}");
    const [program, ...before] = ownCommand();
    const args = [
      ...["run", module, "--config", settings, "--brokers", parts.brokers.join(",")],
      ...["--group", parts.name],
      ...["--concurrency", String(parts.concurrency), "--stats", "json", "--grace", "0s"],
      ...parts.embedded ? EMBEDDED_BROKER_FLAGS : [],
    ];
    const child = spawn(program, [...before, ...args], {
      env: childEnvironment(parts),
      stdio: ["ignore", "pipe", "pipe"],
    });
    const worker = new BenchWorker(child, folder);
    const end = () => child.kill("SIGTERM");
    if (parts.stopped.aborted) end();
    parts.stopped.addEventListener("abort", end);
    try {
      const joined = new Promise<void>((resolve) => worker.#joined = resolve);
      await Promise.race([joined, worker.#ended]);
      return worker;
    } catch (error) {
      await worker[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Rejects when the worker ends before. */
  outcomeOf(round: number): Promise<RoundOutcome> {
    const outcome = new Promise<RoundOutcome>((resolve) => this.#waiting.set(round, resolve));
    return Promise.race([outcome, this.#ended]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#ended.catch(() => {});
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #hear(line: string): void {
    const { round, ...outcome } = JSON.parse(line) as RoundOutcome & { round: number };
    this.#waiting.get(round)?.(outcome);
    this.#waiting.delete(round);
  }

  #listen(line: string): void {
    if (line.startsWith('{"type":"stats"') || line.startsWith('{"type":"summary"')) return;
    if (/"event":"rebalance","change":"assigned"/.test(line)) this.#joined();
    this.#told = [...this.#told, line].slice(-20);
  }
}

/** Settings of workers that the user has in variables are not for this one, save those of the connection. */
function childEnvironment({ embedded, properties }: BenchWorkerParts): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("TASKC_"));
  // Not as flags: others on the machine can read a command line.
  const connection = Object.entries(properties).map(([name, value]) => [
    `TASKC_X_${variableSuffix(name)}`,
    value,
  ]);
  return {
    ...Object.fromEntries([...own, ...connection]),
    ...(embedded ? { [EMBEDDED_BROKER_VARIABLE]: "1" } : {}),
  };
}

/** The workers of one group: the compiled executable on a module that keeps the ledger. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { executable, Started } from "../e2e/harness/executable.ts";
import { Ledger, LEDGER_WRITER } from "./ledger.ts";
import type { Change, DeadLetter, Ending } from "./evidence.ts";
import type { Told } from "./storm.ts";
import { until } from "./waiting.ts";

export type Protocol = "classic" | "consumer";

/** A killed member is missed after so long; for the newer protocol scripts/kafka says it to the brokers. */
export const SESSION_MS = 6000;

const brokenWorker = fileURLToPath(new URL("./broken_worker.ts", import.meta.url));

export interface TeamOptions {
  protocol: Protocol;
  group: string;
  topic: string;
  brokers: readonly string[];
  /** Further arguments of `taskc run`. */
  args?: readonly string[];
  /** Put among the options of the task. */
  taskOptions?: string;
  /** Instead of taskc, the program that commits what it has received. */
  broken?: boolean;
}

function moduleText(topic: string, taskOptions: string): string {
  return `import { task, z } from "taskc";
import { write } from "./ledger.ts";

const wait = (ms, signal) => new Promise((resolve, reject) => {
  const stop = () => { clearTimeout(timer); reject(signal.reason); };
  const timer = setTimeout(() => { signal?.removeEventListener("abort", stop); resolve(); }, ms);
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop, { once: true });
});

export const work = task({
  topic: ${JSON.stringify(topic)},
  schema: z.object({ id: z.number(), ms: z.number(), failures: z.number().default(0), stuckMs: z.number().default(0) }),
  retry: { attempts: 10, min: "20ms", max: "200ms" },
  ${taskOptions}
  run: async ({ id, ms, failures, stuckMs }, context) => {
    const { attempt, signal } = context;
    write("start", id, context);
    // One that is stuck does not look at its signal.
    if (attempt === 1 && stuckMs > 0) await wait(stuckMs);
    else await wait(ms, signal).catch((reason) => { write("aborted", id, context); throw reason; });
    if (signal.aborted) {
      write("late", id, context);
      return;
    }
    if (attempt <= failures) {
      write("failed", id, context);
      throw new Error(\`attempt \${attempt} of \${id} is to fail\`);
    }
    write("finish", id, context);
  },
});
`;
}

export class Worker extends Started {
  /** Of each event that it has told. */
  events(name: string): Record<string, unknown>[] {
    const events: Record<string, unknown>[] = [];
    for (const line of this.lines.stderr) {
      if (line.startsWith('{"type":"event"') && line.includes(`"event":"${name}"`)) {
        events.push(JSON.parse(line));
      }
    }
    return events;
  }

  /** All that it has told besides figures. */
  get told(): Told[] {
    return this.lines.stderr.filter((line) => line.startsWith('{"type":"event"'))
      .map((line) => JSON.parse(line))
      .map(({ event, at }) => ({ event, at: Date.parse(at) }));
  }

  get changes(): Change[] {
    return this.events("rebalance").map(({ at, change, partitions }) => ({
      pid: this.pid,
      at: Date.parse(at as string),
      change: change as Change["change"],
      partitions: new Set(
        (partitions as { partition: number }[]).map(({ partition }) => partition),
      ),
    }));
  }

  /** What it has assigned now, as it said. */
  get partitions(): Set<number> {
    const owned = new Set<number>();
    for (const { change, partitions } of this.changes) {
      for (const partition of partitions) {
        if (change === "assigned") owned.add(partition);
        else owned.delete(partition);
      }
    }
    return owned;
  }

  /** It has told its figures to the end. */
  get summed(): boolean {
    return this.lines.stderr.some((line) => line.startsWith('{"type":"summary"'));
  }

  /** Of its last figures. */
  get fetchedBytes(): number {
    const last = this.lines.stderr.findLast((line) => /^\{"type":"(stats|summary)"/.test(line));
    return last === undefined ? 0 : (JSON.parse(last) as { fetchedBytes: number }).fetchedBytes;
  }
}

export class Team implements AsyncDisposable {
  readonly options: TeamOptions;
  readonly folder = mkdtempSync(join(tmpdir(), "taskc-faults-"));
  readonly ledger: Ledger;
  /** All that were ever started. */
  readonly workers: Worker[] = [];
  readonly kills: Ending[] = [];
  readonly endings: Ending[] = [];
  /** Ends that should not be: an exit code other than 0 after a signal to leave, a crash. */
  readonly badEnds: string[] = [];
  /** Workers that gave up before they had joined, and were started again; the scene sets it to zero. */
  restarts = 0;
  readonly #running = new Set<Worker>();
  readonly #leaving = new Set<Worker>();
  readonly #killed = new Set<Worker>();

  constructor(options: TeamOptions) {
    this.options = options;
    writeFileSync(join(this.folder, "ledger.ts"), LEDGER_WRITER);
    const text = moduleText(options.topic, options.taskOptions ?? "");
    writeFileSync(join(this.folder, "tasks.ts"), text);
    this.ledger = new Ledger(join(this.folder, "ledger.txt"));
  }

  get title(): string {
    return this.options.protocol;
  }

  /** Neither ended nor told to. */
  get running(): Worker[] {
    return [...this.#running].filter((worker) => !this.#leaving.has(worker));
  }

  start(): Worker {
    const { args = [], broken, brokers, group, protocol, topic } = this.options;
    const worker = broken
      ? new Worker("bun", [brokenWorker, brokers.join(","), group, topic, this.folder], {})
      : new Worker(executable, [
        ...["run", "tasks.ts", "--group", group, "--stats", "json", "--group-protocol", protocol],
        ...["--brokers", brokers.join(",")],
        ...(protocol === "classic"
          ? ["-X", `session.timeout.ms=${SESSION_MS}`, "-X", "heartbeat.interval.ms=500"]
          : []),
        ...args,
      ], { cwd: this.folder });
    this.workers.push(worker);
    this.#running.add(worker);
    worker.exited.then(({ code, signal }) => this.#ended(worker, code, signal), () => {});
    return worker;
  }

  /** Resolves when all partitions are shared out among those that run, and each has one. */
  async settled(partitions: number): Promise<void> {
    if (this.options.broken) {
      await until("a first run", () => (this.ledger.read(), this.ledger.started.size > 0));
      return;
    }
    const wanted = this.running.length;
    await until(`${this.title}: ${partitions} partitions among ${wanted} workers`, () => {
      // One that gave up before it had joined has another in its place.
      const owned = this.running.map((worker) => worker.partitions);
      const sum = owned.reduce((sum, { size }) => sum + size, 0);
      return sum === partitions && owned.every(({ size }) => size > 0);
    });
  }

  /** `kill -9`. Resolves when it has ended. */
  async kill(worker: Worker): Promise<void> {
    this.#killed.add(worker);
    worker.kill("SIGKILL");
    await worker.waitForExit();
  }

  /** SIGTERM; resolves when it has ended. */
  async terminate(worker: Worker): Promise<void> {
    this.#leaving.add(worker);
    worker.kill("SIGTERM");
    await worker.waitForExit();
  }

  freeze(worker: Worker): void {
    worker.kill("SIGSTOP");
    this.endings.push({ pid: worker.pid, at: Date.now() });
  }

  wake(worker: Worker): void {
    worker.kill("SIGCONT");
  }

  get changes(): Change[] {
    return this.workers.flatMap((worker) => worker.changes).sort((a, b) => a.at - b.at);
  }

  /** Records that ended in the dead letters, with the time when a worker said so. */
  get dead(): DeadLetter[] {
    return this.workers.flatMap((worker) => worker.events("dead")).map((event) => ({
      partition: event.partition as number,
      offset: event.offset as number,
      at: Date.parse(event.at as string),
    }));
  }

  /** What workers told besides figures, for whoever looks for the reason of a failure. */
  told(): string {
    return this.workers.map((worker) => {
      const lines = worker.lines.stderr.filter((line) => !/"type":"(stats|summary)"/.test(line));
      return [`${this.title} worker ${worker.pid}:`, ...lines.slice(0, 200)].join("\n  ");
    }).join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running].map((worker) => worker[Symbol.asyncDispose]()));
    this.ledger[Symbol.dispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #ended(worker: Worker, code: number | null, signal: string | null): void {
    this.#running.delete(worker);
    const ending = { pid: worker.pid, at: Date.now() };
    if (this.#killed.has(worker)) this.kills.push(ending);
    else {
      this.endings.push(ending);
      // A signal that comes before the program has looked for it ends it as the system does.
      // One that cannot reach Kafka in time gives up, and whoever runs it starts it again.
      if (code === 4 && worker.events("started").length === 0 && !this.#leaving.has(worker)) {
        this.restarts++;
        this.start();
        return;
      }
      const early = (signal === "SIGTERM" || code === 143) && worker.events("started").length === 0;
      if (!this.#leaving.has(worker) || (code !== 0 && !early)) {
        this.badEnds.push(`worker ${worker.pid} ended by itself or badly: ${code ?? signal}`);
      }
    }
  }
}

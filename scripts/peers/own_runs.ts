/**
 * Runs of taskc alone, one process after another, which differ in one thing: how many partitions, how large
 * messages, which options. What counts is beyond an empty run: the same worker on topics without a message, so
 * that neither the start of a process nor joining its group is in the figures of a short run.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { spreadOf } from "../../src/stats/spread.ts";
import type { Broker } from "./broker.ts";
import { messageOf } from "./message.ts";
import { runMeasured } from "./measured_process.ts";
import { root, store } from "./places.ts";

/** What topics hold, and what a worker does with it. */
export interface Load {
  /** Of each topic. */
  partitions: number;
  topics: number;
  /** Of all topics together. */
  messages: number;
  /** As of `messageOf`. */
  bytes: number;
  /** Different keys; 0 for messages without a key. */
  keys: number;
}

export interface Variant {
  name: string;
  title: string;
  load: Load;
  /** Options of each task, as text: `order: "key",`. */
  task?: string;
  /** What each task computes without a pause, in microseconds. @default 0 */
  computeUs?: number;
  /** So many tasks wait for the last of them, or for the last of all. @default 0 */
  together?: number;
  flags?: readonly string[];
}

/** Of the rounds that did not fail; medians. */
export interface OwnFigures {
  /** `null`: with so few messages it took no longer than with none. */
  perSecond: number | null;
  cpuSecondsPerMillion: number;
  peakBytes: number;
}

export interface OwnOutcome {
  name: string;
  title: string;
  messages: number;
  /** `null`: it has failed. */
  figures: OwnFigures | null;
  failure: string | null;
}

const TIME_LIMIT_SECONDS = 180;
const EMPTY = "empty";

export class OwnRuns {
  readonly #name: string;
  readonly #broker: Broker;
  readonly #brokers: string;
  readonly #filled = new Set<string>();
  #groups = 0;

  /** `name` begins those of its topics, so that sections do not meet. */
  constructor(name: string, broker: Broker, brokers: string) {
    this.#name = name;
    this.#broker = broker;
    this.#brokers = brokers;
  }

  /** All variants in turn, once in each round. */
  async measure(
    variants: readonly Variant[],
    rounds: number,
    progress: (text: string) => void,
  ): Promise<OwnOutcome[]> {
    const seen = new Map(variants.map(({ name }) => [name, [] as OwnFigures[]]));
    const failures = new Map<string, string>();
    for (const { load } of variants) await this.#fill(load, progress);
    for (let round = 1; round <= rounds; round++) {
      for (const variant of variants) {
        if (failures.has(variant.name)) continue;
        progress(`round ${round}: ${variant.title}`);
        try {
          seen.get(variant.name)!.push(await this.#run(variant));
        } catch (error) {
          failures.set(variant.name, (error as Error).message);
        }
      }
    }
    return variants.map(({ name, title, load }) => {
      const rounds = seen.get(name)!;
      const failure = failures.get(name) ?? null;
      const middle = (figure: (one: OwnFigures) => number | null) => {
        const values = rounds.flatMap((one) => figure(one) ?? []);
        return values.length === 0 ? null : spreadOf(values).median;
      };
      const figures = failure !== null ? null : {
        perSecond: middle(({ perSecond }) => perSecond),
        cpuSecondsPerMillion: middle((one) => one.cpuSecondsPerMillion)!,
        peakBytes: middle(({ peakBytes }) => peakBytes)!,
      };
      return { name, title, messages: load.messages, figures, failure };
    });
  }

  /** Once with nothing to do, once with all messages. */
  async #run(variant: Variant): Promise<OwnFigures> {
    const { load } = variant;
    const empty = await this.#drain(variant, this.#topicsOf(load, EMPTY), 0);
    const full = await this.#drain(variant, this.#topicsOf(load), load.messages);
    const seconds = full.seconds - empty.seconds;
    return {
      perSecond: seconds > 0 ? load.messages / seconds : null,
      cpuSecondsPerMillion: (full.cpuSeconds - empty.cpuSeconds) / (load.messages / 1e6),
      peakBytes: full.peakBytes,
    };
  }

  async #drain(
    { name, load, task = "", computeUs = 0, together = 0, flags = [] }: Variant,
    topics: string[],
    messages: number,
  ) {
    const folder = join(store, "modules");
    mkdirSync(folder, { recursive: true });
    const module = join(folder, `own-${name}.ts`);
    const body = [
      ...(computeUs > 0 ? [compute(computeUs)] : []),
      ...(together > 0 ? [waitFor(together, load.messages)] : []),
    ];
    writeFileSync(module, moduleText(topics, task, body));
    const group = `own-${process.pid}-${++this.#groups}`;
    const outcome = await runMeasured([
      ...[join(root, "dist", "taskc"), "run", module, "--drain", "--brokers", this.#brokers],
      ...["--group", group, ...flags],
    ], { cwd: store, env: process.env, timeLimitSeconds: TIME_LIMIT_SECONDS });
    const { exitCode, stderr, stdout, timedOut } = outcome;
    if (timedOut) throw new Error(`no end within ${TIME_LIMIT_SECONDS} s`);
    if (exitCode !== 0) {
      throw new Error(`exit code ${exitCode}: ${stderr.trimEnd().split("\n").at(-1)}`);
    }
    // Each process tells its own.
    const done = stdout.trimEnd().split("\n").reduce((sum, line) => sum + JSON.parse(line).done, 0);
    if (done !== messages) throw new Error(`${done} of ${messages} messages done`);
    return outcome;
  }

  async #fill(load: Load, progress: (text: string) => void): Promise<void> {
    const missing = [...this.#topicsOf(load), ...this.#topicsOf(load, EMPTY)]
      .filter((topic) => !this.#filled.has(topic));
    if (missing.length === 0) return;
    progress(`sending ${load.messages} messages to ${this.#topicsOf(load)[0]}`);
    for (const topic of missing) this.#filled.add(topic);
    await this.#broker.makeTopics(missing, load.partitions);
    const topics = missing.filter((topic) => !topic.endsWith(EMPTY));
    await this.#broker.send(load.messages, (n) => ({
      topic: topics[n % topics.length]!,
      // The topics take turns, and in each of them its partitions.
      partition: Math.floor(n / topics.length) % load.partitions,
      value: messageOf(n, load.bytes),
      key: load.keys === 0 ? null : `key-${n % load.keys}`,
    }));
  }

  /** The same load has the same topics. */
  #topicsOf(load: Load, suffix = "full"): string[] {
    const { bytes, keys, messages, partitions, topics } = load;
    const name = suffix === EMPTY
      ? `${this.#name}-${partitions}p`
      : `${this.#name}-${partitions}p-${messages}x${bytes}-${keys}k`;
    return Array.from({ length: topics }, (_, n) => `${name}-${n}of${topics}-${suffix}`);
  }
}

function moduleText(topics: readonly string[], options: string, body: readonly string[]): string {
  const tasks = topics.map((topic, n) =>
    `export const work${n} = task({ topic: ${JSON.stringify(topic)}, schema, run, ${options} });`
  );
  return `import { task, z } from "taskc";

let done = 0;
let started = 0;
let gate = Promise.withResolvers<void>();
const schema = z.object({ id: z.number(), name: z.string(), ok: z.boolean() });
const run = async () => {
  ${body.join("\n  ")}
  done++;
};
${tasks.join("\n")}

export const teardown = () => void process.stdout.write(JSON.stringify({ done }) + "\\n");
`;
}

function compute(us: number): string {
  return `for (const until = performance.now() + ${us / 1000}; performance.now() < until;);`;
}

function waitFor(together: number, all: number): string {
  return `const { promise, resolve } = gate;
  started++;
  if (started % ${together} === 0 || started === ${all}) {
    gate = Promise.withResolvers();
    resolve();
  }
  await promise;`;
}

/**
 * The table of the article that taskc comes from, with taskc and others in it. A request sends its jobs at once,
 * and all requests of a round are sent at once; a round's time is from its first send to its last job's
 * completion, as one outside observer sees it. docs/performance.md tells who takes part and how.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { type BenchRow, formatBenchRow } from "../../src/config/bench_row.ts";
import {
  type Contender,
  CONTENDERS,
  type Running,
  type Surroundings,
} from "./article_contenders.ts";
import { Observer } from "./article_observer.ts";
import { KafkaSender } from "./article_sender.ts";
import { Servers } from "./article_servers.ts";
import {
  type ArticleResult,
  type ArticleRow,
  formatTable,
  noopRates,
  type RoundOutcome,
  summarize,
  tookPartLess,
  type Unfinished,
} from "./article_table.ts";
import { store } from "./places.ts";
import type { Section, SectionOutcome, Settings } from "./section.ts";

interface Options {
  rounds: number;
  contenders: readonly Contender[];
  rows: readonly BenchRow[];
  /** Bootstrap servers of a Kafka. */
  brokers: string;
  /** For logs and the servers' data. */
  folder: string;
}

const WAIT_MS = 5000;
/** The article's, 300x20 without I/O, and one for the rate of jobs that do nothing, long enough to tell it. */
const ROWS: readonly BenchRow[] = [
  { jobs: 100, requests: 5, ioMs: 0 },
  { jobs: 200, requests: 5, ioMs: 0 },
  { jobs: 200, requests: 10, ioMs: 0 },
  { jobs: 200, requests: 20, ioMs: 0 },
  { jobs: 300, requests: 10, ioMs: 0 },
  { jobs: 300, requests: 20, ioMs: 0 },
  { jobs: 500, requests: 100, ioMs: 0 },
  { jobs: 300, requests: 10, ioMs: WAIT_MS },
  { jobs: 300, requests: 20, ioMs: WAIT_MS },
];
const MANY_JOBS = 50_000;
/** Its completion tells that a worker is there. */
const FIRST: BenchRow = { jobs: 4, requests: 1, ioMs: 0 };
const WARM_UP: BenchRow = { jobs: 200, requests: 20, ioMs: 0 };
const LIMIT_MS = 120_000;
/** To start, and to run its first jobs. */
const START_LIMIT_MS = 240_000;
/** Between rounds, so that commits and acknowledgements of one are not in the next. */
const PAUSE_MS = 250;

export const article: Section = { contenders: CONTENDERS, parts: ROWS.map(formatBenchRow), run };

async function run({ brokers, only, print, rounds }: Settings): Promise<SectionOutcome> {
  const contenders = chosenOf(CONTENDERS, ({ name }) => name, only);
  const rows = chosenOf(ROWS, formatBenchRow, only);
  // What is meant belongs to another section.
  const isMeant = only === null || contenders.length + rows.length > 0;
  if (!isMeant) return { figures: null, panels: [], complete: true };
  execFileSync(join(import.meta.dirname!, "install_article"), { stdio: ["ignore", 2, 2] });
  const folder = join(store, "article");
  rmSync(folder, { recursive: true, force: true });
  const result = await measure({
    ...{ rounds, brokers, folder },
    contenders: contenders.length > 0 ? contenders : CONTENDERS,
    rows: rows.length > 0 ? rows : ROWS,
  });
  print(formatTable(result));
  const outcomes = result.rows.flatMap(({ outcomes }) => Object.values(outcomes));
  return {
    figures: result,
    panels: [],
    complete: outcomes.every((outcome) => !("unfinished" in outcome)),
  };
}

/** Those that are named, all without a name. */
function chosenOf<T>(
  all: readonly T[],
  nameOf: (one: T) => string,
  only: readonly string[] | null,
): readonly T[] {
  return only === null ? all : all.filter((one) => only.includes(nameOf(one)));
}

async function measure(options: Options): Promise<ArticleResult> {
  const { contenders, rows } = options;
  mkdirSync(options.folder, { recursive: true });
  await using servers = new Servers(options.folder);
  await using observer = await Observer.open();
  const kafka = await KafkaSender.open(options.brokers);
  const field = new Field(observer, (queue) => ({
    ...{ brokers: options.brokers, folder: options.folder },
    ...{ kafka, servers, observer: observer.address, queue },
  }));
  try {
    // All of them first: one that starts would take the processor from another that is measured.
    for (const contender of contenders) await field.prepare(contender);
    const outcomes: ArticleRow[] = [];
    for (const row of rows) {
      outcomes.push(await runRow(field, { row, contenders, rounds: options.rounds }));
    }
    return {
      rounds: options.rounds,
      contenders: contenders.map(({ name, title }) => ({ name, title })),
      rows: outcomes,
      noopPerSecond: noopRates(outcomes),
      notes: notesOf(contenders, outcomes, options.rounds),
    };
  } finally {
    await field.leave();
    await kafka.close();
  }
}

/** Rounds in turn over the contenders, so that a slow minute of the machine is a slow minute for all. */
async function runRow(
  field: Field,
  { row, contenders, rounds }: Pick<Options, "contenders" | "rounds"> & { row: BenchRow },
): Promise<ArticleRow> {
  const finished = new Map<string, RoundOutcome[]>();
  const unfinished = new Map<string, Unfinished>();
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) {
      if (unfinished.has(contender.name)) continue;
      if (round > 0 && isSlow(contender, row)) continue;
      await field.prepare(contender);
      const outcome = await field.run(contender, row);
      if ("unfinished" in outcome) unfinished.set(contender.name, outcome);
      else finished.set(contender.name, [...finished.get(contender.name) ?? [], outcome]);
    }
  }
  const outcomes = contenders.map(({ name }) => [
    name,
    unfinished.get(name) ?? summarize(finished.get(name)!),
  ]);
  return { ...row, outcomes: Object.fromEntries(outcomes) };
}

function isSlow({ slowWithIo, slowWithMany }: Contender, row: BenchRow): boolean {
  return (row.ioMs > 0 && slowWithIo) || (row.jobs * row.requests >= MANY_JOBS && slowWithMany);
}

function notesOf(
  contenders: readonly Contender[],
  rows: readonly ArticleRow[],
  rounds: number,
): string[] {
  const notes = contenders.flatMap(({ note }) => note ?? []);
  const less = rows.some(({ outcomes }) =>
    Object.values(outcomes).some((outcome) => tookPartLess(outcome, rounds))
  );
  if (less) notes.unshift("* In one round only, since it takes so long.");
  return [...new Set(notes)];
}

/** Those that take part, each started and warm when its turn comes. */
class Field {
  readonly #observer: Observer;
  readonly #surroundings: (queue: string) => Surroundings;
  readonly #running = new Map<Contender, Running>();
  #started = 0;

  constructor(observer: Observer, surroundings: (queue: string) => Surroundings) {
    this.#observer = observer;
    this.#surroundings = surroundings;
  }

  async prepare(contender: Contender): Promise<void> {
    if (this.#running.has(contender)) return;
    const queue = `article-${contender.name}-${Date.now().toString(36)}-${this.#started++}`;
    this.#running.set(contender, await contender.start(this.#surroundings(queue)));
    for (const row of [FIRST, WARM_UP]) {
      const outcome = await this.run(contender, row, START_LIMIT_MS);
      if ("unfinished" in outcome) {
        throw new Error(
          `${contender.title} has not run its first jobs: see ${queue}.log in the folder`,
        );
      }
    }
  }

  /** One that is not done within the limit is ended. */
  async run(
    contender: Contender,
    row: BenchRow,
    limitMs = LIMIT_MS,
  ): Promise<RoundOutcome | Unfinished> {
    await sleep(PAUSE_MS);
    const { sender, failed } = this.#running.get(contender)!;
    const { round, done } = this.#observer.expect(row);
    using limit = new Limit(limitMs);
    const finished = Promise.all([sender.send(round), done]);
    const times = await Promise.race([finished, failed, limit.reached]);
    process.stderr.write(`${formatBenchRow(row)} ${contender.title}: `);
    if (times === null) {
      process.stderr.write("not finished\n");
      await this.#end(contender);
      return { unfinished: { doneJobs: this.#observer.doneJobs, withinMs: limitMs } };
    }
    const [sentAt, doneAt] = times;
    const totalMs = Math.max(...doneAt) - sentAt[0]!;
    process.stderr.write(`${totalMs.toFixed(0)} ms\n`);
    return { totalMs, requestMs: doneAt.map((at, request) => at - sentAt[request]!) };
  }

  async leave(): Promise<void> {
    for (const contender of [...this.#running.keys()]) await this.#end(contender);
  }

  async #end(contender: Contender): Promise<void> {
    await this.#running.get(contender)!.kill();
    this.#running.delete(contender);
  }
}

class Limit implements Disposable {
  /** Resolves with null when the time is over. */
  readonly reached: Promise<null>;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ms: number) {
    this.reached = new Promise((resolve) => this.#timer = setTimeout(() => resolve(null), ms));
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

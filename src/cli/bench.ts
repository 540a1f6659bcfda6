/**
 * `taskc bench`: how long jobs take from the first send to the last completion, on the user's brokers or on the
 * embedded one. Messages are sent from this process and run by a worker of its own, as `taskc run` starts it,
 * so nothing is measured that a user would not have.
 *
 * The topics and the group have names of their own, and are removed in the end.
 */
import { Buffer } from "node:buffer";
import process from "node:process";
import type { Invocation } from "./program.ts";
import { type BenchRow, formatBenchRow } from "../config/bench_row.ts";
import { splitProperties } from "../config/librdkafka_properties.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import { createTopics, isEmbedded, removeGroup, removeTopics } from "../kafka/admin.ts";
import { startEmbeddedBroker } from "../kafka/embedded_broker.ts";
import { KafkaProducer } from "../kafka/producer.ts";
import { formatDuration, formatExact } from "../render/numbers.ts";
import { spreadOf } from "../stats/spread.ts";
import { deadLetterTopic } from "../worker/dead_letters.ts";
import { BenchWorker, type RoundOutcome } from "./bench_worker.ts";
import { takesColours } from "../render/terminal_support.ts";
import { reportFailure } from "./report_failure.ts";
import { heededSignals } from "./supervise_process.ts";

const PARTITIONS = 4;
const LEAVE_MS = 5000;
/** Before the first round, so that none pays for code that runs for the first time. */
const WARM_UP: BenchRow = { jobs: 200, requests: 20, ioMs: 0 };

/** All rounds of one row. Times in milliseconds; `requestMs` are over all requests of all rounds. */
interface RowOutcome {
  row: BenchRow;
  /** From the first send to the last completion, each round. */
  totalMs: number[];
  /** From the send of a request to its completion. */
  requestMs: { p50: number; p99: number; max: number };
}

export async function bench({ settings }: Invocation<"bench">): Promise<ExitCode> {
  const embedded = settings.embedded ? await startEmbeddedBroker() : null;
  const brokers = embedded ? [embedded.address] : settings.brokers;
  const properties = embedded ? {} : settings.properties;
  const producer = await KafkaProducer.open({
    brokers,
    properties: splitProperties(properties).producer,
    connectTimeoutMs: settings.timeout,
  });
  const name = `taskc-bench-${process.pid}-${Date.now().toString(36)}`;
  const stopped = new AbortController();
  const stop = () => stopped.abort();
  // Also a second time: what was made is removed in any case.
  for (const signal of heededSignals()) process.on(signal, stop);
  const failures: unknown[] = [];
  const attempt = (act: () => Promise<unknown>) => act().catch((error) => failures.push(error));
  await attempt(async () => {
    await createTopics(producer, [{ topic: name, partitions: PARTITIONS, replicationFactor: -1 }]);
    await using worker = await BenchWorker.start({
      ...{ name, brokers, properties, embedded: embedded !== null, stopped: stopped.signal },
      concurrency: Math.max(...settings.rows.map(requestsOf), requestsOf(WARM_UP)),
    });
    const outcomes = await runRows(new Rounds(producer, worker, name), settings);
    if (settings.json) print(JSON.stringify(describe(outcomes, brokers, embedded !== null)));
  });
  // That the worker has ended says nothing when it was told to.
  if (stopped.signal.aborted) failures.length = 0;
  if (!isEmbedded(producer.apis)) {
    await attempt(() => removeTopics(producer, [name]));
    await attempt(() => removeTopics(producer, [deadLetterTopic(name, name)]));
    await attempt(() => removeGroup(producer, name));
  }
  await producer.close(LEAVE_MS);
  await embedded?.close();
  for (const signal of heededSignals()) process.off(signal, stop);
  // What went wrong first, and what is left behind, each as a line of its own.
  for (const failure of failures.slice(1)) {
    reportFailure(failure, process.stderr, {
      colours: takesColours(process.stderr, process.env),
    });
  }
  if (failures.length > 0) throw failures[0];
  return stopped.signal.aborted ? EXIT.interrupted : EXIT.ok;
}

async function runRows(
  rounds: Rounds,
  settings: Invocation<"bench">["settings"],
): Promise<RowOutcome[]> {
  const outcomes: RowOutcome[] = [];
  await rounds.run(WARM_UP);
  if (!settings.json) printTitles();
  for (const row of settings.rows) {
    const outcome = await runRow(rounds, row, settings.rounds);
    outcomes.push(outcome);
    if (!settings.json) printRow(outcome);
  }
  return outcomes;
}

async function runRow(rounds: Rounds, row: BenchRow, times: number): Promise<RowOutcome> {
  const totalMs: number[] = [];
  const latencies: number[] = [];
  for (let round = 0; round < times; round++) {
    const { firstSentAt, lastDoneAt, latenciesMs } = await rounds.run(row);
    totalMs.push(lastDoneAt - firstSentAt);
    for (const latency of latenciesMs) latencies.push(latency);
  }
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.ceil(share * latencies.length) - 1]!;
  return { row, totalMs, requestMs: { p50: at(0.5), p99: at(0.99), max: at(1) } };
}

/** Rounds, one after another: sends all requests of one and waits for the last of them to be done. */
class Rounds {
  readonly #producer: KafkaProducer;
  readonly #worker: BenchWorker;
  readonly #topic: string;
  #count = 0;

  constructor(producer: KafkaProducer, worker: BenchWorker, topic: string) {
    this.#producer = producer;
    this.#worker = worker;
    this.#topic = topic;
  }

  async run(row: BenchRow): Promise<RoundOutcome & { firstSentAt: number }> {
    const round = this.#count++;
    const { ioMs } = row;
    const of = requestsOf(row);
    const outcome = this.#worker.outcomeOf(round);
    const firstSentAt = wallClock();
    const sent = Array.from({ length: of }, (_, index) =>
      this.#producer.send({
        topic: this.#topic,
        partition: index % PARTITIONS,
        key: null,
        value: Buffer.from(JSON.stringify({ round, of, index, ioMs, sentAt: wallClock() })),
        headers: [],
      }));
    const [done] = await Promise.all([outcome, ...sent]);
    return { ...done, firstSentAt };
  }
}

function requestsOf({ jobs, requests }: BenchRow): number {
  return jobs * requests;
}

/** Milliseconds since the epoch, with a fraction: the same in all processes of a machine. */
function wallClock(): number {
  return performance.timeOrigin + performance.now();
}

// --- what is printed

/** Within 80 columns. */
const WIDTHS = [11, 10, 9, 9, 9, 12, 9, 9];

function printTitles(): void {
  printCells(["JOBS", "MESSAGES", "MIN", "MEDIAN", "MAX", "REQ. P50", "REQ. P99", "REQ. MAX"]);
}

function printRow({ row, totalMs, requestMs }: RowOutcome): void {
  const { min, median, max } = spreadOf(totalMs);
  const times = [min, median, max, requestMs.p50, requestMs.p99, requestMs.max];
  printCells([
    formatBenchRow(row),
    formatExact(requestsOf(row)),
    ...times.map(formatTime),
  ]);
}

function printCells(cells: readonly string[]): void {
  const [first, ...others] = cells;
  print(
    first!.padEnd(WIDTHS[0]!) + others.map((cell, at) => cell.padStart(WIDTHS[at + 1]!)).join(""),
  );
}

/** Rows of some seconds differ by hundredths. */
function formatTime(ms: number): string {
  return ms < 1000 || ms > 100_000 ? formatDuration(ms) : `${(ms / 1000).toFixed(2)} s`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** docs/performance.md describes it. */
function describe(
  outcomes: readonly RowOutcome[],
  brokers: readonly string[],
  embedded: boolean,
): object {
  return {
    brokers,
    embedded,
    rows: outcomes.map(({ row, totalMs, requestMs }) => {
      return { ...row, rounds: totalMs, ...spreadOf(totalMs), requestMs };
    }),
  };
}

/**
 * Sending: each contender reads the same lines from a file on standard input, and ends when the broker has
 * acknowledged all of them. What counts is the whole process, from its start to its exit.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { Broker } from "./broker.ts";
import { ratePanel } from "./chart.ts";
import { prepareAll } from "./contenders.ts";
import { type Failure, isFailure, type Round, type Standing, summarize } from "./figures.ts";
import { failureOf, runMeasured } from "./measured_process.ts";
import { store } from "./places.ts";
import type { Section, SectionOutcome, Settings } from "./section.ts";
import { REFERENCE, type SendContender, sendContenders } from "./send_contenders.ts";
import { formatTable } from "./table.ts";
import { messageOf } from "./message.ts";
import { doneOf } from "./throughput.ts";

const BYTES = 100;
const SLOWEST_PER_SECOND = 2000;
const LEAST_TIME_LIMIT_SECONDS = 60;
const NEWLINE = 10;

const NOTE =
  `A rate counts the whole process, from its start to its exit: loading its code, connecting, all lines read, sent
and acknowledged. After each round the ends of the topic's partitions have to sum up to the number of lines.
CPU seconds are user and system of the process, not of the broker, which runs on the same cores.
`;

export interface SendOutcome {
  count: number;
  bytes: number;
  contenders: Standing[];
}

export const send: Section = { contenders: sendContenders, run };

async function run(settings: Settings): Promise<SectionOutcome> {
  const chosen = sendContenders.filter(({ name }) => settings.only?.includes(name) ?? true);
  if (chosen.length === 0) return { figures: null, panels: [], complete: true };
  const hindrances = prepareAll(chosen);
  const count = settings.messages;
  const folder = join(store, "send");
  mkdirSync(folder, { recursive: true });
  const files = { input: join(folder, "lines.ndjson"), output: join(folder, "printed") };
  const lines = Array.from({ length: count }, (_, id) => messageOf(id, BYTES));
  writeFileSync(files.input, `${lines.join("\n")}\n`);
  const broker = await Broker.open(settings.brokers);
  const parts = { broker, settings, count, ...files };
  const entries = chosen.map(({ name, title }) => ({
    name,
    title,
    rounds: [] as (Round | Failure)[],
  }));
  const runOnce = (contender: SendContender) => {
    const hindrance = hindrances.get(contender.name);
    return hindrance === undefined ? runRound(contender, parts) : { failure: hindrance };
  };
  // Not measured: a broker that has just started compiles what it runs.
  settings.progress("sending, warming up");
  const first = chosen.find(({ name }) => !hindrances.has(name));
  if (first) { for (let round = 0; round < 2; round++) await runOnce(first); }
  for (let round = 1; round <= settings.rounds; round++) {
    for (const [index, contender] of chosen.entries()) {
      settings.progress(`sending, round ${round}: ${contender.title}`);
      entries[index]!.rounds.push(await runOnce(contender));
    }
  }
  await broker.close();
  rmSync(folder, { recursive: true });
  const contenders = summarize(entries, REFERENCE);
  const title = `${count.toLocaleString("en")} lines of ${BYTES} bytes sent`;
  settings.print(`${title}, rounds: ${settings.rounds}\n\n${formatTable(contenders)}\n\n${NOTE}`);
  return {
    figures: { count, bytes: BYTES, contenders } satisfies SendOutcome,
    panels: [ratePanel(title, contenders, REFERENCE)],
    complete: contenders.every(({ rounds }) => !rounds.some(isFailure)),
  };
}

interface RoundParts {
  broker: Broker;
  settings: Settings;
  count: number;
  input: string;
  output: string;
}

let topics = 0;

async function runRound(
  contender: SendContender,
  { broker, settings, count, input, output }: RoundParts,
): Promise<Round | Failure> {
  const topic = `send-${process.pid}-${++topics}`;
  await broker.createTopic(topic);
  const { brokers } = settings;
  // It is written to from its start, but not emptied.
  rmSync(output, { force: true });
  const outcome = await runMeasured(contender.command({ brokers, topic, count }), {
    cwd: store,
    env: process.env,
    timeLimitSeconds: LEAST_TIME_LIMIT_SECONDS + count / SLOWEST_PER_SECOND,
    input,
    output,
  });
  const sent = await broker.messages(topic);
  await broker.deleteTopic(topic);
  const { seconds, cpuSeconds, peakBytes } = outcome;
  const failure = failureOf(outcome);
  if (failure !== null) return { failure };
  const printed = readFileSync(output);
  // taskc prints a line for each, the others how many there were.
  const done = contender.name === REFERENCE
    ? printed.reduce((sum, byte) => byte === NEWLINE ? sum + 1 : sum, 0)
    : doneOf(String(printed));
  if (done !== count) return { failure: `${done} of ${count} lines acknowledged` };
  if (sent !== count) return { failure: `${sent} of ${count} messages in the topic` };
  return {
    done,
    seconds,
    perSecond: count / seconds,
    cpuSecondsPerMillion: cpuSeconds / (count / 1e6),
    peakBytes,
  };
}

/**
 * Throughput: each contender reads topics that are full already, from their start and in a new group, and ends
 * when all messages are done and committed. What counts is the whole process, from its start to its exit.
 */
import process from "node:process";
import { Broker } from "./broker.ts";
import { ratePanel } from "./chart.ts";
import { type Contender, contenders, prepareAll, REFERENCE } from "./contenders.ts";
import { store } from "./places.ts";
import { type Failure, isFailure, type Round, type Standing, summarize } from "./figures.ts";
import { messageOf } from "./message.ts";
import { failureOf, runMeasured } from "./measured_process.ts";
import type { Section, SectionOutcome, Settings } from "./section.ts";
import { formatTable, NOTE } from "./table.ts";

interface Load {
  name: string;
  title: string;
  bytes: number;
  count: number;
}

export interface LoadOutcome extends Load {
  contenders: Standing[];
}

/** The slowest client is many times faster; one that is slower still hangs. */
const SLOWEST_PER_SECOND = 2000;
const LEAST_TIME_LIMIT_SECONDS = 60;

export const throughput: Section = { contenders, run };

async function run(settings: Settings): Promise<SectionOutcome> {
  const chosen = contenders.filter(({ name }) => settings.only?.includes(name) ?? true);
  const hindrances = prepareAll(chosen);
  const broker = await Broker.open(settings.brokers);
  const loads = loadsFor(settings.messages);
  const outcomes: LoadOutcome[] = [];
  for (const load of loads) {
    settings.progress(`sending ${load.title}`);
    const topic = `throughput-${load.name}`;
    await broker.fillTopic(
      topic,
      load.count,
      (id) => messageOf(id, load.bytes),
    );
    const entries = chosen.map(({ name, title }) => ({
      name,
      title,
      rounds: [] as (Round | Failure)[],
    }));
    const runOnce = (contender: Contender) => {
      const hindrance = hindrances.get(contender.name);
      if (hindrance !== undefined) return { failure: hindrance };
      return runRound(contender, {
        broker,
        settings,
        topic,
        count: load.count,
      });
    };
    // Not measured: a broker's first group and its first fetches of a topic take seconds more.
    settings.progress(`${load.title}, warming up`);
    await runOnce(
      chosen.find(({ name }) => !hindrances.has(name)) ?? chosen[0]!,
    );
    for (let round = 1; round <= settings.rounds; round++) {
      for (const [index, contender] of chosen.entries()) {
        settings.progress(`${load.title}, round ${round}: ${contender.title}`);
        entries[index]!.rounds.push(await runOnce(contender));
      }
    }
    const standings = summarize(entries, REFERENCE);
    outcomes.push({ ...load, contenders: standings });
    settings.print(
      `${load.title}, rounds: ${settings.rounds}\n\n${formatTable(standings)}\n`,
    );
  }
  settings.print(NOTE);
  await broker.close();
  return {
    figures: { loads: outcomes },
    panels: outcomes.map(({ title, contenders }) => ratePanel(title, contenders, REFERENCE)),
    complete: outcomes.every(({ contenders }) =>
      contenders.every(({ rounds }) => !rounds.some(isFailure))
    ),
  };
}

function loadsFor(messages: number): Load[] {
  const load = (
    name: string,
    bytes: number,
    size: string,
    count: number,
  ): Load => ({
    name,
    title: `${count.toLocaleString("en")} messages of ${size}`,
    bytes,
    count,
  });
  return [
    load("100b", 100, "100 bytes", messages),
    load("1kb", 1000, "1 KB", Math.ceil(messages / 5)),
  ];
}

interface RoundParts {
  broker: Broker;
  settings: Settings;
  topic: string;
  count: number;
}

let groups = 0;

async function runRound(
  contender: Contender,
  { broker, settings, topic, count }: RoundParts,
): Promise<Round | Failure> {
  const group = `bench-${process.pid}-${++groups}`;
  const { brokers } = settings;
  const outcome = await runMeasured(
    contender.command({ brokers, topic, group, count }),
    {
      cwd: store,
      env: process.env,
      timeLimitSeconds: LEAST_TIME_LIMIT_SECONDS + count / SLOWEST_PER_SECOND,
    },
  );
  const { seconds, cpuSeconds, peakBytes } = outcome;
  const failure = failureOf(outcome);
  if (failure !== null) return { failure };
  const done = doneOf(outcome.stdout);
  if (done !== count) return { failure: `${done} of ${count} messages done` };
  const committed = await broker.committed(group, topic);
  if (committed !== count) {
    return { failure: `${committed} of ${count} messages committed` };
  }
  return {
    done,
    seconds,
    perSecond: count / seconds,
    cpuSecondsPerMillion: cpuSeconds / (count / 1e6),
    peakBytes,
  };
}

/** As the process itself tells in its last line. */
export function doneOf(stdout: string): number {
  try {
    return Number(JSON.parse(stdout.trimEnd().split("\n").at(-1)!).done);
  } catch {
    return 0;
  }
}

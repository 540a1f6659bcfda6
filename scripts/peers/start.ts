/**
 * The start: from the start of a process to its first task, with one message waiting in a topic of its own. Each
 * contender runs as a new group first, then once more as the same group with one message more. The first output of
 * each is that of its first task, stamped by the process that has started it.
 */
import process from "node:process";
import { join } from "node:path";
import { type Spread, spreadOf } from "../../src/stats/spread.ts";
import { Broker } from "./broker.ts";
import { type Contender, contenders as all, prepareAll, taskc } from "./contenders.ts";
import type { Failure } from "./figures.ts";
import { failureOf, runMeasured } from "./measured_process.ts";
import { root, store } from "./places.ts";
import type { Section, SectionOutcome, Settings } from "./section.ts";
import { formatStarts, type StartStanding } from "./start_table.ts";

const LEAST_ROUNDS = 5;
const TIME_LIMIT_SECONDS = 60;
/**
 * Under KIP-848 a group's partitions are assigned once a second (`group.consumer.assignment.interval.ms`): who joins
 * sooner after somebody has left waits for that, and then for its own next heartbeat.
 */
const REST_MS = 1500;
const MESSAGE = JSON.stringify({ id: 1, name: "one", ok: true });
const TASK = "async () => { if (done++ === 0) first(); }";

/** One of each client is enough: how it hands out messages is no matter here. */
const CLIENTS = [
  "raw-c",
  "taskc",
  "kafkajs-each-message",
  "platformatic",
  "confluent-consume",
];
const contenders: readonly Contender[] = [
  ...all.filter(({ name }) => CLIENTS.includes(name)),
  taskc("taskc-classic", "taskc, classic protocol", TASK, [
    "--group-protocol",
    "classic",
  ]),
  ...all.filter(({ name }) => name === "confluent-python"),
];
/** What taskc does without Kafka, by its names for `--only`. */
const COMMANDS = ["help", "version"];

export const start: Section = { contenders, parts: COMMANDS, run };

interface Round {
  firstMs: number;
  wholeMs: number;
  cpuMs: number;
}

class Rounds {
  readonly rounds: Round[] = [];
  failure: string | null = null;

  note(outcome: Round | Failure): void {
    if ("failure" in outcome) this.failure ??= outcome.failure;
    else this.rounds.push(outcome);
  }

  spread(key: keyof Round): Spread | null {
    return this.rounds.length === 0 ? null : spreadOf(this.rounds.map((round) => round[key]));
  }
}

async function run(settings: Settings): Promise<SectionOutcome> {
  const { only, progress } = settings;
  const chosen = contenders.filter(({ name }) => only?.includes(name) ?? true);
  const commands = COMMANDS.filter((name) => only?.includes(name) ?? true);
  const hindrances = prepareAll(chosen);
  const broker = await Broker.open(settings.brokers);
  const fresh = new Map(chosen.map(({ name }) => [name, new Rounds()]));
  const known = new Map(chosen.map(({ name }) => [name, new Rounds()]));
  const plain = new Map(commands.map((name) => [name, new Rounds()]));
  const rounds = Math.max(LEAST_ROUNDS, settings.rounds);
  // Round 0 is not measured: a broker's first group takes seconds more.
  for (let round = 0; round <= rounds; round++) {
    for (const contender of chosen) {
      progress(
        `start, ${round === 0 ? "warming up" : `round ${round}`}: ${contender.title}`,
      );
      const hindrance = hindrances.get(contender.name);
      const topic = `start-${process.pid}-${round}-${contender.name}`;
      if (hindrance === undefined) {
        await broker.fillTopic(topic, 1, () => MESSAGE);
      }
      const once = () =>
        hindrance === undefined ? startOnce(contender, topic, settings) : { failure: hindrance };
      const first = await once();
      if (hindrance === undefined) {
        await broker.send(
          1,
          () => ({ ...{ topic, partition: 0 }, ...{ value: MESSAGE, key: null } }),
        );
        await new Promise((resolve) => setTimeout(resolve, REST_MS));
      }
      const second = await once();
      if (round === 0) continue;
      fresh.get(contender.name)!.note(first);
      known.get(contender.name)!.note(second);
    }
    for (const name of commands) {
      const outcome = await measure([join(root, "dist", "taskc"), `--${name}`]);
      if (round > 0) plain.get(name)!.note(outcome);
    }
  }
  await broker.close();
  const standings = chosen.map(({ name, title }): StartStanding => ({
    name,
    title,
    failure: fresh.get(name)!.failure ?? known.get(name)!.failure,
    newGroupMs: fresh.get(name)!.spread("firstMs"),
    knownGroupMs: known.get(name)!.spread("firstMs"),
    wholeMs: known.get(name)!.spread("wholeMs"),
    cpuMs: known.get(name)!.spread("cpuMs"),
  }));
  const ofCommands = commands.map((name): StartStanding => ({
    name,
    title: `taskc --${name}`,
    failure: plain.get(name)!.failure,
    newGroupMs: null,
    knownGroupMs: null,
    wholeMs: plain.get(name)!.spread("wholeMs"),
    cpuMs: plain.get(name)!.spread("cpuMs"),
  }));
  settings.print(formatStarts([...standings, ...ofCommands], rounds));
  return {
    figures: { rounds, contenders: standings, commands: ofCommands },
    panels: [{
      title: "Start to first task, known group: milliseconds",
      bars: standings.map(({ name, title, knownGroupMs }) => ({
        label: title,
        emphasis: name === "taskc",
        spread: knownGroupMs,
      })),
    }],
    complete: [...standings, ...ofCommands].every(({ failure }) => failure === null),
  };
}

function startOnce(contender: Contender, topic: string, { brokers }: Settings) {
  return measure(
    contender.command({ brokers, topic, group: `${topic}-group`, count: 1 }),
  );
}

async function measure(command: readonly string[]): Promise<Round | Failure> {
  const outcome = await runMeasured(command, {
    cwd: store,
    env: process.env,
    timeLimitSeconds: TIME_LIMIT_SECONDS,
  });
  const { firstOutputSeconds } = outcome;
  const failure = failureOf(outcome);
  if (failure !== null) return { failure };
  if (firstOutputSeconds === null) return { failure: "no output" };
  return {
    firstMs: firstOutputSeconds * 1000,
    wholeMs: outcome.seconds * 1000,
    cpuMs: outcome.cpuSeconds * 1000,
  };
}

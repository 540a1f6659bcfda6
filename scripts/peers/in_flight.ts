/**
 * Many tasks in flight in one process: topics are full already, a new group of one worker takes them at once, and
 * each task waits. What counts is how long the last completion comes after the longest wait, and what a task takes.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { Broker } from "./broker.ts";
import type { Failure } from "./figures.ts";
import {
  type FlightRound,
  type FlightStanding,
  formatFlights,
  summarizeFlight,
} from "./in_flight_table.ts";
import { failureOf, type ProcessOutcome, runMeasured } from "./measured_process.ts";
import { root, store } from "./places.ts";
import type { Section, SectionOutcome, Settings } from "./section.ts";
import { messageOf } from "./message.ts";

interface Row {
  name: string;
  /** For the usual million of `--messages`. */
  tasks: number;
  /** How long a task waits: at random between the two. */
  waitMs: readonly [least: number, most: number];
}

const ROWS: readonly Row[] = [
  { name: "6000@5s", tasks: 6000, waitMs: [5000, 5000] },
  { name: "100000@5s", tasks: 100_000, waitMs: [5000, 5000] },
  { name: "500000@5s", tasks: 500_000, waitMs: [5000, 5000] },
  { name: "500000@1-9s", tasks: 500_000, waitMs: [1000, 9000] },
];
const PAYLOAD_BYTES = 100;
const TIME_LIMIT_SECONDS = 120;

export const inFlight: Section = {
  contenders: [{ name: "taskc", title: "taskc" }],
  parts: ROWS.map(({ name }) => name),
  run,
};

async function run({ brokers, messages, only, ...settings }: Settings): Promise<SectionOutcome> {
  const named = ROWS.filter(({ name }) => only?.includes(name));
  // What is meant belongs to another section.
  if (only && named.length === 0 && !only.includes("taskc")) {
    return { figures: null, panels: [], complete: true };
  }
  const rows = named.length > 0 ? named : ROWS;
  const broker = await Broker.open(brokers);
  const runOnce = async (topic: string, { tasks, waitMs }: Pick<Row, "tasks" | "waitMs">) => {
    const startedAt = performance.timeOrigin + performance.now();
    const outcome = await runMeasured(commandOf({ brokers, topic, tasks, waitMs }), {
      cwd: store,
      env: process.env,
      timeLimitSeconds: TIME_LIMIT_SECONDS,
    });
    return readRound(outcome, { startedAt, tasks, longestMs: waitMs[1] });
  };
  settings.progress("sending one message, and waiting for an idle worker");
  await broker.fillTopic("in-flight-1", 1, (id) => messageOf(id, PAYLOAD_BYTES));
  const idle = await runOnce("in-flight-1", { tasks: 1, waitMs: [5000, 5000] });
  const idleBytes = "failure" in idle ? null : idle.peakBytes;
  const standings: FlightStanding[] = [];
  const filled = new Set<string>();
  for (const { name, tasks: most, waitMs } of rows) {
    const tasks = Math.ceil(most * Math.min(1, messages / 1e6));
    const topic = `in-flight-${tasks}`;
    const title = `${tasks.toLocaleString("en")} tasks of ${waitMs.flatMap(inSeconds).join("–")} s`;
    if (!filled.has(topic) && tasks > 1) {
      settings.progress(`sending ${title}`);
      await broker.fillTopic(topic, tasks, (id) => messageOf(id, PAYLOAD_BYTES));
    }
    filled.add(topic);
    const rounds: (FlightRound | Failure)[] = [];
    for (let round = 1; round <= settings.rounds; round++) {
      settings.progress(`${title}, round ${round}`);
      rounds.push(await runOnce(topic, { tasks, waitMs }));
    }
    const beside = { idleBytes, payloadBytes: PAYLOAD_BYTES };
    standings.push({ name, title, tasks, rounds, summary: summarizeFlight(rounds, beside) });
  }
  await broker.close();
  settings.print(`Tasks in flight at once, rounds: ${settings.rounds}\n`);
  settings.print(`${formatFlights(standings, idle)}\n`);
  return {
    figures: { idleBytes, rows: standings },
    panels: [],
    complete: idleBytes !== null &&
      standings.every(({ rounds }) => rounds.every((round) => !("failure" in round))),
  };
}

/** As one wait has one length, equal ones are told once. */
function inSeconds(ms: number, index: number, all: readonly number[]): string[] {
  return index > 0 && ms === all[0] ? [] : [String(ms / 1000)];
}

let groups = 0;

function commandOf(
  { brokers, topic, tasks, waitMs: [least, most] }: Pick<Row, "tasks" | "waitMs"> & {
    brokers: string;
    topic: string;
  },
): string[] {
  const module = join(store, "modules", `${topic}-${most}.ts`);
  mkdirSync(join(store, "modules"), { recursive: true });
  const wait = least === most ? String(most) : `${least} + Math.random() * ${most - least}`;
  writeFileSync(
    module,
    `import { task, z } from "taskc";

let done = 0;
let firstAt = 0;
let lastAt = 0;

export const work = task({
  topic: ${JSON.stringify(topic)},
  schema: z.object({ id: z.number(), name: z.string(), ok: z.boolean() }),
  run: async () => {
    if (firstAt === 0) firstAt = performance.now();
    await new Promise((resolve) => setTimeout(resolve, ${wait}));
    done++;
    lastAt = performance.now();
  },
});

export const teardown = () => {
  const { timeOrigin } = performance;
  const figures = { done, firstAt: timeOrigin + firstAt, lastAt: timeOrigin + lastAt };
  process.stdout.write(JSON.stringify(figures) + "\\n");
};
`,
  );
  return [
    ...[join(root, "dist", "taskc"), "run", module, "--brokers", brokers],
    ...["--group", `in-flight-${process.pid}-${++groups}`],
    ...["--concurrency", String(Math.max(1, tasks)), "--drain", "--stats", "json"],
  ];
}

function readRound(
  outcome: ProcessOutcome,
  { startedAt, tasks, longestMs }: { startedAt: number; tasks: number; longestMs: number },
): FlightRound | Failure {
  const failure = failureOf(outcome);
  if (failure !== null) return { failure };
  const last = (text: string) => JSON.parse(text.trimEnd().split("\n").at(-1)!);
  const { done, firstAt, lastAt } = last(outcome.stdout);
  if (done !== tasks) return { failure: `${done} of ${tasks} tasks done` };
  const { peakInFlight, peakUncovered, loopDelayMs } = last(outcome.stderr);
  return {
    overMs: lastAt - firstAt - longestMs,
    fromStartMs: lastAt - startedAt,
    cpuSeconds: outcome.cpuSeconds,
    peakBytes: outcome.peakBytes,
    ...{ peakInFlight, peakUncovered, loopDelayMs: loopDelayMs.max },
  };
}

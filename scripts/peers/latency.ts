/**
 * From the send of a message to the start of its task, with nothing else to do; and what each contender uses
 * while nothing comes. All run at once, each on a topic of its own. A message now and then goes to each in turn;
 * many a second go to one after another, while the others are idle.
 */
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { type Contender, contenders, prepareAll, runPython, runTaskc } from "./contenders.ts";
import { Listener, type Started } from "./latency_listener.ts";
import { now, PromptSender } from "./latency_sender.ts";
import {
  formatBehind,
  formatLatencies,
  type LatencyStanding,
  summarizeLatencies,
} from "./latency_table.ts";
import type { Section, SectionOutcome, Settings } from "./section.ts";
import { measureWakeUps } from "./wake_ups.ts";

const SPARSE_EVERY_MS = 200;
const DENSE_EVERY_MS = 1;
const WARM_UP_EVERY_MS = 0.5;
/** After work, until nothing is left of it. */
const CALM_MS = 5000;

const TELL_START = "async ({ id }) => " +
  "void process.stdout.write(`${id} ${performance.timeOrigin + performance.now()}\\n`)";

const known = (name: string): Contender => contenders.find((one) => one.name === name)!;

const candidates: readonly Contender[] = [
  { ...known("raw-c"), title: "librdkafka in C" },
  {
    name: "taskc",
    title: "taskc",
    requires: "nothing",
    command: (assignment) => runTaskc("latency", TELL_START, assignment),
  },
  known("kafkajs-each-message"),
  known("platformatic"),
  known("confluent-each-message"),
  {
    name: "python-loop",
    title: "Python loop, zero-timeout poll",
    requires: "python",
    command: (assignment) => runPython("confluent_loop.py", assignment),
  },
];

export const latency: Section = { contenders: candidates, run };

interface Seen {
  listener: Listener | null;
  failure: string | null;
}

/** A contender and what was seen of it. */
interface Entry extends Seen {
  contender: Contender;
  sparse: Started[];
  dense: Started[];
  idlePercent: number | null;
}

/** What is no contender. */
interface Beside extends Seen {
  sparseMs: number[];
  denseMs: number[];
}

/** How much of everything, for the usual million of `--messages`; less in proportion with fewer. */
function effortFor(messages: number) {
  const share = Math.min(1, messages / 1e6);
  return {
    /** Messages of a round for each contender. */
    sparse: Math.ceil(200 * share),
    dense: Math.ceil(3000 * share),
    /** Of the machine alone, now and then. */
    wakeUps: Math.ceil(100 * share),
    /** Unmeasured, of all contenders: what has just started is slow until its code is compiled, brokers most of all. */
    warmUp: Math.ceil(120_000 * share),
    idleMs: Math.ceil(30_000 * share),
  };
}

async function run(settings: Settings): Promise<SectionOutcome> {
  const chosen = candidates.filter(({ name }) => settings.only?.includes(name) ?? true);
  // What is meant belongs to another section.
  if (chosen.length === 0) return { figures: null, panels: [], complete: true };
  const hindrances = prepareAll(chosen);
  const entries = chosen.map((contender): Entry => ({
    ...{ contender, listener: null, sparse: [], dense: [], idlePercent: null },
    failure: hindrances.get(contender.name) ?? null,
  }));
  const effort = effortFor(settings.messages);
  const sender = await PromptSender.open(settings.brokers);
  const acknowledged: Beside = { listener: null, sparseMs: [], denseMs: [], failure: null };
  const machine: Beside = { listener: null, sparseMs: [], denseMs: [], failure: null };
  try {
    for (const entry of entries) await start(entry, sender, settings);
    settings.progress("warming up");
    const each = Math.ceil(effort.warmUp / entries.length);
    for (const entry of entries) await sendMany(entry, sender, each, WARM_UP_EVERY_MS);
    settings.progress("idle");
    await measureIdle(entries, effort.idleMs);
    await sender.takeAcknowledged();
    for (let round = 1; round <= settings.rounds; round++) {
      settings.progress(`round ${round}: one each ${SPARSE_EVERY_MS} ms`);
      await sendNowAndThen(entries, sender, effort.sparse);
      acknowledged.sparseMs.push(...await sender.takeAcknowledged());
      settings.progress(`round ${round}: 1,000 a second`);
      for (const entry of entries) {
        entry.dense.push(...await sendMany(entry, sender, effort.dense, DENSE_EVERY_MS));
      }
      acknowledged.denseMs.push(...await sender.takeAcknowledged());
      settings.progress(`round ${round}: threads that wake one another, all clients idle`);
      await attempt(machine, async () => {
        if (machine.failure !== null) return;
        await sleep(CALM_MS);
        machine.sparseMs.push(...await measureWakeUps(effort.wakeUps, SPARSE_EVERY_MS));
        machine.denseMs.push(...await measureWakeUps(effort.dense, DENSE_EVERY_MS));
      });
    }
  } finally {
    for (const { listener } of entries) await listener?.end();
    await sender.close();
  }
  const standings = [
    ...entries.map(standingOf),
    standingBeside("acknowledged", "the broker's acknowledgement of all of them", acknowledged),
    standingBeside("machine", "six threads that wake one another", machine),
  ];
  settings.print(
    `From send to start, one message each ${SPARSE_EVERY_MS} ms and 1,000 a second, and idle; rounds: ${settings.rounds}\n\n` +
      `${formatLatencies(standings)}\n\n` +
      "From the broker's acknowledgement of each message, as its sender sees it, to the start\n\n" +
      `${formatBehind(standings)}\n`,
  );
  return {
    figures: { contenders: standings },
    panels: [],
    complete: entries.every(({ failure }) => failure === null),
  };
}

async function start(entry: Entry, sender: PromptSender, settings: Settings): Promise<void> {
  const { contender: { name, title, command } } = entry;
  if (entry.failure !== null) return;
  settings.progress(`starting ${title}`);
  const topic = `latency-${name}-${process.pid}`;
  const group = topic;
  await sender.makeTopic(topic);
  await attempt(entry, async () => {
    const { brokers } = settings;
    // It is ended when all have had their turns.
    const count = Number.MAX_SAFE_INTEGER;
    entry.listener = await Listener.start(
      command({ brokers, topic, group, count }),
      topic,
      sender,
    );
  });
}

/** What fails takes no further part, and the others go on. */
async function attempt(entry: Seen, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    entry.failure = (error as Error).message;
    await entry.listener?.end();
    entry.listener = null;
  }
}

async function sendMany(
  entry: Entry,
  sender: PromptSender,
  count: number,
  everyMs: number,
): Promise<Started[]> {
  let started: Started[] = [];
  await attempt(entry, async () => {
    const { listener } = entry;
    if (!listener) return;
    const began = now();
    for (let sent = 0; sent < count;) {
      const due = Math.min(count, Math.floor((now() - began) / everyMs) + 1);
      for (; sent < due; sent++) listener.send(sender);
      await sleep(1);
    }
    started = await listener.settle();
  });
  return started;
}

async function sendNowAndThen(
  entries: readonly Entry[],
  sender: PromptSender,
  count: number,
): Promise<void> {
  const pauseMs = SPARSE_EVERY_MS / entries.length;
  for (let n = 0; n < count; n++) {
    for (const { listener } of entries) {
      listener?.send(sender);
      // At random, lest all fall into step with something else on the machine.
      await sleep(pauseMs * (0.75 + Math.random() / 2));
    }
  }
  for (const entry of entries) {
    await attempt(entry, async () => {
      entry.sparse.push(...await entry.listener?.settle() ?? []);
    });
  }
}

async function measureIdle(entries: readonly Entry[], idleMs: number): Promise<void> {
  const cpuSeconds = () => entries.map(({ listener }) => listener?.cpu.seconds() ?? 0);
  await sleep(CALM_MS);
  const [before, began] = [cpuSeconds(), performance.now()];
  await sleep(idleMs);
  const [after, seconds] = [cpuSeconds(), (performance.now() - began) / 1000];
  for (const [index, entry] of entries.entries()) {
    if (entry.listener) entry.idlePercent = (after[index]! - before[index]!) / seconds * 100;
  }
}

function standingOf(
  { contender: { name, title }, sparse, dense, idlePercent, failure }: Entry,
): LatencyStanding {
  const latency = ({ sentAt, startedAt }: Started) => startedAt - sentAt;
  const behind = ({ acknowledgedAt, startedAt }: Started) => startedAt - acknowledgedAt;
  return {
    ...{ name, title, idlePercent, failure },
    sparse: summarizeLatencies(sparse.map(latency)),
    dense: summarizeLatencies(dense.map(latency)),
    sparseBehind: summarizeLatencies(sparse.map(behind)),
    denseBehind: summarizeLatencies(dense.map(behind)),
  };
}

function standingBeside(
  name: string,
  title: string,
  { sparseMs, denseMs, failure }: Beside,
): LatencyStanding {
  return {
    ...{ name, title, failure, idlePercent: null, sparseBehind: null, denseBehind: null },
    sparse: summarizeLatencies(sparseMs),
    dense: summarizeLatencies(denseMs),
  };
}

/** `taskc run`: wires a worker to Kafka, to the stats and to the process's signals. */
import process from "node:process";
import { refusedByProtocol, splitProperties } from "../config/librdkafka_properties.ts";
import type { Settings } from "../config/settings.ts";
import { EXIT, type ExitCode, KafkaError, SettingsError, UsageError } from "../errors.ts";
import { loadAddon } from "../kafka/addon.ts";
import { isEmbedded } from "../kafka/admin.ts";
import type { ConnectionSettings } from "../kafka/connection.ts";
import { KafkaConsumer } from "../kafka/consumer.ts";
import { type PartitionOffsets, pinStart, readGroupOffsets } from "../kafka/group_offsets.ts";
import {
  type GroupProtocol,
  hasConsumerProtocol,
  WITHOUT_CONSUMER_PROTOCOL,
} from "../kafka/group_protocol.ts";
import { KafkaProducer } from "../kafka/producer.ts";
import { readTopicIds } from "../kafka/standings.ts";
import { askTopic, TopicWatch } from "../kafka/topic_watch.ts";
import { prepareTopics } from "../kafka/topics.ts";
import { chooseStatsMode } from "../render/terminal_support.ts";
import { StatsCollector } from "../stats/collector.ts";
import type { TaskModule } from "../task/registry.ts";
import { bindSender } from "../task/task.ts";
import { deadLetterTopic } from "../worker/dead_letters.ts";
import { Drain } from "../worker/drain.ts";
import { Worker } from "../worker/worker.ts";
import { backlogOf, backlogOfAll } from "./backlog.ts";
import { healthOf, type HealthServer, Membership, type Observed, serveHealth } from "./health.ts";
import { EarlySignals } from "./leave_early.ts";
import { loadModule } from "./load_module.ts";
import { callSetup, callTeardown } from "./module_hooks.ts";
import { findParent, type ParentLink } from "./process_link.ts";
import type { Invocation } from "./program.ts";
import { selectTasks } from "./select_tasks.ts";
import { StartDeadline } from "./start_deadline.ts";
import { superviseProcess } from "./supervise_process.ts";
import { watchLoop } from "./watch_loop.ts";
import { startReporter } from "./worker_reporter.ts";

const PRODUCER_CLOSE_MS = 3000;

export async function run(invocation: Invocation<"run">): Promise<ExitCode> {
  const early = new EarlySignals();
  const deadline = new StartDeadline();
  try {
    return await Promise.race([runModule(invocation, early, deadline), deadline.missed]);
  } finally {
    deadline.end();
    early.end();
  }
}

async function runModule(
  { settings: given, args }: Invocation<"run">,
  early: EarlySignals,
  deadline: StartDeadline,
): Promise<ExitCode> {
  const stats = chooseStatsMode(given.stats, process.stderr, process.env);
  const parent = findParent();
  const settings = { ...given, stats, ...parent?.adapt(given) };
  const module = selectTasks(await loadModule(args.module), settings.only);
  early.heed();
  const topics = [...new Set(module.tasks.map(({ topic }) => topic))];
  requireTopicNames(settings.group, topics);
  const observed: Observed = { worker: null, membership: null };
  const health = settings.metrics && await serveHealth(settings.metrics, healthOf(() => observed));
  try {
    return await runTasks(module, settings, { topics, early, deadline, observed, health, parent });
  } finally {
    health?.close();
  }
}

interface Surroundings {
  topics: readonly string[];
  /** Signals until the worker takes them over. */
  early: EarlySignals;
  /** Until all that is asked of Kafka first has been answered. */
  deadline: StartDeadline;
  /** Filled in when there is something to observe. */
  observed: Observed;
  health: HealthServer | null;
  /** Of several processes. */
  parent: ParentLink | null;
}

async function runTasks(
  module: TaskModule,
  settings: Settings<"run">,
  surroundings: Surroundings,
): Promise<ExitCode> {
  const { deadline, topics } = surroundings;
  const { consumer: forConsumer, producer: forProducer } = splitProperties(settings.properties);
  const brokers = settings.brokers;
  deadline.begin();
  const producer = await KafkaProducer.open({ brokers, properties: forProducer });
  try {
    deadline.step = "looking for its topics";
    const counts = await prepareTopics(producer, {
      topics,
      create: settings.createTopics,
      partitions: settings.partitions ?? -1,
      replicationFactor: settings.replicationFactor ?? -1,
      deadLetterTopic: (topic) => deadLetterTopic(settings.group, topic),
      createDeadLetters: settings.create,
    });
    bindSender((message) => producer.send(message));
    const connection = { brokers, properties: forConsumer };
    return await consume(module, settings, { ...surroundings, counts, connection, producer });
  } finally {
    bindSender(null);
    await producer.close(PRODUCER_CLOSE_MS);
  }
}

interface Prepared extends Surroundings {
  /** Partitions of each topic. */
  counts: ReadonlyMap<string, number>;
  connection: ConnectionSettings;
  producer: KafkaProducer;
}

async function consume(
  module: TaskModule,
  settings: Settings<"run">,
  { counts, connection, producer, early, deadline, observed, health, parent }: Prepared,
): Promise<ExitCode> {
  const topics = [...counts.keys()];
  deadline.step = "connecting a consumer";
  const consumer = await KafkaConsumer.open({
    ...connection,
    group: settings.group,
    protocol: chooseProtocol(settings, producer),
    fallBack: settings.groupProtocol === "auto",
    instanceId: settings.instanceId ?? undefined,
    topics,
    partitions: [...counts.values()].reduce((sum, count) => sum + count, 0),
    prefetchBytes: Math.floor(settings.maxBytes / 2),
    topicIds: !isEmbedded(producer.apis),
    // Only a panel shows them at once, also that of a parent, and a drain may be over soon.
    statisticsMs: settings.stats === "tty" || settings.drain || parent ? 1000 : 5000,
  });
  const clock = { now: () => performance.now(), wall: () => Date.now() };
  const stats = new StatsCollector(clock.now());
  let drain: Drain | null = null;
  try {
    deadline.step = "asking where the group stands";
    const read = await readGroupOffsets(consumer, counts);
    const offsets = await pinStart(consumer, read, settings.from);
    deadline.end();
    const names = module.tasks.map(({ name }) => name);
    const pulse = watchLoop((await loadAddon()).watchdog, settings, { tasks: names, parent });
    await callSetup(module);
    if (settings.drain) {
      const deadline = settings.maxTime === null ? Infinity : clock.now() + settings.maxTime;
      const targets = offsets.filter((one) => backlogOf(one) > 0);
      drain = new Drain(targets, (open) => consumer.committed(open), consumer, deadline);
    }
    const worker = new Worker(
      { module, consumer, producer, stats, clock, random: Math.random, pulse, drain },
      {
        group: settings.group,
        concurrency: settings.concurrency,
        maxBytes: settings.maxBytes,
        maxAhead: settings.maxAhead,
        maxWaiting: settings.maxWaiting,
        idleSleepMs: settings.idleSleep,
        commitIntervalMs: settings.commitInterval,
        maxMetadata: settings.maxMetadata,
        graceMs: settings.grace,
        revokeDrainMs: settings.revokeDrain,
        unroutable: settings.unroutable,
        breaker: { run: settings.breakerRun, ratio: settings.breakerRatio },
        // Nobody is there to wait for a drain that waits for a task to work again.
        breakerExit: settings.breakerExit || settings.drain,
        stallAfterMs: settings.stallAfter,
        stallExitMs: settings.stallExit,
      },
    );
    const membership = new Membership(consumer);
    stats.onEvent((event) => membership.note(event));
    Object.assign(observed, { worker, membership });
    const shown = { settings, collector: stats, worker, consumer, clock, parent, observed };
    const reporter = startReporter(shown);
    const supervision = superviseProcess({
      worker,
      stats,
      graceMs: settings.grace,
      interruptedCode: settings.drain ? EXIT.interrupted : EXIT.ok,
      restoreTerminal: () => reporter.stop(),
      now: clock.now,
    });
    // Not before: without any listener the runtime would take its handlers off, and the watchdog's.
    early.end();
    const endTopicWatch = new TopicWatch(counts, {
      ask: (topic) => askTopic(consumer, topic),
      askIds: isEmbedded(producer.apis) ? null : (topics) => readTopicIds(consumer.client, topics),
      tell: (change) => stats.event(change),
      tellIds: (ids) => worker.noteTopicIds(ids),
    }).start();
    try {
      const tellStarted = () => {
        const { protocol } = consumer;
        stats.event({ event: "started", group: settings.group, tasks: names, topics, protocol });
        // A group that starts for the first time says how much waits: nobody is surprised by old work.
        if (read.every(({ committed }) => committed < 0)) announceBacklog(stats, offsets, settings);
      };
      if (health) stats.event({ event: "health", address: health.address });
      parent?.tellReady();
      // With nothing to do it would only disturb the group.
      if (drain?.done) tellStarted();
      else {
        void consumer.joined.then(() => worker.phase === "running" && tellStarted());
        consumer.subscribe();
      }
      const exitCode = await worker.run();
      pulse.exitWith(exitCode);
      await callTeardown(module, stats);
      reporter.stop();
      if (worker.failure) throw worker.failure;
      return exitCode;
    } finally {
      endTopicWatch();
      reporter.stop();
      supervision.end();
      // Kafka may have taken all the time already, and then it takes no more of it here.
      const left = Math.max(0, worker.leaveBy - clock.now());
      await producer.close(Math.min(PRODUCER_CLOSE_MS, left));
    }
  } finally {
    await consumer.close(0);
  }
}

/** With `auto`, KIP-848 when the brokers have it. Properties that it forbids are refused then. */
function chooseProtocol(settings: Settings<"run">, producer: KafkaProducer): GroupProtocol {
  const modern = hasConsumerProtocol(producer.apis);
  if (settings.groupProtocol === "consumer" && !modern) {
    // librdkafka would stay silent about it for ever.
    throw new KafkaError(`Cannot join group "${settings.group}": ${WITHOUT_CONSUMER_PROTOCOL}`);
  }
  if (settings.groupProtocol !== "auto") return settings.groupProtocol;
  const protocol = modern ? "consumer" : "classic";
  const refused = refusedByProtocol(settings.properties, protocol);
  if (refused.length > 0) {
    throw new SettingsError(refused.map(([name, reason]) => `Property "${name}": ${reason}`));
  }
  return protocol;
}

function announceBacklog(
  stats: StatsCollector,
  offsets: readonly PartitionOffsets[],
  settings: Settings<"run">,
): void {
  const from = settings.from.kind === "time"
    ? new Date(settings.from.epochMs).toISOString()
    : settings.from.kind;
  stats.event({ event: "waiting", messages: backlogOfAll(offsets), from });
}

/** Kafka's bound on topic names, which the dead-letter topic must keep too. */
const MAX_TOPIC_NAME = 249;

function requireTopicNames(group: string, topics: readonly string[]): void {
  for (const topic of topics) {
    const name = deadLetterTopic(group, topic);
    if (name.length <= MAX_TOPIC_NAME) continue;
    throw new UsageError(
      `Cannot name the dead-letter topic of "${topic}": "${name}" has ${name.length} characters, Kafka allows ${MAX_TOPIC_NAME}`,
      { hint: "Give a shorter group with --group" },
    );
  }
}

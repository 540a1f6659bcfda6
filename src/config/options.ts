/**
 * The one table of options. Flags, variables, taskc.json keys, defaults, help, completions,
 * docs/options.md and the types of the settings all come from it: a new option is one entry here.
 *
 * From an option's key come its names everywhere: `maxBytes` is `--max-bytes`, `TASKC_MAX_BYTES` and
 * `"maxBytes"` in taskc.json. A flag wins over a variable, that over taskc.json, that over the default.
 */
import {
  brokerList,
  byteSize,
  choice,
  duration,
  headerList,
  kafkaName,
  type Kind,
  listenAddress,
  onOff,
  optional,
  orOff,
  share,
  startPosition,
  taskNames,
  text,
  whole,
} from "./option_kind.ts";
import { type BenchRow, benchRows } from "./bench_row.ts";
import { librdkafkaProperties } from "./librdkafka_properties.ts";

export type CommandName = "run" | "send" | "check" | "dev" | "broker" | "bench" | "completions";

/** Headings of the help, in its order. */
export const OPTION_GROUPS = [
  "Bench",
  "Message",
  "Kafka",
  "Work",
  "Topics",
  "Limits",
  "Timing",
  "Output",
  "General",
] as const;

export type OptionGroup = (typeof OPTION_GROUPS)[number];

/** What a default may depend on. */
export interface DefaultContext {
  stderrIsTerminal: boolean;
}

export interface OptionSpec<T, C extends CommandName = CommandName> {
  kind: Kind<T>;
  /** One sentence without its default or its choices, which are added. */
  help: string;
  /** More of it, for docs/options.md. */
  details?: string;
  group: OptionGroup;
  commands: readonly C[];
  /** Not a function of the brokers or the module: those are decided in settings.ts. */
  default: NoInfer<T> | ((context: DefaultContext) => NoInfer<T>);
  /** The default in words, where its value does not say it. */
  defaultText?: string;
  /** The flag, where it does not follow from the key. */
  flag?: string;
  /** Where the option may come from besides its flag; all of them unless it says so. */
  sources?: readonly ("variable" | "file")[];
  /** The variable, where it does not follow from the key. */
  variable?: string;
  /** Stands for the value, where the kind's word says too little. */
  placeholder?: string;
}

function option<T, C extends CommandName>(spec: OptionSpec<T, C>): OptionSpec<T, C> {
  return spec;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MIB = 1024 ** 2;

/** The table of the article that taskc comes from (README). */
const ARTICLE_ROWS: BenchRow[] = [
  { jobs: 100, requests: 5, ioMs: 0 },
  { jobs: 200, requests: 5, ioMs: 0 },
  { jobs: 200, requests: 10, ioMs: 0 },
  { jobs: 200, requests: 20, ioMs: 0 },
  { jobs: 300, requests: 10, ioMs: 0 },
  { jobs: 300, requests: 10, ioMs: 5 * SECOND },
  { jobs: 300, requests: 20, ioMs: 5 * SECOND },
];

export const OPTIONS = {
  key: option({
    kind: optional(text("KEY")),
    help: "The message's key: messages of one key go to one partition",
    group: "Message",
    commands: ["send"],
    default: null,
    defaultText: "no key",
    sources: [],
  }),
  headers: option({
    kind: headerList(),
    help: "A header of the message",
    group: "Message",
    commands: ["send"],
    default: [],
    defaultText: "none",
    flag: "--header",
    sources: [],
  }),
  keepGoing: option({
    kind: onOff(),
    help: "Go on after a line that cannot be sent; the exit code tells in the end",
    group: "Message",
    commands: ["send"],
    default: false,
    sources: [],
  }),

  rows: option({
    kind: benchRows(),
    help: "A row of the table: so many jobs of so many requests, each waiting so long for I/O",
    details:
      "`300x20@5s` is 6,000 messages whose tasks wait 5 s each. Give it again for more rows.",
    group: "Bench",
    commands: ["bench"],
    default: ARTICLE_ROWS,
    defaultText: "the article's seven",
    flag: "--row",
    sources: [],
  }),
  rounds: option({
    kind: whole(1, 1_000),
    help: "Rounds of each row",
    group: "Bench",
    commands: ["bench"],
    default: 3,
    sources: [],
  }),
  embedded: option({
    kind: onOff(),
    help: "Measure with a broker in memory, started for it, instead of Kafka",
    group: "Bench",
    commands: ["bench"],
    default: false,
    sources: [],
  }),

  brokers: option({
    kind: brokerList(),
    help: "Brokers to start from; the port is 9092 where none is given",
    details: "An IPv6 address stands in brackets: `[::1]:9092`.",
    group: "Kafka",
    commands: ["run", "send", "check", "bench"],
    default: ["127.0.0.1:9092"],
    placeholder: "HOST:PORT,…",
  }),
  group: option({
    kind: optional(kafkaName(200)),
    help: "The consumer group, shared by all workers of one service",
    details: "Needed as soon as a broker is not on this machine: two services in one group would " +
      "split each other's messages.",
    group: "Kafka",
    commands: ["run", "check", "dev"],
    default: null,
    defaultText: "the module's file name, while all brokers are on loopback",
  }),
  groupProtocol: option({
    kind: choice(["auto", "consumer", "classic"]),
    help: "How the group shares partitions out",
    details:
      "`consumer` is the protocol of KIP-848, for brokers from 4.0; `classic` is the older one, " +
      "with cooperative-sticky assignment. `auto` takes the newest that the brokers have.",
    group: "Kafka",
    commands: ["run"],
    default: "auto",
  }),
  instanceId: option({
    kind: optional(kafkaName(249)),
    help: "Join as a static member of this name, so that a quick restart moves no partitions",
    details:
      "Each worker of the group needs a name of its own. With `--processes`, `-1`, `-2` and so on are added.",
    group: "Kafka",
    commands: ["run"],
    default: null,
    defaultText: "a dynamic member",
    placeholder: "NAME",
  }),
  from: option({
    kind: startPosition(),
    help: "Where a group without commits starts",
    details:
      "A time is written `2026-05-01T08:00:00Z`, `2026-05-01` (midnight UTC), `2h ago`, or as " +
      "milliseconds since the epoch.",
    group: "Kafka",
    commands: ["run"],
    default: { kind: "earliest" },
  }),
  properties: option({
    kind: librdkafkaProperties(),
    help: "Set a librdkafka property, for example security.protocol=sasl_ssl",
    details: "In taskc.json an object of names and values. As variables, one each: " +
      "`TASKC_X_SASL_PASSWORD` is `-X sasl.password`; secrets belong there, since a command line can " +
      "be read by others on the machine.",
    group: "Kafka",
    commands: ["run", "send", "check", "dev", "bench"],
    default: {},
    defaultText: "none",
    flag: "-X",
    variable: "TASKC_X_<NAME>",
  }),
  timeout: option({
    kind: duration(100, HOUR),
    help: "How long Kafka may take to answer, for each message too",
    group: "Kafka",
    commands: ["send", "check", "bench"],
    // Whoever waits in front of it is to know within 10 s; starting and leaving take a part of them.
    default: 8 * SECOND,
    sources: [],
  }),

  only: option({
    kind: optional(taskNames()),
    help: "Run this task alone; give it again for more",
    group: "Work",
    commands: ["run", "check", "dev"],
    default: null,
    defaultText: "all tasks of the module",
  }),
  unroutable: option({
    kind: choice(["dead", "skip", "stop"]),
    help: "What becomes of a message that no task takes",
    details:
      "`dead` sends it to the dead-letter topic, `skip` counts it and goes on, `stop` ends the " +
      "worker.",
    group: "Work",
    commands: ["run", "dev"],
    default: "dead",
  }),
  drain: option({
    kind: onOff(),
    help: "Stop at the end of what was there at the start; the exit code tells the outcome",
    group: "Work",
    commands: ["run"],
    default: false,
  }),
  maxTime: option({
    kind: optional(duration(SECOND, 30 * DAY)),
    help: "Give --drain at most this long",
    group: "Work",
    commands: ["run"],
    default: null,
    defaultText: "no limit",
  }),

  breakerRun: option({
    kind: orOff(whole(1, 1_000_000)),
    help: "Dead letters of one task on end that open its breaker",
    details:
      "An open breaker gives up no further message of its task, takes none from its topic, and " +
      "tries one at a time until the task works again (README). `off` keeps it from opening for this.",
    group: "Work",
    commands: ["run", "dev"],
    default: 100,
  }),
  breakerRatio: option({
    kind: orOff(share()),
    help: "Share of dead letters in the last 1000 outcomes of a task that opens its breaker",
    details: "Of 100 outcomes at least.",
    group: "Work",
    commands: ["run", "dev"],
    default: 0.5,
  }),
  breakerExit: option({
    kind: onOff(),
    help: "Leave when a breaker opens, with exit code 1; --drain always does",
    group: "Work",
    commands: ["run"],
    default: false,
  }),

  createTopics: option({
    kind: onOff(),
    help: "Create missing topics of the module; check only lets them be missing",
    details: "`check` creates none, but takes it for no problem that they are missing.",
    group: "Topics",
    commands: ["run", "check"],
    default: false,
  }),
  partitions: option({
    kind: optional(whole(1, 100_000)),
    help: "Partitions of a topic created by --create-topics",
    group: "Topics",
    commands: ["run"],
    default: null,
    defaultText: "the broker's default",
  }),
  replicationFactor: option({
    kind: optional(whole(1, 1_000)),
    help: "Replicas of a topic created by --create-topics",
    group: "Topics",
    commands: ["run"],
    default: null,
    defaultText: "the broker's default",
  }),
  create: option({
    kind: onOff(),
    help: "Refuse to start when a dead-letter topic is missing, instead of creating it",
    group: "Topics",
    commands: ["run"],
    default: true,
    defaultText: "it is created",
  }),

  processes: option({
    kind: whole(1, 64),
    help: "Processes that share the work, as members of one group",
    details:
      "One is enough where tasks wait for I/O; more are for tasks that compute, up to one for each " +
      "core and partition. Limits are for each process. A process that crashes is started again.",
    group: "Limits",
    commands: ["run"],
    default: 1,
  }),
  concurrency: option({
    kind: whole(1, 1_000_000),
    help: "Tasks in flight at once",
    group: "Limits",
    commands: ["run", "dev"],
    default: 1_000,
  }),
  maxBytes: option({
    kind: byteSize(MIB, 1024 ** 4),
    help: "Memory for all messages fetched ahead and held",
    group: "Limits",
    commands: ["run", "dev"],
    default: 256 * MIB,
  }),
  maxAhead: option({
    kind: whole(1, 1_000_000_000),
    help: "How far a partition may get ahead of its oldest unfinished message",
    details:
      "In offsets. What is finished above the oldest unfinished message runs again after a crash.",
    group: "Limits",
    commands: ["run", "dev"],
    default: 1_000_000,
  }),
  maxWaiting: option({
    kind: whole(1, 10_000_000),
    help: "Messages held while they wait for a retry, for their key or for their dead letter",
    group: "Limits",
    commands: ["run", "dev"],
    default: 10_000,
  }),
  maxMetadata: option({
    kind: whole(0, 32_000),
    help: "Characters that a commit may carry beside its offset, to tell what is finished above it",
    details:
      "Brokers take one less than their `offset.metadata.max.bytes` (4096). What has no room " +
      "runs again after a crash, and is told as uncovered.",
    group: "Limits",
    commands: ["run", "dev"],
    default: 4095,
  }),

  idleSleep: option({
    kind: duration(1, 10 * SECOND),
    help: "Longest sleep of the loop when there is nothing to do; an arrival wakes it",
    group: "Timing",
    commands: ["run", "dev"],
    default: SECOND,
  }),
  commitInterval: option({
    kind: duration(10, 10 * MINUTE),
    help: "Time between commits",
    group: "Timing",
    commands: ["run", "dev"],
    default: SECOND,
  }),
  grace: option({
    kind: duration(0, DAY),
    help: "How long tasks in flight may take to end after SIGINT or SIGTERM",
    details: "Then their signals are aborted, and the worker leaves within 8 s more.",
    group: "Timing",
    commands: ["run", "dev"],
    default: 20 * SECOND,
  }),
  revokeDrain: option({
    kind: duration(0, HOUR),
    help: "How long tasks of a partition that moves to another worker may take to end",
    details: "Must be shorter than `max.poll.interval.ms` (5m).",
    group: "Timing",
    commands: ["run"],
    default: 5 * SECOND,
  }),

  stallAfter: option({
    kind: orOff(duration(100, 30 * DAY)),
    help: "With lag and nothing finished or committed for so long, the worker counts as stalled",
    details: "An event names what it waits for, and `/healthz` fails.",
    group: "Timing",
    commands: ["run", "dev"],
    default: 5 * MINUTE,
  }),
  stallExit: option({
    kind: optional(duration(100, 30 * DAY)),
    help: "Leave with exit code 6 when nothing has moved for so long",
    group: "Timing",
    commands: ["run"],
    default: null,
    defaultText: "it stays",
  }),

  stats: option({
    kind: choice(["tty", "lines", "json", "off"]),
    help: "How figures are shown, on stderr",
    details: "`tty` is a live panel, `lines` one line each 10 s, `json` one object each 10 s " +
      "(docs/stats.md), `off` only events and errors.",
    group: "Output",
    commands: ["run", "dev"],
    default: ({ stderrIsTerminal }) => (stderrIsTerminal ? "tty" : "lines"),
    defaultText: "tty on a terminal, else lines",
  }),
  metrics: option({
    kind: optional(listenAddress()),
    help: "Serve /healthz and /readyz here, on loopback unless a host is given",
    details:
      "`9464` and `:9464` are `127.0.0.1:9464`; port 0 takes a free one, which the event `health` " +
      "tells. `/healthz` fails while the worker is stalled, `/readyz` unless it has joined its group, " +
      "reaches a broker, has its topics and is not leaving.",
    group: "Output",
    commands: ["run"],
    default: null,
    defaultText: "nowhere",
  }),
  json: option({
    kind: onOff(),
    help: "Print each result as a JSON object on a line of its own",
    group: "Output",
    commands: ["send", "bench"],
    default: false,
    sources: [],
  }),
  config: option({
    kind: optional(text("FILE")),
    help: "Read this settings file",
    group: "General",
    commands: ["run", "send", "check", "dev", "bench"],
    default: null,
    defaultText: "taskc.json in the current folder, if it is there",
    sources: ["variable"],
  }),
} as const;

export type OptionTable = typeof OPTIONS;
export type OptionKey = keyof OptionTable;

/** The table with its entries' own types forgotten, for walking it. */
// deno-lint-ignore no-explicit-any
export const OPTION_ENTRIES = Object.entries(OPTIONS) as [OptionKey, OptionSpec<any>][];

export function flagOf(key: OptionKey): string {
  const spec: OptionSpec<unknown> = OPTIONS[key] as OptionSpec<unknown>;
  return spec.flag ?? `--${separateWords(key, "-").toLowerCase()}`;
}

/** The flag as help names it: an option that is on by default is written as what turns it off. */
export function shownFlagOf(key: OptionKey): string {
  return OPTIONS[key].default === true ? flagOf(key).replace("--", "--no-") : flagOf(key);
}

/** The variable, or `null` when the option has none. */
export function variableOf(key: OptionKey): string | null {
  const spec: OptionSpec<unknown> = OPTIONS[key] as OptionSpec<unknown>;
  if (spec.sources !== undefined && !spec.sources.includes("variable")) return null;
  return spec.variable ?? `TASKC_${separateWords(key, "_").toUpperCase()}`;
}

export function isFileKey(key: string): key is OptionKey {
  const spec = (OPTIONS as Record<string, OptionSpec<unknown>>)[key];
  return Object.hasOwn(OPTIONS, key) && (spec!.sources?.includes("file") ?? true);
}

/** The default in words, `null` where there is nothing to say (an on/off flag that is off). */
export function defaultTextOf(key: OptionKey): string | null {
  // deno-lint-ignore no-explicit-any
  const spec: OptionSpec<any> = OPTIONS[key];
  if (spec.defaultText !== undefined) return spec.defaultText;
  return spec.kind.placeholder === null ? null : spec.kind.format(spec.default);
}

function separateWords(key: string, separator: string): string {
  return key.replace(/(?<=[a-z])(?=[A-Z])/g, separator);
}

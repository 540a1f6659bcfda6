/** `taskc send`: one message from an argument, or many from NDJSON on stdin. */
import process from "node:process";
import { loadModule } from "./load_module.ts";
import type { Invocation } from "./program.ts";
import { splitProperties } from "../config/librdkafka_properties.ts";
import { EXIT, type ExitCode, type InterruptedError, UsageError } from "../errors.ts";
import { TOPIC_PROPAGATION_MS } from "../kafka/connection.ts";
import { KafkaProducer } from "../kafka/producer.ts";
import { lookForTopics, missingTopics } from "../kafka/topics.ts";
import { HEADER } from "../task/message.ts";
import { bindSender, type SendOptions, type Task } from "../task/task.ts";
import { heedInterruption } from "./interruption.ts";
import { LinePrinter } from "./line_printer.ts";
import { LineSender, parsePayload } from "./line_sender.ts";
import { findTask } from "./select_tasks.ts";

export async function send(invocation: Invocation<"send">): Promise<ExitCode> {
  const { settings, args } = invocation;
  const module = await loadModule(args.module);
  const task = findTask(module, args.task);
  const options = sendOptions(invocation);
  refuseBytes(task);
  refuseStrangeType(task, module.tasks, settings.headers);
  const single = args.json !== null && args.json !== "-";
  // A wrong argument is told before Kafka is asked for anything.
  const message = single ? await task.prepare(parsePayload(task, args.json!), options) : null;
  if (!message && process.stdin.isTTY) {
    throw new UsageError("Cannot send: no JSON was given, and stdin is a terminal", {
      hint:
        `Give the payload as an argument, or pipe NDJSON: taskc send ${args.module} ${args.task} < jobs.ndjson`,
    });
  }
  const { producer: properties } = splitProperties(settings.properties);
  const producer = await KafkaProducer.open({
    brokers: settings.brokers,
    properties: { ...timeLimits(settings.timeout, properties), ...properties },
    lingerMs: single ? 0 : 5,
    connectTimeoutMs: settings.timeout,
  });
  // A schema or hook of the module may send as well.
  bindSender((message) => producer.send(message));
  const printer = new LinePrinter(process.stdout);
  const format = settings.json ? resultAsJson(task.topic) : resultAsText(task.topic);
  try {
    const topics = await lookForTopics(producer, [task.topic]);
    if (!topics.has(task.topic)) throw missingTopics([task.topic]);
    if (message) {
      const { partition, offset } = await producer.send(message);
      await printer.print(format(partition, offset));
      return EXIT.ok;
    }
    const lines = new LineSender({
      task,
      options,
      connect: (listener) => producer.batches(listener),
      keepGoing: settings.keepGoing,
      input: readable(process.stdin),
      format,
      errors: process.stderr,
    });
    const stop = (reason: InterruptedError) => lines.stop(reason);
    const interruption = heedInterruption(stop, settings.timeout);
    try {
      return await lines.sendAll((lines) => printer.print(lines));
    } finally {
      interruption.end();
    }
  } finally {
    await printer.flush();
    bindSender(null);
    await producer.close(settings.timeout);
  }
}

/** The stream's bytes; what cannot be read at all, such as a folder, is the caller's mistake. */
async function* readable(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* stream;
  } catch (cause) {
    throw new UsageError(`Cannot read standard input: ${(cause as Error).message}`, { cause });
  }
}

function sendOptions({ settings }: Invocation<"send">): SendOptions {
  return {
    ...(settings.key === null ? {} : { key: settings.key }),
    headers: settings.headers,
  };
}

/** Neither an argument nor a line is anything but text. */
function refuseBytes({ name, settings }: Task): void {
  if (settings.decode !== "bytes") return;
  throw new UsageError(
    `Cannot send to task "${name}": it takes bytes, and taskc send has text only`,
    {
      hint: `From code: ${name}.send(new Uint8Array([…])), or any other client (docs/wire.md)`,
    },
  );
}

/** The payload is checked for this task, so it must not go to another one, or to none. */
function refuseStrangeType(
  task: Task,
  tasks: readonly Task[],
  headers: readonly (readonly [string, string])[],
): void {
  // Of several the last is sent.
  const type = headers.findLast(([name]) => name === HEADER.type)?.[1];
  if (type === undefined || task.types.includes(type)) return;
  const taker = tasks.find((other) => other.topic === task.topic && other.types.includes(type));
  if (task.types.includes("*") && !taker) return;
  const types = task.types.map((one) => one === "*" ? "all that no other takes" : one);
  throw new UsageError(
    `Cannot send: task "${task.name}" takes no message with --header ${HEADER.type}=${type}` +
      (taker ? `, but task "${taker.name}" does` : ""),
    { hint: `It takes ${types.join(", ")}; leave the header out, or name the task that it is for` },
  );
}

/** A topic that is gone is to be told as such before its messages time out. */
function timeLimits(
  timeoutMs: number,
  properties: Readonly<Record<string, string>>,
): Record<string, string> {
  const messageTimeoutMs = Number(properties["message.timeout.ms"] ?? timeoutMs);
  const half = messageTimeoutMs === 0 ? Infinity : Math.floor(messageTimeoutMs / 2);
  return {
    "message.timeout.ms": String(timeoutMs),
    "topic.metadata.propagation.max.ms": String(Math.min(TOPIC_PROPAGATION_MS, half)),
  };
}

type Format = (partition: number, offset: number) => string;

function resultAsText(topic: string): Format {
  return withBeginnings((partition) => `${topic} ${partition} `, "");
}

function resultAsJson(topic: string): Format {
  const beginning = `{"topic":${JSON.stringify(topic)},"partition":`;
  return withBeginnings((partition) => `${beginning}${partition},"offset":`, "}");
}

/** All but the offset is the same for all of a partition. */
function withBeginnings(make: (partition: number) => string, end: string): Format {
  const beginnings: string[] = [];
  return (partition, offset) => (beginnings[partition] ??= make(partition)) + offset + end;
}

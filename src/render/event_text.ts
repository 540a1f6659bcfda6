/** Events as sentences, for people at a terminal. What comes from messages and users is escaped. */
import type { NumberedEvent, WorkerEvent } from "../stats/events.ts";
import { escapeText, quoteText } from "./escape.ts";
import { formatDuration, formatExact } from "./numbers.ts";
import type { Paint, Theme } from "./theme.ts";

/** How much an event asks for attention. */
export type Severity = "debug" | "info" | "warn" | "error";

/** `13:04:05Z warn  Task …`: one line without a newline. `at`: milliseconds since the epoch. */
export function formatEvent(event: NumberedEvent, at: number, theme: Theme): string {
  const { palette } = theme;
  const severity = severityOf(event);
  const time = new Date(at).toISOString().slice(11, 19) + "Z";
  const label = severity === "info"
    ? severity.padEnd(5)
    : paintOf(severity, theme)(severity.padEnd(5));
  const number = event.process === undefined ? "" : `[${event.process}] `;
  return `${palette.dim(time)} ${label} ${number}${describeEvent(event, theme)}`;
}

/** The severity of each kind; a user's log line has its own. */
export function severityOf(event: WorkerEvent): Severity {
  switch (event.event) {
    case "log":
      return event.level;
    case "started":
    case "waiting":
    case "topic-back":
    case "topic-grown":
    case "broker-up":
    case "commits-answered":
    case "dead-letter-accepted":
    case "breaker-closed":
    case "stopped":
    case "draining":
    case "health":
    case "stall-ended":
    case "process-restarted":
      return "info";
    case "rebalance":
      return event.change === "lost" ? "warn" : "info";
    case "resumed":
      return event.takenOver.some(({ takeovers }) => takeovers > 1) ? "warn" : "info";
    case "offset-reset":
      return event.lost > 0 ? "error" : "warn";
    case "metadata-ignored":
    case "commits-unanswered":
    case "skipped":
    case "retrying":
    case "timed-out":
    case "abandoned":
    case "commit-refused":
    case "aborting":
    case "task-error":
    case "stray-error":
    case "loop-blocked":
    case "topic-recreated":
      return "warn";
    case "broker-down":
    case "topic-gone":
    case "dead":
    case "dead-letter-refused":
    case "breaker-open":
    case "kafka-error":
    case "stalled":
    case "forced-exit":
    case "task-exit":
    case "process-ended":
      return "error";
  }
}

function describeEvent(event: WorkerEvent, theme: Theme): string {
  const { ascii } = theme;
  const text = (value: string) => escapeText(value, { ascii });
  const among = (tasks: readonly string[]) =>
    tasks.length === 0 ? "" : ` (in flight: ${tasks.map(text).join(", ")})`;
  const at = (place: { topic: string; partition: number; offset: number }) =>
    `${text(place.topic)}[${place.partition}]@${place.offset}`;
  switch (event.event) {
    case "started":
      return `Started in group ${quoteText(event.group, { ascii })} (${text(event.protocol)}): ` +
        `${plural(event.tasks.length, "task")} on ${plural(event.topics.length, "topic")}`;
    case "waiting":
      return `${plural(event.messages, "message")} waiting, consumed from ${text(event.from)}`;
    case "rebalance":
      return `Partitions ${event.change}: ${describePartitions(event.partitions, theme)}`;
    case "resumed":
      return describeResumed(event, theme);
    case "offset-reset":
      return `${
        text(event.topic)
      }[${event.partition}] goes on at ${event.to} instead of ${event.from}, ` +
        describeReset(event);
    case "metadata-ignored":
      return `Metadata of the commit at ${at(event)} not used: ${text(event.reason)}`;
    case "topic-gone":
      return `Topic ${text(event.topic)} cannot be consumed: ${text(event.reason)}`;
    case "topic-back":
      return `Topic ${text(event.topic)} is back, with ${plural(event.partitions, "partition")}`;
    case "topic-recreated":
      return `Topic ${text(event.topic)} was deleted and made again; ` +
        `begun anew: ${plural(event.partitions, "partition")}`;
    case "topic-grown":
      return `Topic ${text(event.topic)} has ${plural(event.partitions, "partition")} now, ` +
        `${event.before} before`;
    case "broker-down":
      return event.broker === null
        ? `No broker can be reached: ${text(event.reason)}`
        : `Broker ${text(event.broker)} cannot be reached: ${text(event.reason)}`;
    case "broker-up":
      return event.broker === null ? "Brokers are back" : `Broker ${text(event.broker)} is back`;
    case "commits-unanswered":
      return `No commit confirmed for ${
        formatDuration(event.forMs)
      }: nothing new is started until one is`;
    case "commits-answered":
      return "Commits are confirmed again";
    case "commit-refused":
      return `Commit of ${at(event)} refused: ${text(event.reason)}`;
    case "dead":
      return `${event.task === null ? "Message" : text(event.task)} ${
        at(event)
      } is a dead letter ` +
        `after ${plural(event.attempts, "attempt")}, now in ${text(event.deadLetterTopic)}: ` +
        text(event.error);
    case "dead-letter-refused":
      return `Dead letter refused by ${text(event.deadLetterTopic)}, ${event.waiting} waiting, ` +
        `next try in ${formatDuration(event.retryInMs, theme.glyphs.microsecond)}: ` +
        text(event.reason);
    case "dead-letter-accepted":
      return `Dead letters accepted again by ${text(event.deadLetterTopic)}, none waiting`;
    case "skipped":
      return `Message ${at(event)} skipped: ${text(event.reason)}`;
    case "retrying":
      return `${text(event.task)} ${at(event)} failed, next attempt in ${
        formatDuration(event.retryInMs)
      }: ${text(event.error)}`;
    case "timed-out":
      return `${text(event.task)} ${at(event)} is past its time limit`;
    case "abandoned":
      return `${text(event.task)} ${at(event)} ignores its aborted signal: attempt ` +
        `${event.attempt} is not waited for any longer`;
    case "breaker-open":
      return `Breaker of ${text(event.task)} open, nothing of it is given up until it works ` +
        `again: ${text(event.reason)}${event.error === null ? "" : `; ${text(event.error)}`}`;
    case "breaker-closed":
      return `Breaker of ${text(event.task)} closed`;
    case "kafka-error":
      return `Kafka error ${event.code}: ${text(event.reason)}`;
    case "task-error":
      return `${event.task === null ? "Module" : text(event.task)}: ${text(event.reason)}`;
    case "stray-error":
      return `An error that nobody awaits${among(event.candidates)}: ${text(event.reason)}`;
    case "loop-blocked": {
      const { task, candidates, blockedMs, over } = event;
      return `The event loop ${over ? "was" : "has been"} blocked for ${
        formatDuration(blockedMs)
      } by ` +
        (task === null ? `something that cannot be told${among(candidates)}` : text(task));
    }
    case "stalled": {
      const { topic, partition, offset, key, attempt, ageMs } = event;
      return `Stalled, nothing has moved for ${formatDuration(event.forMs)}: ${text(event.cause)}` +
        (event.task === null ? "" : `, ${text(event.task)}`) +
        (topic === null ? "" : ` ${text(topic)}[${partition}]`) +
        (offset === null ? "" : `@${offset}`) +
        (key === null ? "" : ` key ${quoteText(key, { ascii })}`) +
        (ageMs === null ? "" : `, attempt ${attempt}, taken ${formatDuration(ageMs)} ago`);
    }
    case "stall-ended":
      return `No longer stalled, after ${formatDuration(event.forMs)}`;
    case "health":
      return `Health is served at http://${text(event.address)}/healthz and /readyz`;
    case "forced-exit":
      return `Left by force, ${text(event.reason)}; ` +
        (event.task === null
          ? `what blocks cannot be told${among(event.candidates)}`
          : `blocked by ${text(event.task)}`);
    case "task-exit":
      return `The process is ended with code ${event.exitCode} by ` +
        (event.task === null ? `code of the module${among(event.candidates)}` : text(event.task));
    case "process-ended": {
      const { exitCode, signal, restartInMs } = event;
      return `The process ended, ${signal === null ? `exit code ${exitCode}` : text(signal)}; ` +
        (restartInMs === null
          ? "it is not started again"
          : `started again in ${formatDuration(restartInMs)}`);
    }
    case "process-restarted":
      return `Started again as process ${event.pid}`;
    case "log":
      return `${text(event.task)}: ${text(event.message)}${describeFields(event.fields, theme)}`;
    case "draining":
      return `Draining, ${plural(event.inFlight, "attempt")} in flight: ${text(event.reason)}` +
        // What a hand on the keyboard may want to know.
        (event.reason === "SIGINT" && event.inFlight > 0 ? "; once more aborts them" : "");
    case "aborting":
      return `Aborting ${plural(event.inFlight, "attempt")} still in flight`;
    case "stopped":
      return `Stopped with exit code ${event.exitCode}`;
  }
}

function describeResumed(
  { finished, takenOver }: Extract<WorkerEvent, { event: "resumed" }>,
  theme: Theme,
): string {
  const parts: string[] = [];
  if (finished > 0) parts.push(`${plural(finished, "message")} finished before will not run again`);
  if (takenOver.length > 0) {
    const worst = Math.max(...takenOver.map(({ takeovers }) => takeovers));
    const often = worst > 1 ? `, ${formatExact(worst)} times in turn` : "";
    const partitions = describePartitions(takenOver, theme);
    parts.push(`the last owner did not leave in good order: ${partitions}${often}`);
  }
  return `Resumed; ${parts.join("; ")}`;
}

function describeReset(
  { lost, reason }: Extract<WorkerEvent, { event: "offset-reset" }>,
): string {
  const gone = lost > 0 ? `: up to ${plural(lost, "message")} gone, never run` : "";
  switch (reason) {
    case "deleted":
      return `since Kafka deleted what lay between${gone}`;
    case "truncated":
      return `since the log was cut${gone}`;
    case "recreated":
      return "since the topic was made again: all of it runs";
    case "restarted":
      return "since the log was cut or made again";
  }
}

/** `images[0,1,3] webhooks[0]`. */
export function describePartitions(
  partitions: readonly { topic: string; partition: number }[],
  { ascii }: Pick<Theme, "ascii">,
): string {
  const byTopic = new Map<string, number[]>();
  for (const { topic, partition } of partitions) {
    const numbers = byTopic.get(topic);
    if (numbers === undefined) byTopic.set(topic, [partition]);
    else numbers.push(partition);
  }
  const described = Array.from(
    byTopic,
    ([topic, numbers]) =>
      `${escapeText(topic, { ascii })}[${numbers.sort((a, b) => a - b).join(",")}]`,
  );
  return described.length === 0 ? "none" : described.join(" ");
}

function describeFields(fields: unknown, { ascii }: Theme): string {
  return fields === undefined ? "" : ` ${escapeText(stringify(fields), { ascii })}`;
}

/** JSON of anything a user logs: what has no JSON is told by its text instead of an exception. */
export function stringify(value: unknown): string {
  try {
    return JSON.stringify(value, replaceUnserializable) ?? String(value);
  } catch {
    return String(value);
  }
}

export function replaceUnserializable(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Error) return { name: value.name, message: value.message };
  return value;
}

function plural(count: number, noun: string): string {
  return `${formatExact(count)} ${noun}${count === 1 ? "" : "s"}`;
}

function paintOf(severity: Severity, { palette }: Theme): Paint {
  switch (severity) {
    case "debug":
      return palette.dim;
    case "info":
      return palette.plain;
    case "warn":
      return palette.warn;
    case "error":
      return palette.bad;
  }
}

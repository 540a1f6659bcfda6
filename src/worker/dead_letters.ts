/** Dead letters: the message as it was, with what went wrong in its headers. */
import type { OutgoingMessage, Producer } from "../kafka/ports.ts";
import { HEADER } from "../task/message.ts";
import { describeError } from "../core/describe_error.ts";
import type { Execution } from "./execution.ts";
import { InvalidPayload } from "./payload.ts";

/** Characters of a stack that are kept; the whole record must stay below the topic's size limit. */
const MAX_STACK = 8000;
const MAX_MESSAGE = 2000;
/** Codes of "too large", for a record and for the batch it is in (MSG_SIZE_… and RECORD_LIST_TOO_LARGE). */
const TOO_LARGE = new Set([10, 18]);

export function deadLetterTopic(group: string, topic: string): string {
  return `${group}.${topic}.dead`;
}

/** A message that no task of the module takes. */
export class Unroutable extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "Unroutable";
  }
}

/** The task that gave a message up; `null` for one that no task takes. */
export function buriedBy({ task, failure }: Execution): Execution["task"] | null {
  return failure?.error instanceof Unroutable ? null : task;
}

export class DeadLetters {
  readonly #producer: Producer;
  readonly #group: string;

  constructor(producer: Producer, group: string) {
    this.#producer = producer;
    this.#group = group;
  }

  topicFor(execution: Execution): string {
    return deadLetterTopic(this.#group, execution.partition.topic);
  }

  /** Resolves when the broker has acknowledged. One that is too large goes again with few headers. */
  async send(execution: Execution): Promise<void> {
    try {
      await this.#producer.send(buildDeadLetter(execution, this.topicFor(execution), "full"));
    } catch (error) {
      if (!TOO_LARGE.has((error as { kafkaCode?: number }).kafkaCode ?? 0)) throw error;
      await this.#producer.send(buildDeadLetter(execution, this.topicFor(execution), "short"));
    }
  }
}

/** Headers of ours in a message that was a dead letter before are replaced, not repeated. */
const OWN_HEADERS = new Set<string>([
  HEADER.error,
  HEADER.errorName,
  HEADER.errorStack,
  HEADER.attempts,
  HEADER.task,
  HEADER.origin,
  HEADER.firstFailure,
  HEADER.lastFailure,
]);

export function buildDeadLetter(
  execution: Execution,
  topic: string,
  detail: "full" | "short",
): OutgoingMessage {
  const { batch, index, partition, offset, attempt, failure } = execution;
  const headers: [Uint8Array | string, Uint8Array | string | null][] = batch.rawHeaders(index)
    .filter(([name]) => !OWN_HEADERS.has(decoder.decode(name)));
  const { name, message } = describeError(failure?.error);
  const stack = stackOf(failure?.error);
  headers.push(
    [HEADER.origin, `${partition.topic}/${partition.partition}/${offset}`],
    [HEADER.attempts, String(attempt)],
    [HEADER.errorName, cut(name, 200)],
  );
  if (detail === "full") {
    const task = buriedBy(execution);
    if (task) headers.push([HEADER.task, task.name]);
    headers.push([HEADER.error, cut(message, MAX_MESSAGE)]);
    if (stack !== "") headers.push([HEADER.errorStack, cut(stack, MAX_STACK)]);
    if (failure) {
      headers.push(
        [HEADER.firstFailure, new Date(failure.first).toISOString()],
        [HEADER.lastFailure, new Date(failure.last).toISOString()],
      );
    }
  }
  return { topic, key: batch.key(index), value: batch.value(index), headers };
}

const decoder = new TextDecoder();

/** Where the user's code failed; our own frames tell nobody anything. */
function stackOf(error: unknown): string {
  if (error instanceof Unroutable) return "";
  if (error instanceof InvalidPayload) return describeError(error.cause).stack;
  return describeError(error).stack;
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

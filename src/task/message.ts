/**
 * The wire format: CloudEvents 1.0 in Kafka binary mode (CloudEvents Kafka protocol binding 1.0.2).
 * docs/wire.md describes the same for senders in other languages.
 */
import { InvalidPayloadError } from "../errors.ts";
import type { OutgoingMessage } from "../kafka/ports.ts";

export const HEADER = {
  specversion: "ce_specversion",
  id: "ce_id",
  source: "ce_source",
  type: "ce_type",
  time: "ce_time",
  contentType: "content-type",
  attempt: "taskc-attempt",
  origin: "taskc-origin",
  error: "taskc-error",
  errorName: "taskc-error-name",
  errorStack: "taskc-error-stack",
  attempts: "taskc-attempts",
  task: "taskc-task",
  firstFailure: "taskc-first-failure",
  lastFailure: "taskc-last-failure",
} as const;

const encoder = new TextEncoder();

/** The headers that are looked for in each message that comes, as `Batch` takes them. */
export const ENCODED = {
  id: encode(HEADER.id),
  type: encode(HEADER.type),
  contentType: encode(HEADER.contentType),
} as const;

/** Content type of a CloudEvent in structured mode. */
export const STRUCTURED = encode("application/cloudevents+json");

/** A message for any Kafka client. */
export interface TaskMessage extends OutgoingMessage {
  headers: [name: string, value: string][];
}

export interface MessageParts {
  topic: string;
  type: string;
  id: string;
  key: Uint8Array | string | null;
  value: Uint8Array | null;
  contentType: string;
  headers: readonly (readonly [name: string, value: string])[];
  now: Date;
}

/** UTF-8. */
export function encode(text: string): Uint8Array {
  return encoder.encode(text);
}

export function buildMessage(parts: MessageParts): TaskMessage {
  const headers: [string, string][] = [
    [HEADER.specversion, "1.0"],
    [HEADER.id, parts.id],
    [HEADER.source, "taskc"],
    [HEADER.type, parts.type],
    [HEADER.time, parts.now.toISOString()],
    [HEADER.contentType, parts.contentType],
  ];
  // A header of ours that the sender gives is the sender's; others may be given more than once.
  const own = headers.length;
  for (const [name, value] of parts.headers) {
    const at = headers.findIndex(([known], index) => index < own && known === name);
    if (at >= 0) headers[at] = [name, value];
    else headers.push([name, value]);
  }
  return { topic: parts.topic, key: parts.key, value: parts.value, headers };
}

export const CONTENT_TYPE = {
  json: "application/json",
  text: "text/plain",
  bytes: "application/octet-stream",
} as const;

export function toBytes(value: Uint8Array | string): Uint8Array {
  return typeof value === "string" ? encode(value) : value;
}

/**
 * The value of a message, for a task that decodes JSON, text or bytes; text stands for its UTF-8. Throws
 * `InvalidPayloadError`.
 */
export function encodePayload(
  task: string,
  decode: keyof typeof CONTENT_TYPE,
  payload: unknown,
): Uint8Array | string {
  switch (decode) {
    case "json":
      return toJson(task, payload);
    case "text":
      if (typeof payload !== "string") throw wrongKind(task, "a string", payload);
      requireUnicode(task, "the payload", payload);
      return payload;
    case "bytes":
      if (!(payload instanceof Uint8Array)) throw wrongKind(task, "a Uint8Array", payload);
      return payload;
    default:
      return decode satisfies never;
  }
}

/** Half a surrogate pair has no UTF-8: sent all the same, it would arrive as another character. */
export function requireUnicode(task: string, what: string, text: unknown): void {
  if (typeof text !== "string") {
    throw new InvalidPayloadError(
      `Cannot send to task "${task}": ${what} must be a string, got ${typeof text}`,
    );
  }
  if (text.isWellFormed()) return;
  throw new InvalidPayloadError(
    `Cannot send to task "${task}": ${what} has half a surrogate pair, which UTF-8 cannot express`,
  );
}

function toJson(task: string, payload: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(payload);
  } catch (cause) {
    throw new InvalidPayloadError(
      `Cannot send to task "${task}": the payload is not JSON: ${(cause as Error).message}`,
      { cause },
    );
  }
  if (text === undefined) throw wrongKind(task, "a JSON value", payload);
  return text;
}

function wrongKind(task: string, wanted: string, payload: unknown): InvalidPayloadError {
  return new InvalidPayloadError(
    `Cannot send to task "${task}": the payload must be ${wanted}, got ${typeof payload}`,
  );
}

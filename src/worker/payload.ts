/** From the bytes of a message to the input of its task. */
import { Buffer } from "node:buffer";
import type { Batch } from "../kafka/batch.ts";
import { describeSchemaIssues } from "../task/schema.ts";
import { ENCODED, STRUCTURED } from "../task/message.ts";
import type { Task } from "../task/task.ts";
import { describeError } from "../core/describe_error.ts";

/** The payload does not fit the task: no attempt can succeed. */
export class InvalidPayload extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = "InvalidPayload";
  }
}

/** A CloudEvent in structured mode, taken apart. */
export interface StructuredEvent {
  type: string | null;
  id: string | null;
  data: unknown;
  /** The data, where it is binary (`data_base64`); then `data` is null. */
  binary: Uint8Array | null;
}

/** Throws for what is no UTF-8; a byte order mark stays, as everywhere else. */
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** What decoding puts in the place of bytes that are no UTF-8. */
const REPLACEMENT = "\ufffd";
const BYTE_ORDER_MARK = 0xfeff;

/** The envelope of a message whose content type says that it is one; `null` for all others. */
export function readStructured(batch: Batch, index: number): StructuredEvent | null {
  if (!batch.headerStartsWith(index, ENCODED.contentType, STRUCTURED)) return null;
  const envelope = parseJson(readText(batch, index));
  if (typeof envelope !== "object" || envelope === null || !("specversion" in envelope)) {
    throw new InvalidPayload("it is no CloudEvent: specversion is missing");
  }
  const { type, id, data, data_base64: base64 } = envelope as Record<string, unknown>;
  return {
    type: typeof type === "string" ? type : null,
    id: typeof id === "string" ? id : null,
    data: data ?? null,
    binary: typeof base64 === "string" ? new Uint8Array(Buffer.from(base64, "base64")) : null,
  };
}

/**
 * Decodes and validates. Throws, or rejects with, `InvalidPayload`; the result is a promise only when
 * `decode` or the schema is asynchronous.
 */
export function readInput(task: Task, batch: Batch, index: number, partition: number): unknown {
  const payload = decodePayload(task, batch, index, partition);
  return payload instanceof Promise ? validateLater(task, payload) : validate(task, payload);
}

function validateLater(task: Task, payload: Promise<unknown>): Promise<unknown> {
  return payload.then((decoded) => validate(task, decoded), decodeRejected);
}

function validate(task: Task, payload: unknown): unknown {
  const { schema } = task.settings;
  if (!schema) return payload;
  let result;
  try {
    result = schema["~standard"].validate(payload);
  } catch (cause) {
    return schemaRejected(cause);
  }
  return result instanceof Promise ? result.then(takeValue, schemaRejected) : takeValue(result);
}

type SchemaResult = { value: unknown; issues?: undefined } | {
  issues: Parameters<typeof describeSchemaIssues>[0];
};

function takeValue(result: SchemaResult): unknown {
  if (result.issues) throw new InvalidPayload(describeSchemaIssues(result.issues));
  return result.value;
}

function schemaRejected(cause: unknown): never {
  throw new InvalidPayload(`its schema threw: ${describeError(cause).message}`, { cause });
}

function decodeRejected(cause: unknown): never {
  throw new InvalidPayload(`its decode threw: ${describeError(cause).message}`, { cause });
}

function decodePayload(task: Task, batch: Batch, index: number, partition: number): unknown {
  const { decode } = task.settings;
  if (typeof decode === "function") {
    try {
      return decode({
        topic: task.topic,
        partition,
        offset: batch.offset(index),
        timestamp: batch.timestamp(index),
        key: copyOf(batch.key(index)),
        value: copyOf(batch.value(index)),
        headers: batch.headers(index).map(([name, value]) => [name, copyOf(value)]),
      });
    } catch (cause) {
      return decodeRejected(cause);
    }
  }
  const structured = readStructured(batch, index);
  if (structured) {
    return structured.binary ? decodeBinary(decode, structured.binary) : structured.data;
  }
  if (batch.isTombstone(index)) return null;
  switch (decode) {
    case "json":
      return parseJson(readText(batch, index));
    case "text":
      return readText(batch, index);
    case "bytes":
      return batch.value(index)!.slice();
    default:
      return decode satisfies never;
  }
}

function decodeBinary(decode: "json" | "text" | "bytes", bytes: Uint8Array): unknown {
  if (decode === "bytes") return bytes;
  const text = decodeStrictly(bytes);
  return decode === "text" ? text : parseJson(text);
}

/** What a `decode` does with the bytes must not reach the next attempt or the dead letter. */
function copyOf(bytes: Uint8Array | null): Uint8Array | null {
  return bytes && bytes.slice();
}

/** Decoding would replace what is no UTF-8, and nobody would learn what had been there. */
function readText(batch: Batch, index: number): string {
  const text = batch.valueText(index);
  // Only such text can have been invalid, and looking for it costs next to nothing.
  return !batch.ascii && text.includes(REPLACEMENT) ? decodeStrictly(batch.value(index)!) : text;
}

function decodeStrictly(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch (cause) {
    throw new InvalidPayload("it is no UTF-8", { cause });
  }
}

function parseJson(text: string): unknown {
  try {
    // No sender should write the mark (RFC 8259, 8.1), but some do.
    return JSON.parse(text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text);
  } catch (cause) {
    const what = text === "" ? "it is empty" : (cause as Error).message;
    throw new InvalidPayload(`it is no JSON: ${what}`, { cause });
  }
}

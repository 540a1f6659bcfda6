/**
 * librdkafka's own mock cluster, for local development: in memory, on 127.0.0.1, gone with the process.
 * Topics come into being when a client asks for them, with 4 partitions. Each partition keeps at most
 * 5 MiB. It is no evidence of reliability or speed.
 */
import { connect, type Metadata, NO_TOPIC_PROPERTIES } from "./connection.ts";
import { call, loadRdKafka } from "./rdkafka.ts";

export interface EmbeddedBroker {
  /** `127.0.0.1:PORT` */
  address: string;
  createTopics(topics: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export async function startEmbeddedBroker(): Promise<EmbeddedBroker> {
  const { Producer } = await loadRdKafka();
  const owner = new Producer({
    "bootstrap.servers": "embedded",
    "test.mock.num.brokers": 1,
    // deno-lint-ignore no-explicit-any
  } as any, NO_TOPIC_PROPERTIES);
  owner.on("event.error", () => {});
  const { metadata } = await connect(owner as never, { brokers: ["embedded"], properties: {} });
  const [broker] = metadata.brokers;
  return {
    address: `${broker!.host}:${broker!.port}`,
    async createTopics(topics) {
      for (const topic of topics) {
        await call<Metadata>((callback) =>
          owner.getMetadata({ topic, timeout: 5000 }, callback as never)
        );
      }
    },
    close: () => new Promise((resolve) => owner.disconnect(1000, () => resolve())),
  };
}

/** The cluster of three brokers that faults happen to: scripts/kafka, seen and handled from outside. */
import kafkaPackage from "@confluentinc/kafka-javascript";
import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { until } from "./waiting.ts";

const { KafkaJS, Producer } = kafkaPackage;
const script = fileURLToPath(new URL("../../scripts/kafka", import.meta.url));

/** scripts/kafka makes so many. */
export const OFFSETS_TOPIC = "__consumer_offsets";
export const OFFSETS_PARTITIONS = 4;

export class Cluster implements AsyncDisposable {
  readonly #folder: string;
  readonly #admin;
  /** For metadata: the admin client's own call fails for want of one leader. */
  readonly #client;
  /** Where the sender and the observer connect: straight to the brokers. */
  readonly direct: string;
  /** Where the workers connect, broker by broker: a proxy's place. */
  readonly proxied: readonly string[];
  /** Where the broker behind each proxy listens. */
  readonly behind: readonly string[];

  private constructor(folder: string, direct: string, proxied: string, behind: string) {
    this.#folder = folder;
    this.direct = direct;
    this.proxied = proxied.split(",");
    this.behind = behind.split(",");
    this.#admin = new KafkaJS.Kafka({
      kafkaJS: { brokers: direct.split(","), logLevel: KafkaJS.logLevel.NOTHING },
    }).admin();
    this.#client = new Producer({ "bootstrap.servers": direct }, {});
    this.#client.on("event.error", () => {});
  }

  static async start(folder: string, brokers: number): Promise<Cluster> {
    const direct = await kafka(folder, "start", "--brokers", String(brokers), "--proxied");
    const proxied = await kafka(folder, "address", "--listener", "proxied");
    const cluster = new Cluster(folder, direct, proxied, await kafka(folder, "behind"));
    await cluster.#admin.connect();
    await new Promise<void>((resolve, reject) =>
      cluster.#client.connect({}, (error) => error ? reject(error) : resolve())
    );
    return cluster;
  }

  get brokers(): number[] {
    return this.behind.map((_, at) => at + 1);
  }

  async createTopic(topic: string, partitions: number): Promise<void> {
    // The brokers' time: from then on it is up to the workers.
    const configEntries = [{ name: "message.timestamp.type", value: "LogAppendTime" }];
    await this.#admin.createTopics({
      topics: [{ topic, numPartitions: partitions, configEntries }],
    });
    await until(`the leaders of ${topic}`, async () => {
      const leaders = await this.leaders(topic);
      return leaders.length === partitions && leaders.every((leader) => leader >= 0);
    });
  }

  /** Resolves when the topic that a first group's member has brought about is there. */
  async commitLogReady(): Promise<void> {
    await until("the log of commits", async () => {
      const leaders = await this.leaders(OFFSETS_TOPIC);
      return leaders.length === OFFSETS_PARTITIONS && leaders.every((leader) => leader >= 0);
    });
  }

  async deleteTopic(topic: string): Promise<void> {
    await this.#admin.deleteTopics({ topics: [topic] });
  }

  /** The broker that leads each partition; -1 without one, [] while nobody can say. */
  leaders(topic: string): Promise<number[]> {
    return new Promise((resolve) =>
      this.#client.getMetadata({ topic, timeout: 5000 }, (error, metadata) => {
        const found = error ? undefined : metadata.topics.find(({ name }) => name === topic);
        const partitions = found?.partitions.toSorted((a, b) => a.id - b.id) ?? [];
        resolve(partitions.map(({ leader }) => leader));
      })
    );
  }

  /** One past the last record of each partition that has any; empty for a topic that is not there. */
  async ends(topic: string): Promise<Map<number, number>> {
    if (!(await this.#admin.listTopics()).includes(topic)) return new Map();
    const offsets = await this.#admin.fetchTopicOffsets(topic);
    return new Map(
      offsets.map(({ partition, high }) => [partition, Number(high)] as const)
        .filter(([, end]) => end > 0),
    );
  }

  /** The broker that a group's commits and members go to. */
  async coordinator(group: string): Promise<number> {
    const leaders = await this.leaders(OFFSETS_TOPIC);
    return leaders[offsetsPartition(group)] ?? -1;
  }

  /** The broker that keeps the cluster's metadata at present. */
  async controller(): Promise<number> {
    return Number(await kafka(this.#folder, "controller"));
  }

  async kill(broker: number): Promise<void> {
    await kafka(this.#folder, "kill", String(broker));
  }

  /** Starts brokers that have ended; together, since none is ready before most are. */
  async restart(...brokers: number[]): Promise<void> {
    await Promise.all(brokers.map((broker) => kafka(this.#folder, "restart", String(broker))));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#admin.disconnect();
    await new Promise<void>((resolve) => void this.#client.disconnect(1000, () => resolve()));
    await kafka(this.#folder, "stop");
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Which partition of __consumer_offsets is a group's: Java's hash of its name. */
export function offsetsPartition(group: string): number {
  let hash = 0;
  for (let at = 0; at < group.length; at++) hash = (Math.imul(hash, 31) + group.charCodeAt(at)) | 0;
  return (hash & 0x7fffffff) % OFFSETS_PARTITIONS;
}

function kafka(folder: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(script, [...args, "--dir", folder], (error, stdout, stderr) => {
      if (error) reject(new Error(`scripts/kafka ${args.join(" ")}: ${stderr || error.message}`));
      else resolve(stdout.trim());
    });
  });
}

/** A steady load: numbered messages with keys, and which of them the brokers acknowledged, where. */
import kafkaPackage from "@confluentinc/kafka-javascript";
import type { Random } from "./random.ts";
import { until } from "./waiting.ts";

export interface Place {
  partition: number;
  offset: number;
  key: string;
}

/** What a task is told to do; ms of work, and how many attempts are to fail before one succeeds. */
export interface Work {
  ms: number;
  failures?: number;
  /** Milliseconds that the first attempt takes, whatever its signal says. */
  stuckMs?: number;
}

export interface Load {
  /** Messages a second. */
  rate: number;
  keys: number;
  work: (random: Random) => Work;
}

export class Sender implements AsyncDisposable {
  readonly acknowledged = new Map<number, Place>();
  /** Told by the client as not delivered; nobody promised to run these. */
  refused = 0;
  readonly #topic: string;
  readonly #partitions: number;
  readonly #random: Random;
  readonly #producer;
  readonly #keys: string[] = [];
  #sent = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  private constructor(brokers: string, topic: string, partitions: number, random: Random) {
    this.#topic = topic;
    this.#partitions = partitions;
    this.#random = random;
    this.#producer = new kafkaPackage.Producer({
      "bootstrap.servers": brokers,
      "enable.idempotence": true,
      "linger.ms": 5,
      "dr_cb": true,
      "queue.buffering.max.messages": 1_000_000,
    }, {});
    this.#producer.on("event.error", () => {});
    this.#producer.on("delivery-report", (error, report) => {
      const id = report.opaque as number;
      if (error) {
        this.refused++;
        return;
      }
      const { partition, offset } = report;
      this.acknowledged.set(id, { partition, offset, key: this.#keys[id]! });
    });
  }

  static async connect(
    { brokers, topic, partitions, random }: {
      brokers: string;
      topic: string;
      partitions: number;
      random: Random;
    },
  ): Promise<Sender> {
    const sender = new Sender(brokers, topic, partitions, random);
    await new Promise<void>((resolve, reject) =>
      sender.#producer.connect({}, (error) => error ? reject(error) : resolve())
    );
    sender.#producer.setPollInterval(10);
    return sender;
  }

  get sent(): number {
    return this.#sent;
  }

  /** Sends one message; the number is its id. */
  send(work: Work, { key, partition }: { key: number; partition?: number }): number {
    const id = this.#sent++;
    this.#keys.push(`k${key}`);
    this.#producer.produce(
      this.#topic,
      partition ?? key % this.#partitions,
      Buffer.from(JSON.stringify({ id, ...work })),
      `k${key}`,
      null,
      id,
    );
    return id;
  }

  start({ rate, keys, work }: Load): void {
    const began = performance.now();
    let sent = 0;
    this.#timer = setInterval(() => {
      // After a pause of this process the load goes on, it does not catch up with all at once.
      const due = Math.min(sent + rate, Math.floor((performance.now() - began) / 1000 * rate));
      for (; sent < due; sent++) {
        this.send(work(this.#random), { key: this.#random.whole(0, keys - 1) });
      }
    }, 10);
  }

  /** Ends the load; resolves when each message is acknowledged or refused. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await until(
      "the acknowledgement of what was sent",
      () => this.acknowledged.size + this.refused === this.#sent,
    );
  }

  /** One past the last acknowledged offset of each partition that has any. */
  ends(): Map<number, number> {
    const ends = new Map<number, number>();
    for (const { partition, offset } of this.acknowledged.values()) {
      if (offset >= (ends.get(partition) ?? 0)) ends.set(partition, offset + 1);
    }
    return ends;
  }

  [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    return new Promise((resolve) => void this.#producer.disconnect(1000, () => resolve()));
  }
}

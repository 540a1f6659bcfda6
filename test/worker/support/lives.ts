/** Workers that end one after another without a word, each on the Kafka that the one before has left. */
import type { WorkerOptions } from "../../../src/worker/worker_parts.ts";
import { P0 } from "./assigned.ts";
import { Bench } from "./bench.ts";
import type { FakeConsumer } from "./fake_consumer.ts";
import { type ManualTask, manualTask } from "./manual_task.ts";

export const MESSAGES = 250;

export interface LifeOptions {
  partitions?: readonly { topic: string; partition: number }[];
  /** Of the task. */
  settings?: object;
  /** Of the worker. */
  options?: Partial<WorkerOptions>;
}

/** One life; without a Kafka before it, each partition gets 250 messages. */
export async function live(
  before: FakeConsumer | null,
  act: (bench: Bench, work: ManualTask) => Promise<void> | void,
  { partitions = [P0], settings = {}, options = {} }: LifeOptions = {},
): Promise<FakeConsumer> {
  const work = manualTask({ topic: "work", ...settings });
  await using bench = new Bench({ work: work.task }, options);
  if (before) bench.consumer.inherit(before);
  else {
    for (const { topic, partition } of partitions) {
      const all = Array.from({ length: MESSAGES }, (_, index) => 1000 * partition + index);
      bench.consumer.append(topic, partition, ...all);
    }
  }
  await bench.assign(...partitions);
  await bench.turn(6);
  await act(bench, work);
  return bench.consumer.snapshot();
}

/** So many lives in which nothing was finished. */
export async function lives(
  count: number,
  options: LifeOptions = {},
  before: FakeConsumer | null = null,
): Promise<FakeConsumer> {
  let kafka = before;
  for (let i = 0; i < count; i++) kafka = await live(kafka, () => {}, options);
  return kafka!;
}

/** A Kafka with these messages in its first partition. */
export function kafkaWith(...entries: Parameters<FakeConsumer["append"]>[2][]): FakeConsumer {
  const { consumer } = new Bench({ work: manualTask({ topic: "work" }).task });
  consumer.append("work", 0, ...entries);
  return consumer;
}

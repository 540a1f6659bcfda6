/** Messages with keys, and a worker that runs one task by the order of them. */
import { Bench } from "./bench.ts";
import type { LogMessage } from "./fake_kafka.ts";
import { type ManualTask, manualTask } from "./manual_task.ts";

export const P0 = { topic: "work", partition: 0 };
export const P1 = { topic: "work", partition: 1 };
export const RETRY = { attempts: 2, min: "1s", max: "1s", jitter: "none" } as const;
const encoder = new TextEncoder();

export function keyed(key: string | Uint8Array | null, value: number, type?: string): LogMessage {
  return {
    key: typeof key === "string" ? encoder.encode(key) : key,
    value: String(value),
    ...(type === undefined ? {} : { headers: [["ce_type", type]] }),
  };
}

export async function ordered(
  messages: LogMessage[],
  { options = {}, settings = {} }: { options?: object; settings?: object } = {},
): Promise<{ bench: Bench; work: ManualTask }> {
  const work = manualTask({ topic: "work", retry: RETRY, order: "key", ...settings });
  const bench = new Bench({ work: work.task }, options);
  bench.consumer.append("work", 0, ...messages);
  await bench.assign(P0);
  return { bench, work };
}

/** What is left of a worker's messages and keys. */
export function left({ worker }: Bench) {
  const { runner } = worker;
  const partitions = [...worker.assignments.partitions];
  const keys = partitions.flatMap(({ keyOrders }) => [...keyOrders.values()]);
  return {
    bytes: runner.heldBytes,
    waiting: runner.waiting,
    taskWaiting: worker.tasks.reduce((sum, task) => sum + task.waiting, 0),
    due: runner.due,
    inFlight: runner.slots.inFlight,
    keys: keys.reduce((sum, { size }) => sum + size, 0),
  };
}

export const NOTHING = { bytes: 0, waiting: 0, taskWaiting: 0, due: 0, inFlight: 0, keys: 0 };

/** A task whose breaker opens after three dead letters. */
import { PROBE_WAIT } from "../../../src/core/breaker.ts";
import { Bench } from "./bench.ts";
import { type ManualTask, manualTask } from "./manual_task.ts";

export const P0 = { topic: "work", partition: 0 };
export const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);
export const NO = new Error("no");
/** With the bench's random number, 0.5, a wait is three quarters of its bound. */
export const FIRST_WAIT = PROBE_WAIT.min * 0.75;

interface Setup {
  messages?: number;
  options?: object;
  settings?: object;
}

/** So many messages, of a task that opens its breaker at three dead letters on end. */
export async function running(
  { messages = 10, options = {}, settings = {} }: Setup = {},
): Promise<{ bench: Bench; work: ManualTask }> {
  const work = manualTask({ topic: "work", retry: { attempts: 1 }, ...settings });
  const bench = new Bench({ work: work.task }, {
    concurrency: 5,
    breaker: { run: 3, ratio: null },
    ...options,
  });
  bench.consumer.append("work", 0, ...upTo(messages));
  await bench.assign(P0);
  return { bench, work };
}

/** Three are given up: the breaker is open, two are in flight. */
export async function opened(setup: Setup = {}): Promise<{ bench: Bench; work: ManualTask }> {
  const { bench, work } = await running(setup);
  for (const input of [0, 1, 2]) work.run(input).fail(NO);
  await bench.until("it to open", () => bench.stats.of("breaker-open").length === 1);
  await bench.turn(3);
  return { bench, work };
}

export const stateOf = ({ worker }: Bench) => worker.tasks[0]!.breaker.state;

/** Lets the time of the next probe come. */
export async function nextProbe(bench: Bench): Promise<void> {
  const { probeAt } = bench.worker.tasks[0]!.breaker;
  if (probeAt < Infinity) bench.clock.advance(probeAt - bench.clock.now());
  await bench.turn(4);
}

/** Attempts that are over when `run` returns: decided at once, and yet like all others. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Context } from "../../src/task/context.ts";
import { task } from "../../src/task/task.ts";
import { P0 } from "./support/assigned.ts";
import { Bench } from "./support/bench.ts";
import { FIRST_WAIT, upTo } from "./support/breaking.ts";

type Executor = (resolve: (value: unknown) => void, reject: (error: Error) => void) => void;
type Then = Promise<unknown>["then"];

/** Does nothing before it is awaited, as a promise of p-lazy. */
class Lazy extends Promise<unknown> {
  #executor: Executor;
  #promise: Promise<unknown> | null = null;

  constructor(executor: Executor) {
    super((resolve) => resolve(undefined));
    this.#executor = executor;
  }

  override then = ((...handlers: Parameters<Then>) => {
    this.#promise ??= new Promise(this.#executor);
    return this.#promise.then(...handlers);
  }) as Then;
}

/** Passes for a promise and is none, as one of p-cancelable, which `got` returns. */
class Cancelable {
  readonly #promise: Promise<unknown>;

  constructor(executor: Executor) {
    this.#promise = new Promise(executor);
  }

  then(...handlers: Parameters<Then>): unknown {
    return this.#promise.then(...handlers);
  }
}
Object.setPrototypeOf(Cancelable.prototype, Promise.prototype);

/** A native promise that is settled, with a `then` that is not. */
function patched(executor: Executor): Promise<unknown> {
  const promise: Promise<unknown> = Promise.resolve();
  promise.then =
    ((...handlers: Parameters<Then>) => new Promise(executor).then(...handlers)) as Then;
  return promise;
}

const RETRY = { attempts: 5, min: "1s", max: "1s" } as const;
const NO_BREAKER = { run: null, ratio: null };

/** Fails until it is told to work; then it only notes what it got. */
function mended(
  settings: { concurrency?: number; retry?: typeof RETRY | { attempts: number } } = {},
) {
  const state = { failing: true, done: [] as unknown[] };
  const run = (input: unknown) => {
    if (state.failing) throw new Error("not yet");
    state.done.push(input);
  };
  return { state, task: task({ retry: RETRY, ...settings, run }) };
}

describe("an attempt that is over at once", () => {
  const promises = {
    "a lazy promise": (executor: Executor) => new Lazy(executor),
    "what only passes for a promise": (executor: Executor) => new Cancelable(executor),
    "a promise with a then of its own": patched,
  };
  for (const [what, make] of Object.entries(promises)) {
    test(`${what} is waited for all the same`, async () => {
      let began = 0;
      const work = task({
        run: () =>
          make((_, reject) => {
            began++;
            setImmediate(() => reject(new Error("refused")));
          }),
      });
      await using bench = new Bench({ work });
      bench.consumer.append("work", 0, 1);
      await bench.assign(P0);
      await bench.until("its end", () => bench.stats.counts.get("work")!.failed === 1);
      assert.deepEqual([began, bench.stats.counts.get("work")!.done], [1, 0]);
    });
  }

  test("leaves no due message waiting for an idle sleep", async () => {
    const { state, task: work } = mended();
    await using bench = new Bench({ work }, { concurrency: 5, breaker: NO_BREAKER });
    bench.consumer.append("work", 0, ...upTo(100));
    await bench.assign(P0);
    await bench.until("all to wait", () => bench.worker.runner.waiting === 100);
    state.failing = false;
    bench.clock.advance(10_000);
    await bench.turn();
    // Nothing asks for another turn, and a minute is the longest sleep.
    while (state.done.length < 100) await sleep(5);
  });

  test("a probe is followed by the next one at once", async () => {
    const { state, task: work } = mended({ retry: { attempts: 1 } });
    await using bench = new Bench({ work }, { breaker: { run: 3, ratio: null } });
    bench.consumer.append("work", 0, ...upTo(10));
    await bench.assign(P0);
    await bench.until("the breaker to open", () => bench.stats.of("breaker-open").length === 1);
    await bench.turn(12);
    state.failing = false;
    bench.clock.advance(FIRST_WAIT);
    await bench.turn();
    while (state.done.length < 7) await sleep(5);
  });

  test("of a task with a concurrency of its own takes no more than that of a turn", async () => {
    const seen: string[] = [];
    let failing = true;
    const noting = (name: string) => () => {
      if (failing) throw new Error("not yet");
      seen.push(name);
    };
    const a = task({ concurrency: 1, retry: RETRY, run: noting("a") });
    const b = task({ concurrency: 1, retry: RETRY, run: noting("b") });
    await using bench = new Bench({ a, b }, { concurrency: 10, breaker: NO_BREAKER });
    bench.consumer.append("a", 0, ...upTo(10));
    bench.consumer.append("b", 0, ...upTo(10));
    await bench.assign({ topic: "a", partition: 0 }, { topic: "b", partition: 0 });
    await bench.until("all to wait", () => bench.worker.runner.waiting === 20);
    failing = false;
    bench.clock.advance(10_000);
    await bench.until("all", () => seen.length === 20);
    assert.equal(seen.join(""), "ab".repeat(10));
  });

  test("counts as in flight until the turn is over, for what it left behind", async () => {
    const named: unknown[] = [];
    const bench: Bench = new Bench({
      work: task({
        run: () => {
          queueMicrotask(() =>
            named.push(bench.worker.beat.inFlightTasks(), bench.pulse.isInFlight(0))
          );
        },
      }),
    });
    await using _ = bench;
    bench.consumer.append("work", 0, 1);
    await bench.assign(P0);
    await bench.turn();
    assert.deepEqual(named, [["work"], true]);
    assert.deepEqual([bench.worker.beat.inFlightTasks(), bench.pulse.isInFlight(0)], [[], false]);
  });

  test("what starts after an abort listener that computed has its own start", async () => {
    let first = true;
    const bench: Bench = new Bench({
      work: task({
        timeout: "10s",
        retry: RETRY,
        run: (input: unknown, { signal }: Context) => {
          if (input === 1 && first) {
            first = false;
            throw new Error("not yet");
          }
          if (input === 0) signal.addEventListener("abort", () => bench.clock.advance(9_999));
          return new Promise(() => {});
        },
      }),
    });
    await using _ = bench;
    bench.consumer.append("work", 0, 0, 1);
    await bench.assign(P0);
    await bench.turn(3);
    bench.clock.advance(10_000);
    await bench.turn(2);
    assert.equal(bench.worker.tasks[0]!.running.first!.context!.startedAt, bench.clock.now());
  });
});

/** What a partition's next owner knows of the work of the one before, besides what is finished. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { P0 } from "./support/assigned.ts";
import { Bench } from "./support/bench.ts";
import { kafkaWith, live } from "./support/lives.ts";
import { manualTask } from "./support/manual_task.ts";

const twice = { attempts: 2, min: "1s", max: "1s", jitter: "none" } as const;

describe("failed attempts", () => {
  test("count after a revocation: a message gets as many as its task says", async () => {
    const work = manualTask({ topic: "work", retry: twice });
    await using bench = new Bench({ work: work.task });
    bench.consumer.append("work", 0, 1);
    for (let time = 0; time < 2; time++) {
      await bench.assign(P0);
      await bench.turn(4);
      work.runs.at(-1)!.fail(new Error("no"));
      await bench.turn(3);
      bench.consumer.change("revoke", P0);
      await bench.turn(6);
    }
    assert.deepEqual(work.runs.map(({ context }) => context.attempt), [1, 2]);
    assert.equal(bench.stats.of("dead").length, 1);
    assert.equal(bench.stats.of("dead")[0]!.attempts, 2);
  });

  test("count after a worker that was killed, once they are committed", async () => {
    const options = { settings: { retry: twice } };
    const kafka = await live(kafkaWith(1, 2), async (bench, work) => {
      work.run(1).fail(new Error("no"));
      await bench.turn(2);
      await bench.advance(1000, 4);
      // The second attempt runs, and never ends.
      assert.equal(work.runs.at(-1)!.context.attempt, 2);
    }, options);
    await live(kafka, async (bench, work) => {
      assert.deepEqual(work.runs.map(({ input, context }) => [input, context.attempt]), [
        [1, 2],
        [2, 1],
      ]);
      work.run(1).fail(new Error("no"));
      await bench.turn(4);
      assert.equal(bench.stats.of("dead").length, 1);
    }, options);
  });

  test("are forgotten with the message", async () => {
    const settings = { retry: { ...twice, attempts: 5 } };
    await live(kafkaWith(...Array.from({ length: 50 }, (_, at) => at)), async (bench, work) => {
      for (let input = 1; input < 50; input++) work.run(input).fail(new Error("no"));
      await bench.turn(2);
      await bench.advance(1000, 4);
      const long = bench.consumer.metadata.get("work/0")!.length;
      for (let input = 1; input < 50; input++) {
        work.runs.findLast((one) => one.input === input)!.finish();
      }
      await bench.advance(1000, 4);
      const { length } = bench.consumer.metadata.get("work/0")!;
      assert.ok(long > 150 && length < 80, `${long}, then ${length}`);
    }, { settings });
  });
});

describe("messages that were given up on end", () => {
  test("count towards the breaker of the next worker, so that restarts do not drain a topic", async () => {
    const options = { breaker: { run: 5, ratio: null } };
    const settings = { retry: { attempts: 1 }, concurrency: 1 };
    let kafka = kafkaWith(...Array.from({ length: 40 }, (_, at) => at));
    const dead: number[] = [];
    for (let life = 0; life < 6; life++) {
      kafka = await live(kafka, async (bench, work) => {
        for (let n = 0; n < 3; n++) {
          work.runs.at(-1)!.fail(new Error("broken"));
          await bench.turn(4);
        }
        await bench.advance(1000, 4);
        dead.push(bench.producer.sent.length);
      }, { options, settings });
    }
    assert.deepEqual(dead, [3, 2, 0, 0, 0, 0]);
  });
});

describe("what earlier owners finished above the offset", () => {
  const log = (length: number, leaderEpoch: number) =>
    Array.from({ length }, (_, at) => ({ value: String(1000 * leaderEpoch + at), leaderEpoch }));

  async function worked() {
    return await live(kafkaWith(...log(20, 4)), async (bench, work) => {
      for (const run of work.runs) if (run.input !== 4000) run.finish();
      await bench.advance(1000, 4);
    });
  }

  test("is not run again by the next one, also after a change of the leader", async () => {
    const kafka = await worked();
    kafka.append("work", 0, ...log(5, 5));
    await live(kafka, (_, work) => {
      assert.deepEqual(work.inputs(), [4000, 5000, 5001, 5002, 5003, 5004]);
    });
  });

  test("does not count for the messages that took the place of those that a truncation took", async () => {
    const kafka = await worked();
    kafka.truncate("work", 0, 5);
    kafka.append("work", 0, ...log(30, 6));
    await live(kafka, (_, work) => {
      const inputs = new Set(work.inputs());
      for (let at = 0; at < 30; at++) assert.ok(inputs.has(6000 + at), `${6000 + at}`);
    });
  });

  test("counts on where the epochs are not known", async () => {
    const kafka = await live(kafkaWith(1, 2, 3), async (bench, work) => {
      work.run(2).finish();
      work.run(3).finish();
      await bench.advance(1000, 4);
    });
    kafka.append("work", 0, ...log(1, 9));
    await live(kafka, (_, work) => assert.deepEqual(work.inputs(), [1, 9000]));
  });
});

/** What a partition's next owner knows of the work of the one before, besides what is finished. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { P0 } from "./support/assigned.ts";
import { decodeMetadata } from "../../src/core/commit_metadata.ts";
import { KafkaError } from "../../src/errors.ts";
import { Bench } from "./support/bench.ts";
import type { FakeConsumer } from "./support/fake_consumer.ts";
import { kafkaWith, live, lives } from "./support/lives.ts";
import { manualTask } from "./support/manual_task.ts";

const log = (length: number, leaderEpoch: number) =>
  Array.from({ length }, (_, at) => ({ value: String(1000 * leaderEpoch + at), leaderEpoch }));

function metadataOf({ committed, metadata }: FakeConsumer) {
  const read = decodeMetadata(committed.get("work/0")!, metadata.get("work/0")!);
  assert.ok(read && !("problem" in read));
  return read;
}

const USED_UP = "its attempts failed in an earlier worker, which could not write its dead letter";
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

  test("are no more than promised either while the dead letter is refused", async () => {
    const work = manualTask({ topic: "work", retry: twice });
    await using bench = new Bench({ work: work.task });
    bench.producer.refuse = () => new KafkaError("no");
    bench.consumer.append("work", 0, 1);
    await bench.assign(P0);
    for (let attempt = 0; attempt < 2; attempt++) {
      work.run(1).fail(new Error("no"));
      await bench.turn(2);
      await bench.advance(1000, 4);
    }
    for (let time = 0; time < 3; time++) {
      bench.consumer.change("revoke", P0);
      await bench.turn(6);
      await bench.assign(P0);
      await bench.turn(4);
    }
    assert.equal(work.runs.length, 2);
    bench.producer.refuse = () => null;
    await bench.advance(60_000, 6);
    const [dead] = bench.stats.of("dead");
    assert.deepEqual([dead!.attempts, dead!.error], [2, USED_UP]);
  });

  test("leave room for the rest of the metadata where the broker takes little", async () => {
    const work = manualTask({ topic: "work", retry: { ...twice, attempts: 5 } });
    await using bench = new Bench({ work: work.task });
    const { consumer } = bench;
    consumer.append("work", 0, ...Array.from({ length: 300 }, (_, at) => at));
    await bench.assign(P0);
    await bench.turn(6);
    consumer.refuseCommit = ({ metadata = "" }) =>
      metadata.length > 512 ? { code: 12, message: "Offset metadata too large" } : null;
    for (let input = 1; input < 300; input++) work.run(input).fail(new Error("no"));
    await bench.turn(4);
    for (let second = 0; second < 5; second++) await bench.advance(1000, 6);
    assert.equal(metadataOf(consumer).closed, false);
  });

  test("of truncated messages do not count for those in their place", async () => {
    const settings = { retry: { ...twice, attempts: 5 } };
    const kafka = await live(kafkaWith(...log(20, 4)), async (bench, work) => {
      for (let attempt = 0; attempt < 4; attempt++) {
        work.run(4007).fail(new Error("no"));
        await bench.turn(2);
        await bench.advance(1000, 4);
      }
    }, { settings });
    kafka.truncate("work", 0, 5);
    kafka.append("work", 0, ...log(30, 6));
    await live(kafka, (_, work) => {
      assert.equal(work.run(6002).context.attempt, 1);
    }, { settings });
  });

  test("of what goes on below a truncation are still told, and so is the new epoch", async () => {
    const settings = { retry: { ...twice, min: "1h", max: "1h" } };
    await live(kafkaWith(...log(20, 4)), async (bench, work) => {
      work.run(4002).fail(new Error("no"));
      await bench.turn(2);
      await bench.advance(1000, 4);
      assert.equal(metadataOf(bench.consumer).attempts.get(2), 1);
      bench.consumer.truncate("work", 0, 5);
      bench.consumer.append("work", 0, ...log(1, 6));
      await bench.turn(3);
      await bench.advance(1000, 6);
      const { attempts, epoch } = metadataOf(bench.consumer);
      assert.deepEqual([attempts.get(2), epoch], [1, 6]);
    }, { settings });
  });

  test("that are used up give nothing up under a breaker that was open", async () => {
    const settings = { retry: { attempts: 1 } };
    const options = { breaker: { run: 2, ratio: null } };
    const kafka = await live(kafkaWith(1, 2, 3, 4), async (bench, work) => {
      // Its letters wait, so that their messages are unfinished when the worker ends.
      bench.producer.refuse = () => new KafkaError("no");
      for (const input of [1, 2]) work.run(input).fail(new Error("broken"));
      await bench.turn(4);
      assert.equal(bench.stats.of("breaker-open").length, 1);
      await bench.advance(1000, 4);
    }, { settings, options });
    await live(kafka, async (bench, work) => {
      await bench.turn(6);
      assert.deepEqual([bench.producer.sent.length, work.inputs()], [0, [1]]);
    }, { settings, options });
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

  test("count for no other task of the topic", async () => {
    const options = { breaker: { run: 5, ratio: null } };
    const tasks = () => ({
      a: manualTask({ topic: "work", name: "a", retry: { attempts: 1 } }),
      b: manualTask({ topic: "work", name: "b", retry: { attempts: 1 } }),
    });
    const message = (type: string, n: number) => ({
      value: String(n),
      headers: [["ce_type", type], ["ce_specversion", "1.0"]] as [string, string][],
    });
    const first = tasks();
    await using bench = new Bench({ a: first.a.task, b: first.b.task }, options);
    bench.consumer.append("work", 0, ...[0, 1, 2, 3].map((n) => message("a", n)), message("b", 9));
    await bench.assign(P0);
    await bench.turn(4);
    for (const run of first.a.runs) run.fail(new Error("broken"));
    await bench.turn(4);
    await bench.advance(1000, 4);
    const next = tasks();
    await using heir = new Bench({ a: next.a.task, b: next.b.task }, options);
    heir.consumer.inherit(bench.consumer.snapshot());
    await heir.assign(P0);
    await heir.turn(4);
    next.b.runs[0]!.fail(new Error("bad data"));
    await heir.turn(4);
    assert.deepEqual(heir.stats.of("breaker-open"), []);
  });
});

describe("what earlier owners finished above the offset", () => {
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

  test("by this very process, counts after a loss and a change of the leader", async () => {
    const work = manualTask({ topic: "work" });
    await using bench = new Bench({ work: work.task });
    const { consumer } = bench;
    consumer.append("work", 0, ...log(3, 4));
    await bench.assign(P0);
    work.run(4001).finish();
    await bench.turn();
    await bench.advance(1000, 4);
    consumer.refuseCommit = () => ({ code: 25, message: "Unknown member" });
    consumer.append("work", 0, ...log(3, 5));
    await bench.turn(3);
    for (const input of [5000, 5001, 5002]) work.run(input).finish();
    await bench.turn(3);
    await bench.advance(1000, 4);
    consumer.change("lost", P0);
    await bench.turn(3);
    consumer.refuseCommit = () => null;
    await bench.advance(1000, 3);
    const before = work.runs.length;
    await bench.assign(P0);
    await bench.turn(4);
    assert.deepEqual(work.inputs().slice(before), [4000, 4002]);
  });
});

describe("a message that ended its workers", () => {
  for (const ends of [4, 5]) {
    test(`is not mistaken for one that took its offset in a truncation (${ends} ends)`, async () => {
      const kafka = await lives(ends, {}, kafkaWith(...log(20, 4)));
      kafka.truncate("work", 0, 0);
      kafka.append("work", 0, ...log(20, 6));
      await live(kafka, async (bench, work) => {
        await bench.turn(5);
        assert.equal(work.inputs()[0], 6000);
        assert.deepEqual(bench.stats.of("dead"), []);
      });
    });
  }
});

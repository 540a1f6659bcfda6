import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readGauges } from "../../src/worker/gauges.ts";
import { Bench } from "./support/bench.ts";
import { manualTask } from "./support/manual_task.ts";

const PROCESS = {
  rssBytes: 5,
  loopDelayMs: { p99: 1, max: 2 },
  prefetchedBytes: 100,
  fetchedBytes: 7,
};

function read(bench: Bench) {
  return readGauges(bench.worker, bench.consumer, PROCESS, bench.clock.now());
}

async function bench() {
  const a = manualTask({ concurrency: 2, retry: { min: "1h", max: "1h" } });
  const b = manualTask();
  const bench = new Bench({ a: a.task, b: b.task }, { concurrency: 10, maxBytes: 4096 });
  bench.consumer.append("a", 0, { key: "k", value: "1" }, 2, 3);
  bench.consumer.append("b", 0, 4);
  await bench.assign({ topic: "a", partition: 0 }, { topic: "b", partition: 0 });
  return { bench, a, b };
}

describe("readGauges", () => {
  test("tells what runs, what waits, and the bounds", async () => {
    const { bench: it, a } = await bench();
    await using _ = it;
    a.run(1).fail(new Error("no"));
    await it.turn(3);
    const gauges = read(it);
    assert.equal(gauges.state, "running");
    assert.equal(gauges.group, "g");
    assert.deepEqual([gauges.inFlight, gauges.limit, gauges.waiting], [3, 10, 1]);
    assert.deepEqual(gauges.tasks, [
      { name: "a", inFlight: 2, limit: 2, waiting: 1, breaker: "closed" },
      { name: "b", inFlight: 1, limit: null, waiting: 0, breaker: "closed" },
    ]);
    assert.equal(gauges.heldBytes, 100 + 2 + 1 + 1 + 1);
    assert.equal(gauges.maxBytes, 4096);
  });

  test("tells watermark, commit, position, end and lag of each partition", async () => {
    const { bench: it, a } = await bench();
    await using _ = it;
    a.run(1).finish();
    await it.turn(2);
    await it.advance(1000);
    const [topicA, topicB] = read(it).topics;
    assert.deepEqual(topicA!.partitions, [
      { partition: 0, watermark: 1, committed: 1, uncovered: 0, position: 3, end: 3 },
    ]);
    assert.deepEqual([topicA!.lag, topicB!.lag], [2, 1]);
  });

  test("tells how much no commit covers, and the most of it", async () => {
    const work = manualTask({ topic: "work" });
    const bench = new Bench({ work: work.task }, { maxMetadata: 0 });
    await using _ = bench;
    for (const partition of [0, 1]) bench.consumer.append("work", partition, 1, 2, 3);
    await bench.assign({ topic: "work", partition: 0 }, { topic: "work", partition: 1 });
    const seen = () => {
      const { uncovered, peakUncovered } = read(bench);
      return [uncovered, peakUncovered];
    };
    for (const { input, finish } of work.runs) if (input !== 1) finish();
    assert.deepEqual(seen(), [0, 0]);
    await bench.advance(1000, 3);
    assert.deepEqual(seen(), [4, 4]);
    work.run(1).finish();
    await bench.advance(1000, 3);
    assert.deepEqual(seen(), [2, 4]);
  });

  test("names the message that holds a watermark back, after a second", async () => {
    const { bench: it } = await bench();
    await using _ = it;
    await it.advance(999);
    assert.equal(read(it).topics[0]!.blocked, null);
    await it.advance(1);
    assert.deepEqual(read(it).topics[0]!.blocked, {
      partition: 0,
      offset: 0,
      task: "a",
      key: "k",
      attempt: 1,
      ageMs: 1000,
    });
  });

  test("a topic without partitions here has no lag; an end that is neither known nor reached makes it unknown", async () => {
    const { bench: it } = await bench();
    await using _ = it;
    it.consumer.endOffset = () => -1;
    // The end of "b" was reached, and one message of it is not finished.
    assert.deepEqual(read(it).topics.map(({ lag }) => lag), [null, 1]);
    it.consumer.change("lost", { topic: "a", partition: 0 }, { topic: "b", partition: 0 });
    await it.turn(2);
    assert.deepEqual(read(it).topics.map(({ lag, partitions }) => [lag, partitions]), [
      [0, []],
      [0, []],
    ]);
  });

  test("tells the phases of a shutdown", async () => {
    const { bench: it } = await bench();
    await using _ = it;
    const states = [read(it).state];
    it.worker.stop("SIGTERM");
    await it.turn(2);
    states.push(read(it).state);
    it.worker.stop("SIGTERM");
    await it.turn(2);
    states.push(read(it).state);
    await it.advance(3000);
    await it.end();
    states.push(read(it).state);
    assert.deepEqual(states, ["running", "draining", "aborting", "stopped"]);
  });
});

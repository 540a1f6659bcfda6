/** Commits that carry maps: in parts, and what becomes of them when the broker refuses. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decodeMetadata } from "../../src/core/commit_metadata.ts";
import type { CommitEntry, KafkaProblem } from "../../src/kafka/ports.ts";
import { Bench } from "./support/bench.ts";
import { manualTask } from "./support/manual_task.ts";

const PARTITIONS = 200;
const EACH = 40;
const LARGE = "x".repeat(4095);

/** In each partition all is finished but the first message and each third one. */
async function withMaps(
  partitions: number,
  refuse: (entry: CommitEntry) => KafkaProblem | null,
) {
  const work = manualTask({ topic: "work" });
  const bench = new Bench({ work: work.task }, { concurrency: 100_000 });
  const all = Array.from({ length: partitions }, (_, partition) => ({ topic: "work", partition }));
  for (const { partition } of all) {
    bench.consumer.append("work", partition, ...Array.from({ length: EACH }, (_, index) => index));
  }
  await bench.assign(...all);
  await bench.until("all to run", () => work.runs.length === partitions * EACH);
  bench.consumer.refuseCommit = refuse;
  for (const run of work.runs) if ((run.input as number) % 3 !== 0) run.finish();
  await bench.turn(2);
  return bench;
}

function finishedIn(bench: Bench, partition = 0): number {
  const { committed, metadata } = bench.consumer;
  const key = `work/${partition}`;
  const read = decodeMetadata(committed.get(key)!, metadata.get(key)!);
  if (!read) return -1;
  assert.ok(!("problem" in read));
  return read.finished.reduce((sum, { from, to }) => sum + to - from, 0);
}

describe("a commit of many maps", () => {
  test("goes in parts that the coordinator can store, one after another, none left out", async () => {
    const bench = await withMaps(PARTITIONS, () => null);
    await using _ = bench;
    // As if each map were as large as can be.
    for (const { commits } of bench.worker.assignments.partitions) {
      const next = commits.next.bind(commits);
      commits.next = (limit) => {
        next(limit);
        return { offset: 0, metadata: LARGE };
      };
    }
    const before = bench.consumer.commits.length;
    await bench.advance(1000, 1);
    await bench.turn(12);
    const parts = bench.consumer.commits.slice(before);
    assert.equal(parts.flat().length, PARTITIONS);
    assert.ok(parts.length > 1 && parts.every((part) => part.length * 4095 < 600 * 1024));
  });

  for (const code of [28, -1]) {
    test(`that is refused as too large (${code}) goes again in parts, with its maps`, async () => {
      const bench: Bench = await withMaps(
        4,
        () =>
          bench.consumer.commits.at(-1)!.length > 1
            ? { code, message: "Broker: Invalid commit offset data size" }
            : null,
      );
      await using _ = bench;
      await bench.advance(1000, 12);
      for (let partition = 0; partition < 4; partition++) {
        assert.equal(bench.consumer.committed.get(`work/${partition}`), 0);
      }
      assert.equal(finishedIn(bench), 26);
      assert.deepEqual(bench.stats.of("commit-refused"), [], "all was taken in the end");
    });

    test(`that is too large also by itself (${code}) goes without its map, and later with it`, async () => {
      let most = 60;
      const bench = await withMaps(
        2,
        ({ metadata }) =>
          metadata!.length > most
            ? { code, message: "Broker: Invalid commit offset data size" }
            : null,
      );
      await using _ = bench;
      most = 35;
      await bench.advance(1000, 3);
      for (let n = 0; n < 4; n++) await bench.advance(100, 3);
      assert.equal(finishedIn(bench), 0, "without a map");
      assert.equal(bench.stats.of("commit-refused").length, 1, "told once for the topic");
      most = Infinity;
      await bench.advance(1000, 5);
      assert.equal(finishedIn(bench), 26);
    });
  }
});

describe("a commit whose metadata are refused as too large", () => {
  test("goes again at once with less, and in the end with none; it is told", async () => {
    let most = 31;
    const bench = await withMaps(
      1,
      ({ metadata }) =>
        metadata!.length > most
          ? { code: 12, message: "Broker: Offset metadata string too large" }
          : null,
    );
    await using _ = bench;
    await bench.advance(1000, 3);
    const [told] = bench.stats.of("commit-refused");
    assert.match(told!.reason, /left out, see --max-metadata/);
    await bench.advance(100, 3);
    assert.equal(finishedIn(bench), 0, "the header alone");
    most = 10;
    for (const partition of bench.worker.assignments.partitions) partition.commits.setSuspect(5);
    await bench.advance(1000, 3);
    await bench.advance(100, 3);
    assert.equal(bench.consumer.metadata.get("work/0"), "");
    assert.equal([...bench.worker.assignments.partitions][0]!.commits.uncovered, 26);
  });
});

test("a commit keeps to --max-metadata and says what it leaves uncovered", async () => {
  const work = manualTask({ topic: "work" });
  await using bench = new Bench({ work: work.task }, { maxMetadata: 34 });
  bench.consumer.append("work", 0, ...Array.from({ length: EACH }, (_, index) => index));
  await bench.assign({ topic: "work", partition: 0 });
  for (const run of work.runs) if ((run.input as number) % 2 === 1) run.finish();
  await bench.turn(2);
  await bench.advance(1000, 3);
  const [partition] = [...bench.worker.assignments.partitions];
  assert.ok(bench.consumer.metadata.get("work/0")!.length <= 34);
  assert.equal(finishedIn(bench) + partition!.commits.uncovered, EACH / 2);
  assert.ok(partition!.commits.uncovered > 0);
});

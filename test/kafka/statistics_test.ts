import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readStatistics } from "../../src/kafka/statistics.ts";

describe("readStatistics", () => {
  test("lists the brokers, sums the prefetch, and knows the ends", () => {
    const statistics = readStatistics(JSON.stringify({
      brokers: {
        "a:9092/1": { nodename: "a:9092", state: "UP", nodeid: 1, waitresp_cnt: 2, rxidle: 1500 },
        "b:9092/2": { nodename: "b:9092", state: "CONNECT", nodeid: 2, source: "learned" },
        "c:9092/bootstrap": { nodename: "c:9092", state: "UP", nodeid: -1, source: "configured" },
        "GroupCoordinator": { nodename: "a:9092", state: "UP", nodeid: -1, source: "logical" },
      },
      topics: {
        work: {
          partitions: {
            "0": { fetchq_size: 100, hi_offset: 12, ls_offset: 10 },
            "1": { fetchq_size: 50, hi_offset: 7, ls_offset: -1001 },
            "2": { hi_offset: -1001, ls_offset: -1001 },
            // Of messages without a partition yet.
            "-1": { fetchq_size: 999, hi_offset: 5, ls_offset: 5 },
          },
        },
      },
    }));
    assert.deepEqual(statistics.brokers, [
      { address: "a:9092", kind: "broker", state: "UP", waiting: 2, silentMs: 1.5 },
      { address: "b:9092", kind: "broker", state: "CONNECT", waiting: 0, silentMs: -1 },
      { address: "a:9092", kind: "coordinator", state: "UP", waiting: 0, silentMs: -1 },
    ]);
    assert.equal(statistics.prefetchedBytes, 150);
    assert.deepEqual([...statistics.ends.get("work")!], [[0, 10], [1, 7], [2, -1]]);
  });

  test("knows whether the coordinator answers and a classic member has its share", () => {
    const read = (cgrp: object) => {
      const { coordinatorUp, settled } = readStatistics(JSON.stringify({ cgrp }));
      return [coordinatorUp, settled];
    };
    assert.deepEqual(read({ state: "wait-coord", join_state: "init" }), [false, false]);
    assert.deepEqual(read({ state: "up", join_state: "wait-join" }), [true, false]);
    assert.deepEqual(read({ state: "up", join_state: "steady" }), [true, true]);
  });

  test("makes do with what is not there", () => {
    const { brokers, prefetchedBytes, ends } = readStatistics("{}");
    assert.deepEqual([brokers, prefetchedBytes, ends.size], [[], 0, 0]);
    assert.equal(readStatistics('{"topics":{"t":{}}}').ends.get("t")!.size, 0);
  });
});

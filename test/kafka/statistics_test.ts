import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readStatistics } from "../../src/kafka/statistics.ts";

describe("readStatistics", () => {
  test("counts the brokers that are up, sums the prefetch, and knows the ends", () => {
    const statistics = readStatistics(JSON.stringify({
      brokers: {
        "a:9092/1": { state: "UP", nodeid: 1 },
        "b:9092/2": { state: "CONNECT", nodeid: 2 },
        "c:9092/3": { state: "UP", nodeid: 3 },
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
    assert.equal(statistics.brokersUp, 2);
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
    const { brokersUp, prefetchedBytes, ends } = readStatistics("{}");
    assert.deepEqual([brokersUp, prefetchedBytes, ends.size], [0, 0, 0]);
    assert.equal(readStatistics('{"topics":{"t":{}}}').ends.get("t")!.size, 0);
  });
});

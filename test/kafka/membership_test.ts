import assert from "node:assert/strict";
import { test } from "node:test";
import type { GroupProtocol } from "../../src/kafka/group_protocol.ts";
import { Membership } from "../../src/kafka/membership.ts";
import { readStatistics } from "../../src/kafka/statistics.ts";

interface Look {
  atMs: number;
  state?: string;
  joinState?: string;
}

/** Whether a member counts as taken after each of these looks. */
async function looks(protocol: GroupProtocol, ...each: Look[]): Promise<boolean[]> {
  const membership = new Membership();
  let taken = false;
  void membership.taken.then(() => taken = true);
  membership.subscribed();
  const answers: boolean[] = [];
  for (const { atMs, state = "up", joinState = "init" } of each) {
    const raw = { ts: atMs * 1000, cgrp: { state, join_state: joinState } };
    membership.look(protocol, readStatistics(JSON.stringify(raw)));
    await Promise.resolve();
    answers.push(taken);
  }
  return answers;
}

test("a classic member is taken when its share is settled, also one that is nothing", async () => {
  assert.deepEqual(
    await looks("classic", { atMs: 5000, joinState: "wait-join" }, {
      atMs: 5001,
      joinState: "steady",
    }),
    [false, true],
  );
});

test("a KIP-848 member is taken when its coordinator has not refused it for a while", async () => {
  assert.deepEqual(
    await looks(
      "consumer",
      { atMs: 0, state: "query-coord" },
      { atMs: 9000 },
      { atMs: 10_000 },
      { atMs: 12_000 },
      { atMs: 13_000 },
    ),
    [false, false, false, false, true],
  );
});

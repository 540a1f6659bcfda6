import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { KafkaError } from "../../src/errors.ts";
import { findCommits, identify, mergeAnswers, readCommits } from "../../src/kafka/standings.ts";

const PARTITION = { topic: "t", partition: 0 };

/** A client of the package that answers with this. */
function client(answer: unknown[]) {
  const committed = (
    _partitions: unknown,
    _timeout: number,
    callback: (e: null, a: unknown) => void,
  ) => callback(null, answer);
  return { committed } as unknown as Parameters<typeof readCommits>[0];
}

describe("readCommits", () => {
  test("offset and metadata of each partition, -1001 and nothing without a commit", async () => {
    const [commit] = await readCommits(client([{ ...PARTITION, offset: 7, metadata: "x" }]), [
      PARTITION,
    ]);
    assert.deepEqual(commit, { ...PARTITION, offset: 7, metadata: "x" });
    const [none] = await readCommits(client([PARTITION]), [PARTITION]);
    assert.deepEqual(none, { ...PARTITION, offset: -1001, metadata: "" });
  });

  test("gives the client more time than it gives itself, so that its own reason is told", async () => {
    const { setTimeout } = globalThis;
    const limits: number[] = [];
    globalThis.setTimeout = ((run: () => void, ms: number) => {
      limits.push(ms);
      return setTimeout(run, ms);
    }) as typeof setTimeout;
    try {
      let given = 0;
      const asked = {
        committed: (_: unknown, ms: number, callback: (e: null, a: unknown) => void) => {
          given = ms;
          callback(null, [PARTITION]);
        },
      };
      await readCommits(asked as never, [PARTITION]);
      assert.ok(limits.length === 1 && limits[0]! > given, `${limits} ${given}`);
    } finally {
      globalThis.setTimeout = setTimeout;
    }
  });

  test("refuses an answer with a partition's error in it: that is not the same as no commit", async () => {
    const refused = new Error("Broker: Topic authorization failed");
    for (const answer of [[refused], [{ ...PARTITION, error: refused }], []]) {
      await assert.rejects(
        readCommits(client(answer), [PARTITION]),
        /Cannot ask for the commit of t\/0/,
      );
    }
  });
});

describe("findCommits", () => {
  test("tells what is wrong with the commit of one partition beside those of the others", async () => {
    const refused = new Error("Broker: Topic authorization failed");
    const other = { topic: "t", partition: 1 };
    const [untold, told] = await findCommits(client([refused, { ...other, offset: 2 }]), [
      PARTITION,
      other,
    ]);
    assert.ok(untold instanceof KafkaError);
    assert.match(untold.message, /Cannot ask for the commit of t\/0: .*authorization failed/);
    assert.deepEqual(told, { ...other, offset: 2, metadata: "" });
  });
});

describe("mergeAnswers", () => {
  const P0 = { topic: "t", partition: 0 };
  const P1 = { topic: "t", partition: 1 };
  const leaderless = new KafkaError("Broker: Leader not available");
  const reach = { starts: [leaderless, 3], ends: [leaderless, 5], ids: new Map([["t", "id"]]) };

  test("tells of the others when one partition has neither a leader nor a commit", () => {
    const commits = [{ ...P0, offset: -1001 }, { ...P1, offset: -1001 }];
    const standing = { committed: -1, metadata: "", incarnation: "id", start: 3, end: 5 };
    assert.deepEqual(mergeAnswers([P0, P1], { ...reach, commits }), [
      { ...P0, error: leaderless },
      { ...P1, ...standing },
    ]);
  });

  test("needs no leader where there is a commit to begin at", () => {
    const commits = [{ ...P0, offset: 2, metadata: "x" }, { ...P1, offset: 4 }];
    const both = { incarnation: "id", start: 0, end: Infinity };
    const told = [
      { ...P0, committed: 2, metadata: "x", ...both },
      { ...P1, committed: 4, metadata: "", ...both },
    ];
    const nobody = { ...reach, starts: leaderless, ends: leaderless };
    assert.deepEqual(mergeAnswers([P0, P1], { ...nobody, commits }), told);
    assert.deepEqual(mergeAnswers([P0], { ...reach, commits: commits.slice(0, 1) }), [told[0]]);
  });

  test("says why a topic's id is not told", () => {
    const commits = [{ ...P0, offset: 2 }];
    const problem = new KafkaError("Broker: Unknown topic or partition");
    const [told] = mergeAnswers([P0], { ...reach, commits, ids: new Map([["t", problem]]) });
    assert.ok(told && "incarnation" in told);
    assert.deepEqual([told.incarnation, told.incarnationProblem], [null, problem]);
    const [without] = mergeAnswers([P0], { ...reach, commits, ids: new Map() });
    assert.ok(without && "incarnation" in without);
    assert.deepEqual([without.incarnation, without.incarnationProblem], [null, undefined]);
  });
});

describe("identify", () => {
  test("has the id of each topic, an error for one that cannot be told, nothing of old brokers", () => {
    const refused = new Error("Broker: Unknown topic or partition");
    const ids = identify(["a", "b", "c", "d"], [
      { name: "a", topicId: { base64: "id" } },
      { name: "b", topicId: { base64: "AAAAAAAAAAAAAAAAAAAAAA" }, error: refused },
      { name: "c" },
    ]);
    assert.equal(ids.get("a"), "id");
    assert.match(String(ids.get("b")), /Cannot ask for the id of topic "b": .*Unknown topic/);
    assert.equal(ids.has("c"), false);
    assert.ok(ids.get("d") instanceof KafkaError);
  });
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readCommits } from "../../src/kafka/standings.ts";

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

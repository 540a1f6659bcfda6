/**
 * A dead-letter topic that takes nothing: the offset stays, one line says so, other tasks flow, and all is
 * written once the topic is well again.
 */
import assert from "node:assert/strict";
import {
  brokerTest,
  Cluster,
  committed,
  deadLetterTopic,
  deleteTopic,
  groupOf,
  json,
  lag,
  produce,
  project,
  runWorker,
  SASL_USER,
  saslEnvironment,
  topic,
  until,
  type Worker,
} from "./harness.ts";

const LETTERS = 20;

interface Trouble {
  /** It begins before the worker does, not under way. */
  early?: boolean;
  /** Of the worker. */
  env?: Record<string, string>;
  begin: (deadLetters: string) => Promise<unknown>;
  end: (deadLetters: string) => Promise<unknown>;
  reason: RegExp;
}

const acl =
  (what: string, rule: "--deny-principal" | "--allow-principal", operation: string) =>
  (name: string) =>
    Cluster.main.do(
      "acls",
      what,
      rule,
      `User:${SASL_USER}`,
      "--operation",
      operation,
      "--topic",
      name,
    );
const denyWriting = (what: string) => acl(what, "--deny-principal", "Write");
/** A topic with a rule is not even shown to those whom none allows it. */
const allowSeeing = (what: string) => acl(what, "--allow-principal", "Describe");

const troubles: Record<string, Trouble> = {
  "that is gone": {
    begin: deleteTopic,
    end: (name) => topic({ name }),
    reason: /there is no such topic/,
  },
  "whose limit is too small": {
    begin: (name) => Cluster.main.do("topics", "set", name, "max.message.bytes=200"),
    end: (name) => Cluster.main.do("topics", "set", name, "max.message.bytes=1000000"),
    reason: /too large/,
  },
  "that may not be written to": {
    env: saslEnvironment(),
    begin: denyWriting("--add"),
    end: denyWriting("--remove"),
    reason: /authorization failed/i,
  },
  "that may not be written to from the start": {
    early: true,
    env: saslEnvironment(),
    begin: async (name) => {
      await allowSeeing("--add")(name);
      await denyWriting("--add")(name);
    },
    end: async (name) => {
      await denyWriting("--remove")(name);
      await allowSeeing("--remove")(name);
    },
    reason: /authorization failed/i,
  },
};

for (const [name, { early = false, env = {}, begin, end, reason }] of Object.entries(troubles)) {
  brokerTest(
    `a dead-letter topic ${name} is told once, holds its offset alone, and recovers`,
    async () => {
      const [bad, good] = [await topic(), await topic()];
      using folder = project({
        "tasks.ts": `import { task } from "taskc";
import { finished } from "./ledger.ts";
export const bad = task({
  topic: ${JSON.stringify(bad)},
  retry: { attempts: 1 },
  run: () => { throw new Error("broken") },
});
export const good = task({
  topic: ${JSON.stringify(good)},
  run: ({ id }) => finished(id),
});
`,
      });
      const deadLetters = deadLetterTopic(groupOf(folder), bad);
      if (early) await begin(deadLetters);
      await using worker = runWorker(folder, [], { env });
      await worker.waitForLine(/"assigned"/);
      if (!early) await begin(deadLetters);
      const ids = Array.from({ length: LETTERS }, (_, id) => ({ id, padding: "x".repeat(200) }));
      await produce(bad, json(ids));
      const refused = await worker.waitForEvent("dead-letter-refused");
      assert.equal(refused.deadLetterTopic, deadLetters);
      assert.match(String(refused.reason), reason);

      await produce(good, json(ids));
      await until("the other task", async () => await lag(worker.group, good) === 0);
      assert.equal((await committed(worker.group, bad)).get(0)?.offset ?? 0, 0);

      await end(deadLetters);
      await worker.waitForEvent("dead-letter-accepted");
      await until("the dead letters", async () => await lag(worker.group, bad) === 0);
      assert.ok(tellings(worker) <= 3, `told by topic, not by letter: ${worker.events()}`);
      worker.kill();
      const { code } = await worker.waitForExit();
      assert.equal(code, 0, worker.events());
      assert.equal(
        worker.lines.stderr.filter((line) => line.includes(`"event":"dead"`)).length,
        LETTERS,
      );
    },
  );
}

function tellings(worker: Worker): number {
  return worker.lines.stderr.filter((line) => line.includes("dead-letter-refused")).length;
}

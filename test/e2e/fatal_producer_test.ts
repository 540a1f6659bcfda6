/**
 * A producer that librdkafka has given up for good, here for want of the right to write: the reason is told
 * as it is, and once the right is granted all goes on, without a restart.
 */
import assert from "node:assert/strict";
import {
  brokerTest,
  Cluster,
  groupOf,
  project,
  runTaskc,
  runWorker,
  SASL_USER,
  saslEnvironment,
  until,
} from "./harness.ts";

const MODULE = `import { task } from "taskc";
import { finished } from "./ledger.ts";
export const bad = task({
  retry: { attempts: 1 },
  run: () => { throw new Error("broken") },
});
export const relay = task({
  retry: { attempts: 1000, max: "2s" },
  run: async ({ id }) => {
    await bad.send({ id }).catch((error) => {
      console.error("relay: " + error.message);
      throw error;
    });
    finished(id);
  },
});
`;
const LETTERS = 20;
const REASON = /Cluster authorization failed.*IdempotentWrite/;

brokerTest(
  "a producer without the right to write says so, and recovers when it is granted",
  async () => {
    await using cluster = await Cluster.start(
      "--sasl",
      "--set",
      "allow.everyone.if.no.acl.found=false",
    );
    const allow = (...what: string[]) =>
      cluster.do("acls", "--add", "--allow-principal", `User:${SASL_USER}`, ...what);
    using folder = project({ "tasks.ts": MODULE });
    const everybody = { TASKC_BROKERS: await cluster.address() };
    const run = (args: string[], env: Record<string, string>, input = "") =>
      runTaskc(args, { cwd: folder.folder, env, input });
    const group = groupOf(folder);
    const topics = ["run", "tasks.ts", "--group", group, "--drain", "--create-topics"];
    assert.equal((await run(topics, everybody)).code, 0);
    await allow("--operation", "Read", "--topic", "*", "--group", "*");
    const env = { ...saslEnvironment(), TASKC_BROKERS: await cluster.address("sasl") };
    await using worker = runWorker(folder, [], { env });
    await worker.waitForEvent("started");
    const lines = Array.from({ length: LETTERS }, (_, id) => `{"id":${id}}\n`).join("");
    for (const task of ["bad", "relay"]) {
      const sent = await run(["send", "tasks.ts", task], everybody, lines);
      assert.equal(sent.code, 0, sent.stderr);
    }
    const refused = await worker.waitForEvent("dead-letter-refused");
    assert.match(String(refused.reason), REASON);
    assert.match(await worker.waitForLine(/relay: /), REASON);
    const sent = await run(["send", "tasks.ts", "bad"], env, lines);
    assert.equal(sent.code, 4, sent.stderr);
    assert.match(sent.stderr, REASON);

    await allow("--operation", "Write", "--topic", "*");
    await worker.waitForEvent("dead-letter-accepted");
    await until("what is sent by a task", () => folder.finishedCount() === LETTERS);
    await until("the dead letters", () => deaths(worker.lines.stderr) === 2 * LETTERS);
    worker.kill();
    assert.equal((await worker.waitForExit()).code, 0, worker.events());
  },
);

function deaths(lines: readonly string[]): number {
  return lines.filter((line) => line.includes(`"event":"dead"`)).length;
}

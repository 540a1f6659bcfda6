/** scripts/kafka: what the tests of faults rely on. Clusters of its own, beside the one of the tests. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { brokerTest, uniqueName } from "./harness.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Answer {
  code: number;
  stdout: string;
  stderr: string;
}

class Cluster implements AsyncDisposable {
  /** Where scripts/test stops every cluster, should this process not come to it. */
  readonly folder = `${process.env.TASKC_TEST_CLUSTERS ?? `${root}.build/kafka`}/${
    uniqueName("test")
  }`;

  run(...args: string[]): Promise<Answer> {
    return new Promise((resolve) => {
      execFile(
        `${root}scripts/kafka`,
        [...args, "--dir", this.folder],
        (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
      );
    });
  }

  /** The state of each broker, in their order. */
  async states(): Promise<string[]> {
    const { stdout } = await this.run("status");
    return stdout.trimEnd().split("\n").filter(Boolean).map((line) => line.split("\t")[2] ?? "");
  }

  /** Brokers of this cluster that run, whatever the script thinks. */
  processes(): string[] {
    return readdirSync("/proc").filter((pid) => /^\d+$/.test(pid)).filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(`${this.folder}/`);
      } catch {
        return false;
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run("stop");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

brokerTest("kafka start prints the address alone; stop leaves no process", async () => {
  await using cluster = new Cluster();
  const { code, stdout, stderr } = await cluster.run("start");
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^127\.0\.0\.1:\d+\n$/);
  assert.equal((await cluster.run("address")).stdout, stdout);
  assert.equal((await cluster.run("address", "--listener", "sasl")).code, 1);
  assert.equal((await cluster.run("start")).code, 1, "a second start is refused");
  assert.equal((await cluster.run("topics", "create", "a", "--partitions", "2")).code, 0);
  assert.equal((await cluster.run("ends", "a")).stdout, "a\t0\t0\na\t1\t0\n");
  assert.equal((await cluster.run("offsets", "nobody")).stdout, "");
  assert.equal((await cluster.run("stop")).code, 0);
  assert.deepEqual(cluster.processes(), []);
});

brokerTest("kafka start that fails shows the broker's log and leaves no process", async () => {
  await using cluster = new Cluster();
  const { code, stdout, stderr } = await cluster.run("start", "--set", "num.io.threads=none");
  assert.equal(code, 1);
  assert.equal(stdout, "");
  assert.match(stderr, /num\.io\.threads/);
  assert.deepEqual(cluster.processes(), []);
});

brokerTest("one of three brokers can be paused, killed and started again", async () => {
  await using cluster = new Cluster();
  const { code, stdout, stderr } = await cluster.run("start", "--brokers", "3");
  assert.equal(code, 0, stderr);
  assert.equal(stdout.trimEnd().split(",").length, 3);
  assert.deepEqual(await cluster.states(), ["ready", "ready", "ready"]);

  assert.equal((await cluster.run("pause", "2")).code, 0);
  assert.deepEqual(await cluster.states(), ["ready", "paused", "ready"]);
  assert.equal((await cluster.run("resume", "2")).code, 0);
  assert.equal((await cluster.run("kill", "3")).code, 0);
  assert.equal((await cluster.states())[2], "ended");
  assert.equal((await cluster.run("restart", "3")).code, 0);
  assert.deepEqual(await cluster.states(), ["ready", "ready", "ready"]);
  assert.equal((await cluster.run("kill", "4")).code, 2, "there is no fourth");
});

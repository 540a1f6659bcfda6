/** scripts/demo: 6,000 jobs in one process, and nothing left behind, however it ends. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { project, runTaskc, taskc, terminal } from "./harness.ts";

const demo = fileURLToPath(new URL("../../scripts/demo", import.meta.url));

/** The embedded broker's port, as the demo tells it. */
function brokerPort(output: string): number {
  const match = /embedded broker at 127\.0\.0\.1:(\d+)/.exec(output);
  assert.ok(match, output);
  return Number(match[1]);
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

test("the demo runs 6,000 jobs at once and exits 0, in a pipe", async () => {
  await using started = taskc([], { program: demo });
  const { code, stdout, stderr } = await started.waitForExit();
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "");
  assert.match(stderr, /summary done=6000 failed=0 .*peak_in_flight=6000/);
  assert.equal(await isOpen(brokerPort(stderr)), false);
});

test("the demo shows the live panel on a terminal, and its summary in the end", async () => {
  using screen = terminal({ columns: 80, rows: 30, command: [demo] });
  const live = await screen.waitForScreen(/6000 of 6000/);
  assert.match(live, /── taskc ── demo ─+ ● running/);
  assert.equal(await screen.waitForExit(), 0);
  const end = screen.capture();
  assert.match(end, /6,000 done {3}0 failed/);
  assert.match(end, /6,000 in flight at most/);
  assert.equal(await isOpen(brokerPort(end)), false);
});

test("Ctrl-C ends the demo: jobs in flight end first, and its broker after them", async () => {
  using screen = terminal({ columns: 100, rows: 30, command: [demo] });
  const port = brokerPort(await screen.waitForScreen(/6000 of 6000/));
  assert.equal(await isOpen(port), true);
  screen.keys("C-c");
  assert.equal(await screen.waitForExit(), 130);
  assert.match(screen.capture(), /6,000 done {3}0 failed/);
  assert.equal(await isOpen(port), false);
});

test("the demo says so when its broker ends at once", async () => {
  using folder = project({
    "scripts/demo": readFileSync(demo, "utf8"),
    "scripts/build": "#!/bin/sh\n",
    "dist/taskc": "#!/bin/sh\necho 'error: no room' >&2\nexit 2\n",
  });
  for (const name of ["scripts/demo", "scripts/build", "dist/taskc"]) {
    chmodSync(folder.path(name), 0o755);
  }
  for (let turn = 0; turn < 10; turn++) {
    const { code, stdout, stderr } = await runTaskc([], { program: folder.path("scripts/demo") });
    assert.deepEqual([code, stdout], [1, ""], stderr);
    assert.equal(stderr, "error: no room\nscripts/demo: the broker did not start\n");
  }
});

test("the demo that is told to end takes its broker along", async () => {
  await using started = taskc([], { program: demo });
  const port = brokerPort(await started.waitForLine(/embedded broker at/));
  await started.waitForLine(/Partitions assigned|rebalance change=assigned/);
  started.kill("SIGTERM");
  const { code, stderr } = await started.waitForExit();
  assert.equal(code, 143, stderr);
  assert.match(stderr, /summary done=6000/, "what runs is let finish");
  assert.equal(await isOpen(port), false);
});

/** Workers that are killed, ended, frozen, added and removed under load: scripts/faults in its quick form. */
import assert from "node:assert/strict";
import { WORKER_FAULTS } from "../faults/faults.ts";
import { faultTests, violations } from "../faults/quick.ts";

const { test } = faultTests(WORKER_FAULTS);

test("a worker that commits what it has received is found out", async (run) => {
  const kill = WORKER_FAULTS.find(({ name }) => name === "kill")!;
  // One worker with long tasks: whenever it is killed, some were committed and not finished.
  const fault = { ...kill, options: { workers: 1 }, rate: 50, work: () => ({ ms: 2000 }) };
  const outcome = await run(fault, { protocols: ["classic"], broken: true });
  const found = violations(outcome).join("\n");
  assert.match(found, /passed \d+ unfinished/);
  assert.match(found, /messages were lost/);
});

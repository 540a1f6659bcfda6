/**
 * The quick form of scripts/faults as tests: each fault once or twice, both group protocols at the same time,
 * on a cluster of three brokers behind proxies. The seed is in the name of each test, should one have to be
 * had again.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { brokers, uniqueName } from "../e2e/harness.ts";
import type { Fault } from "./faults.ts";
import { type OpenRig, openRig } from "./rig.ts";
import { type Outcome, runFault, type RunOptions } from "./run_fault.ts";

const PROTOCOLS = ["classic", "consumer"] as const;
const TIMES = 2;
const seed = Number(process.env.TASKC_FAULTS_SEED ?? Date.now() % 1_000_000);
/** A broker takes a minute to start on a machine that is busy. It turns a hang into a failure, no more. */
const timeout = 240_000;

export function violations({ groups }: Outcome): string[] {
  return groups.flatMap(({ protocol, verdict }) =>
    verdict.violations.map((violation) => `${protocol}: ${violation}`)
  );
}

/** A test for each of these faults. `test` adds one more; it is skipped where they are. */
export function faultTests(faults: readonly Fault[]): {
  test: (name: string, run: (run: typeof runQuick) => Promise<void>) => void;
} {
  const skip = brokers.plain === undefined ? "TASKC_TEST_BROKERS names no broker" : false;
  for (const fault of faults) {
    test(`${fault.name}: ${fault.title} (seed ${seed})`, { skip, timeout }, async () => {
      const outcome = await runQuick(fault);
      assert.deepEqual(violations(outcome), [], outcome.evidence);
      for (const { verdict } of outcome.groups) assert.ok(verdict.acknowledged > 0);
    });
  }
  return {
    test: (name, run) => {
      test(`${name} (seed ${seed})`, { skip, timeout }, () => run(runQuick));
    },
  };
}

let rig: OpenRig | undefined;

before(async () => {
  if (brokers.plain === undefined) return;
  const clusters = process.env.TASKC_TEST_CLUSTERS ??
    fileURLToPath(new URL("../../.build/kafka", import.meta.url));
  rig = await openRig(`${clusters}/${uniqueName("faults")}`);
});

after(async () => {
  await rig?.[Symbol.asyncDispose]();
});

function runQuick(fault: Fault, options: Partial<RunOptions> = {}): Promise<Outcome> {
  return runFault(rig!, fault, { seed, protocols: PROTOCOLS, times: TIMES, ...options });
}

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { DEFAULT_RETRY_POLICY, nextDelay, type RetryPolicy } from "../../src/core/retry_policy.ts";

const policy: fc.Arbitrary<RetryPolicy> = fc.record({
  attempts: fc.integer({ min: 1, max: 10_000 }),
  min: fc.integer({ min: 0, max: 100_000 }),
  max: fc.integer({ min: 100_000, max: 86_400_000 }),
  factor: fc.double({ min: 1, max: 1000, noNaN: true }),
  jitter: fc.constantFrom("full", "none"),
});
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe("nextDelay", () => {
  test("is a whole number between 0 and the policy's max, also after thousands of attempts", () => {
    fc.assert(
      fc.property(
        policy,
        fc.integer({ min: 1, max: 10_000 }),
        random,
        (policy, attempt, random) => {
          const delay = nextDelay(policy, attempt, random);
          if (attempt >= policy.attempts) return assert.equal(delay, null);
          assert.ok(delay !== null && Number.isInteger(delay), `${delay}`);
          assert.ok(delay >= 0 && delay <= policy.max, `${delay}`);
        },
      ),
    );
  });

  test("stays 0 under a min of 0, though the growth becomes infinite", () => {
    const policy = { attempts: 10_000, min: 0, max: 1000, factor: 2, jitter: "none" } as const;
    for (const attempt of [1, 2, 1024, 1025, 9999]) {
      assert.equal(nextDelay(policy, attempt, 0.5), 0);
    }
    assert.equal(nextDelay({ ...policy, min: 1 }, 9999, 0.5), 1000);
  });

  test("without jitter it grows by the factor up to max", () => {
    const policy: RetryPolicy = { attempts: 7, min: 100, max: 1000, factor: 2, jitter: "none" };
    const delays = [1, 2, 3, 4, 5, 6, 7].map((attempt) => nextDelay(policy, attempt, 0.3));
    assert.deepEqual(delays, [100, 200, 400, 800, 1000, 1000, null]);
  });

  test("without jitter it never falls from attempt to attempt", () => {
    fc.assert(fc.property(policy, fc.integer({ min: 1, max: 50 }), (policy, attempt) => {
      const steady = { ...policy, attempts: 100, jitter: "none" as const };
      assert.ok(nextDelay(steady, attempt, 0)! <= nextDelay(steady, attempt + 1, 0)!);
    }));
  });

  test("full jitter spreads it evenly from 0 to the bound", () => {
    const policy: RetryPolicy = { attempts: 5, min: 1000, max: 9000, factor: 3, jitter: "full" };
    assert.deepEqual([0, 0.25, 0.5, 0.999].map((random) => nextDelay(policy, 2, random)), [
      0,
      750,
      1500,
      2997,
    ]);
    fc.assert(fc.property(random, fc.integer({ min: 1, max: 4 }), (random, attempt) => {
      const bound = nextDelay({ ...policy, jitter: "none" }, attempt, 0)!;
      assert.ok(nextDelay(policy, attempt, random)! <= bound);
    }));
  });

  test("one attempt means no retry; the default is five attempts from 1 s", () => {
    assert.equal(nextDelay({ ...DEFAULT_RETRY_POLICY, attempts: 1 }, 1, 0.5), null);
    const steady = { ...DEFAULT_RETRY_POLICY, jitter: "none" as const };
    assert.deepEqual([1, 2, 3, 4, 5].map((attempt) => nextDelay(steady, attempt, 0)), [
      1000,
      2000,
      4000,
      8000,
      null,
    ]);
  });
});

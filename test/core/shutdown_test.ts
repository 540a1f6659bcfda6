import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  ABORT_WAIT_MS,
  COMMIT_WAIT_MS,
  nextPhase,
  phaseDue,
  type ShutdownFacts,
  type ShutdownPhase,
} from "../../src/core/shutdown.ts";

const PHASES = ["running", "draining", "aborting", "committing", "closing"] as const;

const calm: ShutdownFacts = {
  now: 0,
  since: 0,
  graceMs: 20_000,
  graceBy: 20_000,
  leaving: false,
  requests: 0,
  busy: 0,
  uncommitted: 0,
};

/** Every combination of what can matter, with times at, before and after each bound. */
function* allFacts(): Generator<ShutdownFacts> {
  const grace = 500;
  for (const spent of [0, 499, 500, 501, 2999, 3000, 3001, 1e9]) {
    for (const requests of [0, 1, 2, 3]) {
      for (const busy of [0, 1, 1000]) {
        for (const uncommitted of [0, 1]) {
          for (const leaving of requests > 0 ? [true] : [true, false]) {
            for (const graceBy of [7, 7 + spent, 8 + spent]) {
              const times = { now: 7 + spent, since: 7, graceMs: grace, graceBy };
              yield { ...times, leaving, requests, busy, uncommitted };
            }
          }
        }
      }
    }
  }
}

describe("nextPhase", () => {
  test("only goes forward", () => {
    for (const phase of PHASES) {
      for (const facts of allFacts()) {
        const next = nextPhase(phase, facts);
        assert.ok(PHASES.indexOf(next) >= PHASES.indexOf(phase), `${phase} → ${next}`);
      }
    }
  });

  test("runs until it is to leave", () => {
    for (const facts of allFacts()) {
      assert.equal(nextPhase("running", facts), facts.leaving ? "draining" : "running");
    }
  });

  test("drains until nothing is busy, the grace is over or a second request comes", () => {
    for (const facts of allFacts()) {
      const over = facts.now - facts.since >= facts.graceMs || facts.requests > 1;
      const expected = facts.busy === 0 ? "committing" : over ? "aborting" : "draining";
      assert.equal(nextPhase("draining", facts), expected);
    }
  });

  test("waits for the aborted until they settle or 3 s are over", () => {
    for (const facts of allFacts()) {
      const over = facts.busy === 0 || facts.now - facts.since >= ABORT_WAIT_MS;
      assert.equal(nextPhase("aborting", facts), over ? "committing" : "aborting");
    }
  });

  test("waits for the last commit until it is confirmed, or 3 s and what was left of a request's grace are over", () => {
    for (const facts of allFacts()) {
      const graceLeft = facts.requests === 1 && facts.now < facts.graceBy;
      const over = facts.uncommitted === 0 ||
        (facts.now - facts.since >= COMMIT_WAIT_MS && !graceLeft);
      assert.equal(nextPhase("committing", facts), over ? "closing" : "committing");
    }
  });

  test("what only time can end is over when it is due, and not before", () => {
    for (const phase of ["draining", "aborting", "committing"] as const) {
      for (const facts of allFacts()) {
        const due = phaseDue(phase, facts);
        const waiting = { ...facts, busy: 1, uncommitted: 1 };
        assert.notEqual(nextPhase(phase, { ...waiting, now: due }), phase);
        if (facts.requests < 2) {
          assert.equal(nextPhase(phase, { ...waiting, now: due - 1 }), phase);
        }
      }
    }
    for (const phase of ["running", "closing"] as const) {
      assert.equal(phaseDue(phase, calm), Infinity);
    }
  });

  test("closing is the end", () => {
    for (const facts of allFacts()) assert.equal(nextPhase("closing", facts), "closing");
  });

  test("the whole never takes longer than the grace and 6 s, whatever happens", () => {
    const moment = fc.record({
      passed: fc.nat({ max: 2000 }),
      busy: fc.nat({ max: 2 }),
      uncommitted: fc.nat({ max: 2 }),
      leaving: fc.constant(true),
      requests: fc.integer({ min: 0, max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(moment, { minLength: 1 }), fc.nat({ max: 5000 }), (moments, graceMs) => {
        let [phase, since, now]: [ShutdownPhase, number, number] = ["draining", 0, 0];
        // What the moments say goes round and round; a turn takes at most as long as the longest.
        for (let turn = 0; phase !== "closing"; turn++) {
          const { passed, ...facts } = moments[turn % moments.length]!;
          now += passed + 1;
          const next = nextPhase(phase, {
            ...calm,
            ...facts,
            now,
            since,
            graceMs,
            graceBy: graceMs,
          });
          if (next !== phase) [phase, since] = [next, now];
          const turns = 3 * 2001;
          assert.ok(now <= graceMs + ABORT_WAIT_MS + COMMIT_WAIT_MS + turns, `at ${now} ${phase}`);
        }
      }),
    );
  });
});

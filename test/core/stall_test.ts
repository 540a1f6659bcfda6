import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { decideStall, type StallBounds, type StallFacts } from "../../src/core/stall.ts";

const START = { progress: 0, since: 0, stalled: false };

/** Looks at all facts in turn; what was decided each time. */
function decide(facts: readonly StallFacts[], bounds: StallBounds) {
  let state = START;
  return facts.map((one) => {
    const decision = decideStall(state, one, bounds);
    state = decision.state;
    return decision;
  });
}

const changes = (facts: readonly StallFacts[], bounds: StallBounds) =>
  decide(facts, bounds).map(({ change }) => change);

describe("decideStall", () => {
  test("tells a stall once, and its end with how long it took", () => {
    const bounds = { afterMs: 100, exitMs: null };
    const facts = [
      { now: 99, progress: 0, lagging: true },
      { now: 100, progress: 0, lagging: true },
      { now: 5000, progress: 0, lagging: true },
      { now: 6000, progress: 1, lagging: true },
      { now: 6099, progress: 1, lagging: true },
      { now: 6100, progress: 1, lagging: true },
      { now: 6200, progress: 1, lagging: false },
    ];
    assert.deepEqual(changes(facts, bounds), [
      null,
      "stalled",
      null,
      "ended",
      null,
      "stalled",
      "ended",
    ]);
    assert.equal(decide(facts, bounds)[3]!.forMs, 6000);
  });

  test("counts from the moment when there was lag, not from the last progress", () => {
    const facts = [
      { now: 1_000_000, progress: 0, lagging: false },
      { now: 1_000_050, progress: 0, lagging: true },
      { now: 1_000_100, progress: 0, lagging: true },
    ];
    assert.deepEqual(changes(facts, { afterMs: 100, exitMs: null }), [null, null, "stalled"]);
  });

  test("leaves at its own time, and has told the stall by then", () => {
    const facts = [10, 20, 30].map((now) => ({ now, progress: 0, lagging: true }));
    for (const afterMs of [null, 30, 20, 10]) {
      const decisions = decide(facts, { afterMs, exitMs: 20 });
      assert.deepEqual(decisions.map(({ leave }) => leave), [false, true, true]);
      assert.equal(decisions.filter(({ change }) => change === "stalled").length, 1);
      assert.equal(decisions[1]!.state.stalled, true);
    }
  });

  test("without bounds never stalls", () => {
    const facts = [{ now: 1e12, progress: 0, lagging: true }];
    assert.deepEqual(changes(facts, { afterMs: null, exitMs: null }), [null]);
  });

  const anyBound = fc.option(fc.integer({ min: 1, max: 200 }), { nil: null });
  const anyFacts = fc.array(
    fc.record({
      ms: fc.integer({ min: 0, max: 100 }),
      moves: fc.boolean(),
      lagging: fc.boolean(),
    }),
    { maxLength: 60 },
  ).map((steps) => {
    let [now, progress] = [0, 0];
    return steps.map(({ ms, moves, lagging }) => {
      now += ms;
      progress += moves ? 1 : 0;
      return { now, progress, lagging };
    });
  });

  test("agrees with looking back over all that was seen", () => {
    fc.assert(fc.property(anyFacts, anyBound, anyBound, (facts, afterMs, exitMs) => {
      const decisions = decide(facts, { afterMs, exitMs });
      const least = Math.min(afterMs ?? Infinity, exitMs ?? Infinity);
      facts.forEach(({ now, progress }, index) => {
        // The last look that saw something move, or no lag.
        let last = index;
        for (; last >= 0; last--) {
          const before = facts[last - 1]?.progress ?? 0;
          if (facts[last]!.progress !== before || !facts[last]!.lagging) break;
        }
        const since = last < 0 ? 0 : facts[last]!.now;
        const still = last < index;
        const { state, leave } = decisions[index]!;
        assert.equal(state.progress, progress);
        assert.equal(state.stalled, still && now - since >= least);
        assert.equal(leave, still && now - since >= (exitMs ?? Infinity));
      });
    }));
  });

  test("tells stalls and their ends in turn", () => {
    fc.assert(fc.property(anyFacts, anyBound, (facts, afterMs) => {
      const told = changes(facts, { afterMs, exitMs: null }).filter((change) => change !== null);
      told.forEach((change, index) => assert.equal(change, index % 2 ? "ended" : "stalled"));
    }));
  });
});

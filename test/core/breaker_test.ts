import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Breaker, PROBE_WAIT, PROBES_TO_CLOSE, RATIO_OF } from "../../src/core/breaker.ts";

const NOW = 1000;

function opened(policy = { run: 3, ratio: null as number | null }): Breaker {
  const breaker = new Breaker(policy);
  while (breaker.gaveUp(NOW, 0) === null);
  return breaker;
}

/** Gives `count` up; the reasons that were told. */
function giveUp(breaker: Breaker, count: number): (string | null)[] {
  return Array.from({ length: count }, () => breaker.gaveUp(NOW, 0)).filter((one) => one !== null);
}

describe("Breaker, closed", () => {
  test("opens at so many given up on end; a success begins the count anew", () => {
    const breaker = new Breaker({ run: 3, ratio: null });
    assert.deepEqual(giveUp(breaker, 2), []);
    breaker.succeeded();
    assert.deepEqual(giveUp(breaker, 2), []);
    assert.equal(breaker.state, "closed");
    assert.equal(breaker.gaveUp(NOW, 0), "3 messages on end were given up");
    assert.equal(breaker.state, "open");
  });

  test("opens at the ratio, of at least 100 outcomes and of the last 1,000 alone", () => {
    const breaker = new Breaker({ run: null, ratio: 0.5 });
    assert.deepEqual(giveUp(breaker, 99), []);
    assert.equal(breaker.gaveUp(NOW, 0), "100 of the last 100 messages were given up");

    const second = new Breaker({ run: null, ratio: 0.5 });
    for (let i = 0; i < 5000; i++) second.succeeded();
    assert.deepEqual(giveUp(second, 499), []);
    assert.equal(second.gaveUp(NOW, 0), "500 of the last 1000 messages were given up");
  });

  test("never opens where both are off, and does not begin with probing then", () => {
    const breaker = new Breaker({ run: null, ratio: null });
    assert.equal(breaker.startProbing(), false);
    assert.deepEqual(giveUp(breaker, 10_000), []);
    assert.equal(breaker.state, "closed");
  });

  test("begins with probing only where nothing is known yet", () => {
    const known = new Breaker({ run: 3, ratio: null });
    known.succeeded();
    assert.equal(known.startProbing(), false);
    assert.equal(known.state, "closed");
    const fresh = new Breaker({ run: 3, ratio: 0.5 });
    assert.equal(fresh.startProbing(), true);
    assert.equal(fresh.state, "probing");
    assert.equal(fresh.startProbing(), false);
  });
});

describe("Breaker, open", () => {
  test("lets a probe through after a wait that doubles with each that fails, up to a minute", () => {
    const breaker = opened();
    const waits: number[] = [];
    let now = NOW;
    for (let probe = 0; probe < 9; probe++) {
      waits.push(breaker.probeAt - now);
      breaker.advance(breaker.probeAt - 1);
      assert.equal(breaker.state, "open");
      now = breaker.probeAt;
      breaker.advance(now);
      assert.equal(breaker.state, "probing");
      assert.equal(breaker.probeAt, Infinity);
      // The largest random number draws the whole wait.
      breaker.probeFailed(now, 1 - Number.EPSILON);
    }
    assert.deepEqual(
      waits.map(Math.round),
      [500, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000],
    );
  });

  test("closes after so many successes on end, and forgets what opened it", () => {
    const breaker = opened({ run: 3, ratio: 0.5 });
    breaker.advance(breaker.probeAt);
    for (let i = 1; i < PROBES_TO_CLOSE; i++) assert.equal(breaker.probePassed(), false);
    breaker.probeFailed(NOW, 0);
    assert.equal(breaker.probesFailed, 1);
    breaker.advance(Infinity);
    for (let i = 1; i < PROBES_TO_CLOSE; i++) assert.equal(breaker.probePassed(), false);
    assert.equal(breaker.probePassed(), true);
    assert.equal(breaker.state, "closed");
    assert.equal(breaker.probesFailed, 0);
    assert.deepEqual(giveUp(breaker, 2), []);
  });

  test("counts no outcome of what began before it opened", () => {
    const breaker = opened();
    assert.equal(breaker.gaveUp(NOW, 0), null);
    breaker.succeeded();
    assert.equal(breaker.probePassed(), false);
    breaker.probeFailed(NOW + 10_000, 0);
    assert.equal(breaker.probeAt, NOW + PROBE_WAIT.min / 2);
  });
});

/** The same, with all that ever happened kept as it came. */
class Model {
  state = "closed";
  outcomes: boolean[] = [];
  probes: boolean[] = [];
  probeAt = 0;
  readonly run: number | null;
  readonly ratio: number | null;

  constructor(run: number | null, ratio: number | null) {
    this.run = run;
    this.ratio = ratio;
  }

  outcome(good: boolean, now: number, random: number): void {
    if (this.state !== "closed") return;
    this.outcomes.push(good);
    if (good) return;
    const last = this.run === null ? [] : this.outcomes.slice(-this.run);
    const window = this.outcomes.slice(-RATIO_OF.most);
    const bad = window.filter((one) => !one).length;
    if (
      (this.run !== null && last.length === this.run && last.every((one) => !one)) ||
      (this.ratio !== null && window.length >= RATIO_OF.least && bad / window.length >= this.ratio)
    ) this.open(now, random);
  }

  probe(good: boolean, now: number, random: number): void {
    if (this.state !== "probing") return;
    this.probes.push(good);
    if (!good) return this.open(now, random);
    const last = this.probes.slice(-PROBES_TO_CLOSE);
    if (last.length < PROBES_TO_CLOSE || !last.every((one) => one)) return;
    this.state = "closed";
    this.outcomes = [];
    this.probes = [];
  }

  open(now: number, random: number): void {
    const failed = this.probes.length - 1 - this.probes.lastIndexOf(true);
    const wait = Math.min(PROBE_WAIT.max, PROBE_WAIT.min * 2 ** failed);
    this.state = "open";
    this.probeAt = now + wait * (0.5 + random / 2);
  }
}

test("Breaker does what the model does, whatever comes in whatever order", () => {
  const step = fc.oneof(
    fc.record({
      do: fc.constant("outcomes" as const),
      good: fc.boolean(),
      count: fc.integer({ min: 1, max: 400 }),
    }),
    fc.record({ do: fc.constant("probe" as const), good: fc.boolean() }),
    fc.record({ do: fc.constant("probes pass" as const) }),
    fc.record({ do: fc.constant("wait" as const), ms: fc.nat({ max: 70_000 }) }),
  );
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(fc.property(
    fc.option(fc.integer({ min: 1, max: 300 })),
    fc.option(fc.constantFrom(0.01, 0.25, 0.5, 1)),
    fc.boolean(),
    random,
    fc.array(step, { maxLength: 60 }),
    (run, ratio, half, random, steps) => {
      const [breaker, model] = [new Breaker({ run, ratio }), new Model(run, ratio)];
      let now = 0;
      if (half && breaker.startProbing()) model.state = "probing";
      const probe = (good: boolean) => {
        if (good) breaker.probePassed();
        else breaker.probeFailed(now, random);
        model.probe(good, now, random);
      };
      for (const step of steps) {
        switch (step.do) {
          case "outcomes":
            for (let i = 0; i < step.count; i++) {
              if (step.good) breaker.succeeded();
              else breaker.gaveUp(now, random);
              model.outcome(step.good, now, random);
              assert.equal(breaker.state, model.state);
            }
            break;
          case "probe":
            probe(step.good);
            break;
          case "probes pass":
            for (let i = 0; i < PROBES_TO_CLOSE; i++) probe(true);
            break;
          case "wait":
            now += step.ms;
            breaker.advance(now);
            if (model.state === "open" && now >= model.probeAt) model.state = "probing";
            break;
          default:
            step satisfies never;
        }
        assert.equal(breaker.state, model.state);
        assert.equal(breaker.probeAt, model.state === "open" ? model.probeAt : Infinity);
      }
    },
  ));
});

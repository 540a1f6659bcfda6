import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { EventLimiter } from "../../src/render/event_limiter.ts";
import { formatEvent } from "../../src/render/event_text.ts";
import { createTheme } from "../../src/render/theme.ts";
import { assertGolden } from "./golden.ts";
import { anyText } from "./arbitraries.ts";
import { EVENTS } from "./events.ts";
import { AT } from "./snapshots.ts";

test("formatEvent tells each event in a sentence", () => {
  const all = (theme: ReturnType<typeof createTheme>) =>
    Object.values(EVENTS).map((event) => formatEvent(event, AT, theme)).join("\n");
  assertGolden("events", all(createTheme(0, true)));
  assertGolden("events_colour", all(createTheme(1, true)));
});

test("formatEvent lets nothing harmful through", () => {
  fc.assert(fc.property(anyText, (text) => {
    for (const ascii of [false, true]) {
      const theme = createTheme(0, !ascii);
      for (const event of Object.values(EVENTS)) {
        // Every text of every event, also in lists, becomes the hostile one.
        const hostile = JSON.parse(
          JSON.stringify(event),
          (name, value) =>
            typeof value === "string" && !["event", "change", "level"].includes(name) &&
              (name !== "reason" || event.event !== "offset-reset")
              ? text
              : value,
        );
        const line = formatEvent(hostile, AT, theme);
        assert.doesNotMatch(line, /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u);
        if (ascii) assert.match(line, /^[ -~]*$/);
      }
    }
  }));
});

test("EventLimiter lets fifty of a kind through each second and counts the others", () => {
  const limiter = new EventLimiter();
  const admitted = (count: number, event = EVENTS.dead) =>
    Array.from({ length: count }, () => limiter.admit(event)).filter(Boolean).length;
  assert.equal(admitted(1000), 50);
  assert.equal(limiter.admit(EVENTS.skipped), true);
  assert.deepEqual(limiter.takeHeldBack(), [{ event: "dead", count: 950 }]);
  assert.equal(admitted(10), 10);
  assert.deepEqual(limiter.takeHeldBack(), []);
});

test("EventLimiter bounds neither a user's own log lines nor what comes once for a worker", () => {
  const limiter = new EventLimiter();
  for (let i = 0; i < 1000; i++) {
    assert.ok(limiter.admit(EVENTS.log));
    assert.ok(limiter.admit(EVENTS.rebalance));
  }
  assert.deepEqual(limiter.takeHeldBack(), []);
});

test("formatEvent tells whose event it is, and what a second Ctrl-C does", () => {
  const text = (event: Parameters<typeof formatEvent>[0]) =>
    formatEvent(event, AT, createTheme(0, true)).replace(/^\S+ \w+ +/, "");
  const draining = { event: "draining", reason: "SIGINT", inFlight: 2 } as const;
  assert.equal(text(draining), "Draining, 2 attempts in flight: SIGINT; once more aborts them");
  assert.equal(text({ ...draining, inFlight: 0 }), "Draining, 0 attempts in flight: SIGINT");
  assert.equal(
    text({ ...EVENTS["breaker-closed"], process: 3 }),
    "[3] Breaker of resizeImage closed",
  );
});

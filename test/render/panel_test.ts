import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { renderPanel } from "../../src/render/panel.ts";
import { createTheme } from "../../src/render/theme.ts";
import { measure } from "../../src/render/width.ts";
import type { Snapshot } from "../../src/stats/snapshot.ts";
import { assertGolden } from "./golden.ts";
import { anySnapshot } from "./arbitraries.ts";
import { busySnapshot, crowdedSnapshot, task, youngSnapshot } from "./snapshots.ts";

const PLAIN = createTheme(0, true);
const COLOURED = createTheme(1, true);
const ASCII = createTheme(0, false);
const HARMFUL = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

const cases: [name: string, snapshot: Snapshot][] = [
  ["busy", busySnapshot()],
  ["young", youngSnapshot()],
  ["crowded", crowdedSnapshot()],
];
for (const [name, snapshot] of cases) {
  for (const columns of [40, 80, 120, 200]) {
    test(`renderPanel of a ${name} worker at ${columns} columns`, () => {
      assertGolden(`panel_${name}_${columns}`, renderPanel(snapshot, { columns, rows: 26 }, PLAIN));
    });
  }
}

test("renderPanel in colour at 80 columns", () => {
  const size = { columns: 80, rows: 26 };
  const coloured = renderPanel(busySnapshot(), size, COLOURED);
  assertGolden("panel_busy_80_colour", coloured);
  assertGolden("panel_crowded_80_colour", renderPanel(crowdedSnapshot(), size, COLOURED));
  assert.equal(withoutColours(coloured), renderPanel(busySnapshot(), size, PLAIN));
});

test("renderPanel without Unicode at 80 columns is ASCII", () => {
  const text = renderPanel(busySnapshot(), { columns: 80, rows: 26 }, ASCII);
  assertGolden("panel_busy_80_ascii", text);
  assert.match(text, /^[\n -~]*$/);
});

test("renderPanel tells the state in words when there are no colours", () => {
  const size = { columns: 80, rows: 26 };
  assert.match(renderPanel(busySnapshot({ state: "aborting" }), size, PLAIN), /aborting/);
  const down = busySnapshot({ broker: { state: "down", sinceMs: 12_000 } });
  assert.match(renderPanel(down, { columns: 40, rows: 26 }, PLAIN), /broker DOWN 12s/);
});

test("renderPanel tells how many of several processes run", () => {
  const header = (running: number, state: "running" | "stopped" = "running") =>
    renderPanel(
      busySnapshot({ state, processes: { running, of: 4 } }),
      { columns: 80, rows: 26 },
      PLAIN,
    ).split("\n")[0]!;
  assert.match(header(4), /image-workers, 4 processes /);
  assert.match(header(3), /image-wo…, 3 of 4 processes /);
  assert.match(header(0, "stopped"), /image-workers, 4 processes /);
});

test("renderPanel tells no lag of a topic none of whose partitions are here", () => {
  const topics = [{ topic: "elsewhere", partitions: [], lag: 0, blocked: null }];
  const text = renderPanel(busySnapshot({ topics }), { columns: 80, rows: 26 }, PLAIN);
  assert.match(text, /^ *elsewhere +0 +- /m);
});

test("renderPanel keeps its order while all tasks fit, and shows the busiest when they do not", () => {
  const tasks = Array.from(
    { length: 30 },
    (_, index) => task(`t${index}`, "t", { inFlight: index }),
  );
  const snapshot = busySnapshot({ tasks, topics: [] });
  const names = (rows: number) =>
    renderPanel(snapshot, { columns: 80, rows }, PLAIN).match(/^t\d+/gm);
  assert.deepEqual(names(60), tasks.map(({ name }) => name));
  assert.deepEqual(names(10), ["t29", "t28", "t27"]);
  const text = renderPanel(snapshot, { columns: 80, rows: 10 }, PLAIN);
  assert.match(text, /^… and 27 more tasks, 351 in flight$/m);
});

test("renderPanel keeps its height while a message begins to hold a watermark back", () => {
  const free = busySnapshot();
  for (const topic of free.topics) topic.blocked = null;
  const size = { columns: 80, rows: 40 };
  const height = (snapshot: Snapshot) => renderPanel(snapshot, size, PLAIN).split("\n").length;
  assert.equal(height(free), height(busySnapshot()));
});

test("renderPanel keeps its bar's length while figures change their number of digits", () => {
  const length = (inFlight: number) =>
    renderPanel(busySnapshot({ inFlight }), { columns: 80, rows: 24 }, PLAIN)
      .split("\n").find((line) => line.startsWith("in flight"))!.match(/[█▏▎▍▌▋▊▉░]+/)![0].length;
  assert.deepEqual([length(0), length(7), length(999), length(1000)], [39, 39, 39, 39]);
});

test("renderPanel never exceeds columns or rows, nor lets anything harmful through", () => {
  fc.assert(
    fc.property(
      anySnapshot,
      fc.integer({ min: 1, max: 250 }),
      fc.integer({ min: 1, max: 60 }),
      fc.constantFrom(PLAIN, COLOURED, ASCII),
      (snapshot, columns, rows, theme) => {
        const lines = renderPanel(snapshot, { columns, rows }, theme).split("\n");
        assert.ok(lines.length <= rows, `${lines.length} lines in ${rows} rows`);
        for (const line of lines) {
          const text = withoutColours(line);
          assert.ok(measure(text) <= columns, `${measure(text)} columns in ${columns}: ${text}`);
          assert.doesNotMatch(text, HARMFUL);
          if (theme === ASCII) assert.match(text, /^[ -~]*$/);
        }
      },
    ),
    { numRuns: 300 },
  );
});

function withoutColours(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/\x1b\[\d+m/g, "");
}

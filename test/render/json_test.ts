import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { formatEventJson, formatStatsJson, formatSummaryJson } from "../../src/render/json.ts";
import { anySnapshot, anyText } from "./arbitraries.ts";
import { EVENTS } from "./events.ts";
import { AT, busySnapshot } from "./snapshots.ts";

const DOC = readFileSync(new URL("../../docs/stats.md", import.meta.url), "utf8");
const HARMFUL =
  // deno-lint-ignore no-control-regex
  /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

test("formatStatsJson and formatSummaryJson have exactly the fields that docs/stats.md names", () => {
  const documented = new Set(
    [...section("### `stats` and `summary`").matchAll(/^\| `([^`]+)` +\|/gm)].map(([, path]) =>
      path!
    ),
  );
  for (const format of [formatStatsJson, formatSummaryJson]) {
    const actual = paths(JSON.parse(format(busySnapshot())));
    assert.deepEqual([...actual].sort(), [...documented].sort());
  }
});

test("formatEventJson has exactly the events and fields that docs/stats.md names", () => {
  const documented = new Map(
    [...section("### `event`").matchAll(/^\| `([^`]+)` +\| ([^|]*) \|/gm)].map(([, kind, fields]) =>
      [kind!, [...fields!.matchAll(/`(\w+)`/g)].map(([, field]) => field!)] as const
    ),
  );
  assert.deepEqual([...documented.keys()].sort(), Object.keys(EVENTS).sort());
  for (const [kind, event] of Object.entries(EVENTS)) {
    const { type, at, event: name, ...fields } = JSON.parse(formatEventJson(event, AT));
    assert.deepEqual([type, at, name], ["event", "2026-11-22T13:30:10.123Z", kind]);
    assert.deepEqual(Object.keys(fields).sort(), [...documented.get(kind)!].sort(), kind);
  }
});

test("docs/stats.md shows the panel as it is", () => {
  const golden = readFileSync(new URL("./golden/panel_busy_80.txt", import.meta.url), "utf8");
  const known = new Set(golden.split("\n"));
  const shown = section("## The panel").match(/```\n([^]*?)```/)![1]!.trimEnd().split("\n");
  for (const line of shown) assert.ok(known.has(line), `the panel has no such line: ${line}`);
});

test("formatStatsJson keeps the figures as they are", () => {
  const snapshot = busySnapshot();
  const { type, at, tasks, ...rest } = JSON.parse(formatStatsJson(snapshot));
  assert.equal(type, "stats");
  assert.equal(Date.parse(at), snapshot.at);
  assert.deepEqual(rest, (({ at: _a, tasks: _t, ...others }) => others)(snapshot));
  assert.equal(tasks[0].done, 1_204_311);
});

test("formatEventJson takes any fields of a user's log", () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const fields = (value: unknown) =>
    JSON.parse(formatEventJson({ ...EVENTS.log, fields: value }, AT)).fields;
  assert.deepEqual(fields({ big: 12n, why: new TypeError("no") }), {
    big: "12",
    why: { name: "TypeError", message: "no" },
  });
  assert.equal(fields(circular), null);
  assert.equal(
    fields({
      toJSON() {
        throw new Error("no");
      },
    }),
    null,
  );
});

test("JSON lines are one line each, harmless, and read back as they were", () => {
  fc.assert(fc.property(anySnapshot, anyText, (snapshot, message) => {
    const stats = formatStatsJson(snapshot);
    const event = formatEventJson({ ...EVENTS.log, message }, snapshot.at);
    for (const line of [stats, event]) assert.doesNotMatch(line, HARMFUL);
    assert.equal(JSON.parse(event).message, message);
    assert.equal(JSON.parse(stats).group, snapshot.group);
  }));
});

/** The part of the document under a heading, to the next of the same or a higher level. */
function section(heading: string): string {
  const start = DOC.indexOf(`\n${heading}\n`);
  assert.ok(start >= 0, `docs/stats.md has no ${heading}`);
  const level = heading.match(/^#+/)![0];
  const rest = DOC.slice(start + heading.length + 2);
  const end = rest.search(new RegExp(`^#{1,${level.length}} `, "m"));
  return end < 0 ? rest : rest.slice(0, end);
}

/** All paths of a value as the document writes them; an object that may be `null` is named itself too. */
function paths(value: unknown, prefix = ""): Set<string> {
  const found = new Set<string>();
  const into = (path: string, child: unknown) => {
    if (Array.isArray(child)) child.forEach((one) => into(`${path}[]`, one));
    else if (child !== null && typeof child === "object") {
      for (const nested of paths(child, `${path}.`)) found.add(nested);
    } else found.add(path);
  };
  for (const [key, child] of Object.entries(value as object)) into(`${prefix}${key}`, child);
  return found;
}

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatEventJson } from "../../src/render/json.ts";
import { formatEventLine } from "../../src/render/lines.ts";
import { watchdogLines } from "../../src/render/watchdog_lines.ts";

const stream = { isTTY: false } as NodeJS.WriteStream;
const env = { NO_COLOR: "1", LANG: "C.UTF-8" };
const AT = Date.parse("2026-11-22T13:30:10.123Z");

/** Puts in what the watchdog would, as src/native/watchdog.cc does. */
function fill(line: string, values: Record<string, string>): string {
  return line.replace(/\{(at|clock|ms|seconds|reason|tasks?)\}/g, (_, name) => values[name]!);
}

describe("watchdogLines", () => {
  for (const tasks of [["resizeImage", "sendWebhook"], ["send mail", 'a"b\\c\x1b[2J']]) {
    test(`of ${tasks[0]} are those of the event itself, as lines and as JSON`, () => {
      for (
        const [mode, format] of [["lines", formatEventLine], ["json", formatEventJson]] as const
      ) {
        const lines = watchdogLines({ mode, tasks, stream, env });
        const values = {
          at: "2026-11-22T13:30:10.123Z",
          ms: "1234",
          reason: "because",
          task: lines.tasks[1]!,
          tasks: lines.tasks.join(lines.separator),
        };
        // A reason is quoted here as those with a space would be.
        const written = (line: string) =>
          fill(line, values).replace('reason="because"', "reason=because");
        const blocked = { event: "loop-blocked", blockedMs: 1234, over: false } as const;
        const forced = { event: "forced-exit", reason: "because" } as const;
        const [first, second] = tasks as [string, string];
        for (
          const [form, task, candidates] of [
            ["known", second, []],
            ["candidates", null, [first, second]],
            ["nobody", null, []],
          ] as const
        ) {
          const who = { task, candidates: [...candidates] };
          const { blockedMs, over } = blocked;
          assert.equal(
            written(lines.blocked[form]),
            format({ event: "loop-blocked", ...who, blockedMs, over }, AT),
          );
          assert.equal(written(lines.forced[form]), format({ ...forced, ...who }, AT));
        }
        assert.equal(lines.restore, "");
      }
    });
  }

  test("give a terminal its cursor back, and are sentences there", () => {
    const lines = watchdogLines({ mode: "tty", tasks: ["a", "b\x1b"], stream, env });
    assert.equal(lines.restore, "\r\n\x1b[?25h");
    assert.equal(
      lines.blocked.known,
      "{clock} warn  The event loop has been blocked for {seconds} by {task}",
    );
    assert.match(lines.forced.candidates, /\{reason\}.*\(in flight: \{tasks\}\)$/);
    assert.deepEqual(lines.tasks, ["a", "b\\x1b"]);
  });
});

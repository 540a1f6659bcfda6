import assert from "node:assert/strict";
import { test } from "node:test";
import {
  chooseStatsMode,
  colourLevel,
  reflows,
  type StatsMode,
  supportsUnicode,
  takesColours,
} from "../../src/render/terminal_support.ts";

const TTY = { isTTY: true };
const PIPE = {};

test("chooseStatsMode draws a panel only on a terminal that can", () => {
  const cases: [StatsMode, object, Record<string, string>, StatsMode][] = [
    ["tty", TTY, { TERM: "xterm-256color" }, "tty"],
    ["tty", TTY, {}, "tty"],
    ["tty", PIPE, { TERM: "xterm-256color" }, "lines"],
    ["tty", PIPE, {}, "lines"],
    ["tty", TTY, { TERM: "dumb" }, "lines"],
    ["lines", TTY, {}, "lines"],
    ["json", TTY, {}, "json"],
    ["off", PIPE, {}, "off"],
  ];
  for (const [asked, stream, env, expected] of cases) {
    assert.equal(chooseStatsMode(asked, stream, env), expected);
  }
});

test("colourLevel and takesColours obey FORCE_COLOR, then NO_COLOR, then the terminal", () => {
  const cases: [Record<string, string>, object, number][] = [
    [{ TERM: "xterm" }, TTY, 1],
    [{}, TTY, 1],
    [{ TERM: "xterm-256color" }, TTY, 2],
    [{ TERM: "xterm", COLORTERM: "truecolor" }, TTY, 3],
    [{ TERM: "dumb" }, TTY, 0],
    [{ TERM: "xterm" }, PIPE, 0],
    [{ NO_COLOR: "1", COLORTERM: "truecolor" }, TTY, 0],
    [{ NO_COLOR: "" }, TTY, 1],
    [{ FORCE_COLOR: "" }, PIPE, 1],
    [{ FORCE_COLOR: "true" }, PIPE, 1],
    [{ FORCE_COLOR: "3", NO_COLOR: "1" }, PIPE, 3],
    [{ FORCE_COLOR: "2", TERM: "dumb" }, PIPE, 2],
    [{ FORCE_COLOR: "0", COLORTERM: "truecolor" }, TTY, 0],
    [{ FORCE_COLOR: "false" }, TTY, 0],
  ];
  for (const [env, stream, expected] of cases) {
    assert.equal(colourLevel(env, stream), expected, JSON.stringify(env));
    assert.equal(takesColours(stream, env), expected > 0, JSON.stringify(env));
  }
});

test("supportsUnicode goes by the locale's character set", () => {
  const cases: [Record<string, string>, boolean][] = [
    [{}, true],
    [{ LANG: "de_CH.UTF-8" }, true],
    [{ LANG: "C.utf8" }, true],
    [{ LANG: "C" }, false],
    [{ LANG: "en_US.ISO-8859-1" }, false],
    [{ LANG: "en_US.UTF-8", LC_ALL: "POSIX" }, false],
    [{ LANG: "C", LC_CTYPE: "C.UTF-8" }, true],
    [{ LANG: "de_CH.UTF-8", LC_ALL: "" }, true],
    [{ LANG: "de_CH.UTF-8", TERM: "linux" }, false],
  ];
  for (const [env, expected] of cases) {
    assert.equal(supportsUnicode(env), expected, JSON.stringify(env));
  }
});

test("reflows knows the terminals that do not wrap lines anew", () => {
  const cases: [Record<string, string>, boolean][] = [
    [{ TERM: "xterm-256color" }, true],
    [{ TERM: "xterm-kitty" }, true],
    [{ TERM: "screen-256color", TMUX: "/run/tmux" }, true],
    [{ TERM: "screen-256color" }, false],
    [{ TERM: "xterm-256color", XTERM_VERSION: "XTerm(390)" }, false],
    [{ TERM: "linux" }, false],
    [{ TERM: "rxvt-unicode-256color" }, false],
  ];
  for (const [env, expected] of cases) assert.equal(reflows(env), expected, JSON.stringify(env));
});

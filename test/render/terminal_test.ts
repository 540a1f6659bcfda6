/** The live panel in a real terminal. The program that draws it is fixtures/panel_program.ts. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { hasTmux, type TerminalOptions, TmuxTerminal } from "./tmux.ts";

const PROGRAM = fileURLToPath(new URL("./fixtures/panel_program.ts", import.meta.url));
/** The product runs on Bun; there its console and signals have their own ways. */
const skip = process.versions.bun === undefined
  ? "the terminal is tested under Bun"
  : hasTmux()
  ? false
  : "tmux is not installed";
const PROMPT = "prompt:";

function terminalTest(
  name: string,
  size: TerminalOptions,
  run: (terminal: TmuxTerminal) => Promise<void>,
): void {
  test(name, { skip, timeout: 60_000 }, async () => {
    const terminal = new TmuxTerminal(size);
    try {
      await terminal.until((screen) => screen.includes(PROMPT), { what: "the shell" });
      await run(terminal);
    } finally {
      terminal.close();
    }
  });
}

function start(terminal: TmuxTerminal, scenario: string, redirect = ""): void {
  terminal.type(`clear; LANG=C.UTF-8 '${process.execPath}' '${PROGRAM}' ${scenario} ${redirect}`);
}

const ready = { what: "the panel with the user's lines" };
const isReady = (screen: string) => /^ready$/m.test(screen) && /^memory /m.test(screen);
const headers = (screen: string) => screen.match(/^── .*running/gm)?.length ?? 0;
// A screen with nothing but a prompt is that of a shell which has not yet read the command.
const untilLeft = (terminal: TmuxTerminal) =>
  terminal.until((screen) => screen !== PROMPT && screen.endsWith(PROMPT), {
    what: "the prompt after the program",
  });

terminalTest(
  "LiveTerminal keeps the user's lines above the panel",
  { columns: 80, rows: 30 },
  async (terminal) => {
    start(terminal, "steady");
    const screen = await terminal.until(isReady, ready);
    assert.deepEqual(screen.split("\n").slice(0, 3), [
      "first line of the user's",
      "second, by console.error: formatted",
      "a line in three parts",
    ]);
    assert.match(screen.split("\n")[5]!, /^── taskc ── image-workers ─+ ● running/);
    assert.match(screen, /"user-\\x1b\[2J\\n42"/);
    assert.equal(headers(screen), 1);
    assert.equal(terminal.cursorVisible(), false);
  },
);

terminalTest(
  "LiveTerminal redraws rightly after each resize",
  { columns: 100, rows: 36 },
  async (terminal) => {
    start(terminal, "steady");
    await terminal.until(isReady, ready);
    let columns = 100;
    for (const size of [60, 40, 120, 80]) {
      terminal.resize({ columns: size, rows: 36 });
      const screen = await terminal.until(
        (text) => widthOfLastHeader(text) === size && /^memory [^\n]*$/.test(lastLine(text)),
        { what: `a panel of ${size} columns` },
      );
      // Rows that tmux has wrapped into its history come back when there is room again: only what is on
      // the screen can be taken away, and of that nothing is left.
      if (size < columns) assert.equal(headers(screen), 1, screen);
      for (const line of screen.split("\n")) assert.ok([...line].length <= size, line);
      columns = size;
    }
    terminal.resize({ columns: 80, rows: 16 });
    await terminal.until((text) => headers(text) === 1 && isCut(text), { what: "a shorter panel" });
    const lines = terminal.everything().split("\n");
    for (const line of ["first line of the user's", "a line in three parts", "ready"]) {
      assert.equal(lines.filter((one) => one === line).length, 1, `${line} is damaged`);
    }
  },
);

terminalTest("LiveTerminal shows a panel cut to a terminal that is too small", {
  columns: 30,
  rows: 5,
}, async (terminal) => {
  start(terminal, "steady");
  const screen = await terminal.until((text) => /running/.test(text) && /in flight/.test(text), {
    what: "a panel",
  });
  assert.ok(screen.split("\n").length <= 5);
  terminal.press("C-c");
  await untilLeft(terminal);
  assert.equal(terminal.cursorVisible(), true);
});

terminalTest(
  "LiveTerminal loses no line of a flood",
  { columns: 80, rows: 30 },
  async (terminal) => {
    start(terminal, "flood");
    await terminal.until((screen) => /^flood over$/m.test(screen) && headers(screen) === 1, {
      what: "the end of the flood",
      timeoutMs: 30_000,
    });
    const flood = terminal.everything().match(/^flood \d+$/gm);
    assert.deepEqual(flood, Array.from({ length: 20_000 }, (_, index) => `flood ${index + 1}`));
  },
);

terminalTest(
  "LiveTerminal goes on after a stray error that somebody handles",
  { columns: 80, rows: 30 },
  async (terminal) => {
    start(terminal, "stray");
    const screen = await terminal.until(
      (screen) => /^after it$/m.test(screen) && headers(screen) === 1,
      { what: "the panel below the line after the error" },
    );
    assert.match(screen, /^stray: of a task\nafter it$/m);
    assert.equal(terminal.cursorVisible(), false);
  },
);

for (
  const [scenario, last] of [["exit", /^last words$/m], [
    "throw",
    /^error: a defect in the program/m,
  ]] as const
) {
  terminalTest(
    `LiveTerminal gives the terminal back at ${scenario}`,
    { columns: 80, rows: 40 },
    async (terminal) => {
      start(terminal, scenario);
      const screen = await untilLeft(terminal);
      assert.match(screen, last);
      assert.equal(headers(screen), 1);
      assert.equal(terminal.cursorVisible(), true);
    },
  );
}

for (const signal of ["INT", "TERM", "HUP", "QUIT"]) {
  terminalTest(
    `LiveTerminal gives the terminal back at SIG${signal}`,
    { columns: 80, rows: 40 },
    async (terminal) => {
      start(terminal, "steady");
      await terminal.until(isReady, ready);
      assert.equal(terminal.cursorVisible(), false);
      process.kill(pidOf(terminal), `SIG${signal}`);
      const screen = await untilLeft(terminal);
      assert.equal(headers(screen), 1);
      assert.equal(terminal.cursorVisible(), true);
    },
  );
}

terminalTest(
  "LiveTerminal lets its program end when the terminal is closed",
  { columns: 80, rows: 40 },
  async (terminal) => {
    start(terminal, "steady");
    await terminal.until(isReady, ready);
    const pid = pidOf(terminal);
    terminal.close();
    const deadline = performance.now() + 10_000;
    while (isAlive(pid)) {
      assert.ok(performance.now() < deadline, `process ${pid} has outlived its terminal`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  },
);

terminalTest(
  "LiveTerminal is paused by Ctrl-Z and goes on after fg",
  { columns: 80, rows: 40 },
  async (terminal) => {
    start(terminal, "steady");
    await terminal.until(isReady, ready);
    terminal.press("C-z");
    await terminal.until((screen) => screen.endsWith(PROMPT), { what: "the prompt after Ctrl-Z" });
    assert.equal(terminal.cursorVisible(), true);
    assert.equal(headers(terminal.screen()), 0);
    terminal.type("fg");
    await terminal.until((screen) => headers(screen) === 1, { what: "the panel after fg" });
    assert.equal(terminal.cursorVisible(), false);
  },
);

terminalTest(
  "LiveTerminal.stop puts the summary in the panel's place",
  { columns: 80, rows: 30 },
  async (terminal) => {
    start(terminal, "stop");
    const screen = await untilLeft(terminal);
    assert.match(
      screen,
      /^before the stop\n\d\d:\d\d:\d\dZ info {2}Stopped with exit code 0\n── taskc /,
    );
    assert.match(screen, /^[\d,]+ done {3}\d+ failed/m);
    assert.doesNotMatch(screen, /in flight {2}/);
    assert.equal(terminal.cursorVisible(), true);
  },
);

terminalTest(
  "LiveTerminal leaves standard output alone when it is no terminal",
  { columns: 80, rows: 30 },
  async (terminal) => {
    const folder = mkdtempSync(join(tmpdir(), "taskc-test-"));
    try {
      start(terminal, "exit", `> '${folder}/out'`);
      const screen = await untilLeft(terminal);
      assert.doesNotMatch(screen, /last words/);
      assert.equal(readFileSync(join(folder, "out"), "utf8"), "before the exit\nlast words\n");
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

function widthOfLastHeader(screen: string): number {
  return [...(screen.match(/^── .*running.*$/gm)?.at(-1) ?? "")].length;
}

function lastLine(screen: string): string {
  return screen.slice(screen.lastIndexOf("\n") + 1);
}

/** Without empty lines between the parts, for want of rows. */
function isCut(screen: string): boolean {
  return /^── .*running.*\nin flight /m.test(screen);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The program tells its own process in its first lines. */
function pidOf(terminal: TmuxTerminal): number {
  const [, pid] = terminal.screen().match(/^process (\d+)$/m) ?? [];
  assert.ok(pid !== undefined, "the program did not tell its process");
  return Number(pid);
}

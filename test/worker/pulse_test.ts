import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EXIT } from "../../src/errors.ts";
import { Pulse, pulseCells } from "../../src/worker/pulse.ts";

/** The cells as src/native/watchdog.h lists them. */
const [BEAT, SLEEP, RUNNING, LEAVE_WITHIN, EXIT_CODE, BLAMED, BLAMED_BEAT, IN_FLIGHT] = [
  ...Array(8).keys(),
] as [number, number, number, number, number, number, number, number];

function newPulse(tasks = 2) {
  const cells = new Int32Array(pulseCells(tasks));
  return { cells, pulse: new Pulse(cells) };
}

describe("Pulse", () => {
  test("counts turns, and never comes back to none", () => {
    const { cells, pulse } = newPulse();
    pulse.beat(0, 1000);
    assert.equal(cells[BEAT], 1);
    cells[BEAT] = -1;
    pulse.beat(1, 1000);
    assert.equal(cells[BEAT], 1, "0 is before the first turn");
    cells[BEAT] = 2 ** 31 - 1;
    pulse.beat(2, 1000);
    assert.equal(cells[BEAT], -(2 ** 31));
  });

  test("tells a block from a sleep that was meant", () => {
    const { cells, pulse } = newPulse();
    assert.equal(pulse.beat(50_000, 1000), null, "the first turn comes after nothing");
    pulse.sleep(250);
    assert.equal(cells[SLEEP], 250);
    assert.equal(pulse.beat(51_249, 1000), null);
    assert.equal(cells[SLEEP], 0);
    assert.deepEqual(pulse.beat(52_249, 1000), { blockedMs: 1000, task: -1 });
  });

  test("blames the task that the watchdog found, only for the turn that it looked at", () => {
    const { cells, pulse } = newPulse();
    pulse.beat(0, 1000);
    cells[BLAMED] = 2;
    cells[BLAMED_BEAT] = 1;
    assert.deepEqual(pulse.beat(3000, 1000), { blockedMs: 3000, task: 1 });
    assert.deepEqual(pulse.beat(6000, 1000), { blockedMs: 3000, task: -1 });
  });

  test("knows whose code runs, and what is in flight", () => {
    const { cells, pulse } = newPulse();
    assert.equal(pulse.running, -1);
    pulse.started(1);
    assert.deepEqual([pulse.running, cells[RUNNING]], [1, 2]);
    pulse.yielded();
    pulse.started(1);
    pulse.yielded();
    pulse.ended(1, 1);
    assert.deepEqual([pulse.running, ...cells.slice(IN_FLIGHT)], [-1, 0, 1]);
  });

  test("says for how long a turn has been due, until it rests", () => {
    const { cells, pulse } = newPulse();
    assert.equal(pulse.overdue(1000), 0);
    pulse.beat(1000, 1000);
    pulse.sleep(200);
    assert.equal(pulse.overdue(1100), 0);
    assert.equal(pulse.overdue(1500), 300);
    pulse.rest();
    assert.deepEqual([pulse.overdue(9000), cells[SLEEP]], [0, -1]);
  });

  test("passes on the deadline and the exit code, within what a cell holds", () => {
    const { cells, pulse } = newPulse();
    pulse.leaveWithin(1e12);
    pulse.exitWith(EXIT.bug);
    assert.deepEqual([cells[LEAVE_WITHIN], cells[EXIT_CODE]], [2 ** 31 - 1, 70]);
  });
});

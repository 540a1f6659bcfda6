import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Idle } from "../../src/worker/idle.ts";
import { Pulse, pulseCells } from "../../src/worker/pulse.ts";

/** The sleeps that `pauses` ask for, in milliseconds; they end at once. `null` is a mere yield. */
async function sleepsOf(pauses: (idle: Idle) => Promise<void>, longest = 100): Promise<number[]> {
  const sleeps: number[] = [];
  const real = globalThis.setTimeout;
  globalThis.setTimeout = ((end: () => void, ms: number) => {
    sleeps.push(ms);
    return real(end, 0);
  }) as typeof setTimeout;
  try {
    await pauses(new Idle(longest, new Pulse(new Int32Array(pulseCells(0)))));
  } finally {
    globalThis.setTimeout = real;
  }
  return sleeps;
}

describe("Idle", () => {
  test("sleeps longer and longer, up to the idle sleep", async () => {
    const sleeps = await sleepsOf(async (idle) => {
      for (let i = 0; i < 10; i++) await idle.pause(false, Infinity);
    });
    assert.deepEqual(sleeps, [1, 2, 4, 8, 16, 32, 64, 100, 100, 100]);
  });

  test("only yields while there is something to do, and starts over with short sleeps", async () => {
    const sleeps = await sleepsOf(async (idle) => {
      for (let i = 0; i < 5; i++) await idle.pause(false, Infinity);
      await idle.pause(true, Infinity);
      await idle.pause(true, Infinity);
      await idle.pause(false, Infinity);
    });
    assert.deepEqual(sleeps, [1, 2, 4, 8, 16, 1]);
  });

  test("sleeps no longer than until the next thing is due, and not at all when it is", async () => {
    const sleeps = await sleepsOf(async (idle) => {
      for (let i = 0; i < 5; i++) await idle.pause(false, Infinity);
      await idle.pause(false, 3.2);
      await idle.pause(false, 0);
      await idle.pause(false, -5);
    });
    assert.deepEqual(sleeps, [1, 2, 4, 8, 16, 4]);
  });

  test("a wake-up ends the sleep", async () => {
    const real = globalThis.setTimeout;
    let asked = 0;
    // A timer that never fires: nothing but the wake-up can end this sleep.
    globalThis.setTimeout = ((_: () => void, ms: number) => void (asked = ms)) as never;
    try {
      const idle = new Idle(100, new Pulse(new Int32Array(pulseCells(0))));
      const sleeping = idle.pause(false, Infinity);
      assert.equal(asked, 1);
      idle.wake();
      await sleeping;
    } finally {
      globalThis.setTimeout = real;
    }
  });

  test("a wake-up that is in no hurry ends the sleep after what else is due", async () => {
    const idle = new Idle(60_000, new Pulse(new Int32Array(pulseCells(0))));
    for (let sleep = 0; sleep < 5; sleep++) await idle.pause(false, 1);
    const order: string[] = [];
    const sleeping = idle.pause(false, Infinity).then(() => order.push("turn"));
    idle.wakeSoon();
    await Promise.resolve().then(() => order.push("callback"));
    await sleeping;
    assert.deepEqual(order, ["callback", "turn"]);
    idle.wakeSoon();
    // One before the sleep forbids it, as always.
    await idle.pause(false, Infinity);
  });

  test("a wake-up before the sleep forbids it, once", async () => {
    const sleeps = await sleepsOf(async (idle) => {
      idle.wake();
      await idle.pause(false, Infinity);
      await idle.pause(false, Infinity);
    });
    assert.deepEqual(sleeps, [1]);
  });

  test("yields to timers and I/O even when it never sleeps", async () => {
    const idle = new Idle(100, new Pulse(new Int32Array(pulseCells(0))));
    let fired = false;
    setTimeout(() => fired = true, 0);
    while (!fired) await idle.pause(true, Infinity);
  });
});

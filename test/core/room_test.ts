import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { laneRoom, type TaskLoad, type WorkerLoad, workerRoom } from "../../src/core/room.ts";

const small = fc.nat({ max: 20 });
const taskLoad: fc.Arbitrary<TaskLoad> = fc.record({
  limit: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constant(Infinity)),
  inFlight: small,
  due: small,
  waiting: small,
  ordered: fc.boolean(),
  admits: fc.constantFrom(0, 1, Infinity),
});
const workerLoad: fc.Arbitrary<WorkerLoad> = fc.record({
  limit: fc.integer({ min: 1, max: 20 }),
  inFlight: small,
  due: small,
  waiting: small,
  maxWaiting: small,
  heldBytes: small,
  maxHeldBytes: small,
});

const idle: WorkerLoad = {
  limit: 10,
  inFlight: 0,
  due: 0,
  waiting: 0,
  maxWaiting: 5,
  heldBytes: 0,
  maxHeldBytes: 1000,
};
const free: TaskLoad = {
  limit: Infinity,
  inFlight: 0,
  due: 0,
  waiting: 0,
  ordered: false,
  admits: Infinity,
};

describe("workerRoom", () => {
  test("is what the limit leaves beside what runs and what is due", () => {
    assert.equal(workerRoom(idle), 10);
    assert.equal(workerRoom({ ...idle, inFlight: 4, due: 3 }), 3);
    assert.equal(workerRoom({ ...idle, inFlight: 10, due: 3 }), 0);
  });

  test("is nothing at the bound of bytes", () => {
    assert.equal(workerRoom({ ...idle, heldBytes: 999 }), 10);
    assert.equal(workerRoom({ ...idle, heldBytes: 1000 }), 0);
  });
});

describe("laneRoom", () => {
  test("is never negative, never above the worker's room nor above that of any of its tasks", () => {
    fc.assert(
      fc.property(
        fc.array(taskLoad, { minLength: 1, maxLength: 4 }),
        workerLoad,
        (tasks, worker) => {
          const room = laneRoom(tasks, worker);
          assert.ok(Number.isInteger(room) && room >= 0);
          assert.ok(room <= workerRoom(worker));
          for (const { limit, inFlight, due, admits } of tasks) {
            assert.ok(room <= Math.min(admits, Math.max(0, limit - inFlight - due)));
          }
        },
      ),
    );
  });

  test("the fullest of the tasks that share a topic decides", () => {
    const busy: TaskLoad = { ...free, limit: 5, inFlight: 2, due: 1 };
    assert.equal(laneRoom([free, busy], idle), 2);
    assert.equal(laneRoom([free, { ...busy, inFlight: 5 }], idle), 0);
  });

  test("as many waiting as may wait close the topics of those who wait, and no others", () => {
    const full = { ...idle, waiting: 5 };
    assert.equal(laneRoom([{ ...free, waiting: 5 }], full), 0);
    assert.equal(laneRoom([free, { ...free, waiting: 1 }], full), 0);
    assert.equal(laneRoom([free], full), 10);
    assert.equal(laneRoom([{ ...free, waiting: 4 }], { ...idle, waiting: 4 }), 10);
  });

  test("of an ordered task, no more are taken than may wait, for all of them may have to", () => {
    const ordered = { ...free, ordered: true };
    assert.equal(laneRoom([free, ordered], { ...idle, waiting: 3 }), 2);
    assert.equal(laneRoom([ordered], { ...idle, waiting: 5 }), 10, "it is not its own that wait");
  });
});

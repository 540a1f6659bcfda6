import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { KafkaError } from "../../src/errors.ts";
import { type Mortal, Succession } from "../../src/kafka/producer_succession.ts";

class Fake implements Mortal {
  fatal: KafkaError | null = null;
  proven = false;
  closed = false;
  settle: () => void = () => {};
  readonly name: number;
  readonly #settled = new Promise<void>((resolve) => this.settle = resolve);

  constructor(name: number) {
    this.name = name;
  }
  break(reason = "broken"): void {
    this.fatal = new KafkaError(reason);
  }
  settled(): Promise<void> {
    return this.#settled;
  }
  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

/** A succession with its clock; clients are opened, or fail to be, when the test says so. */
function succession() {
  const first = new Fake(0);
  let now = 0;
  let opened = 0;
  const openings: { succeed: () => Fake; fail: (error: Error) => void }[] = [];
  const clients = new Succession(
    first,
    () => {
      const client = new Fake(++opened);
      return new Promise<Fake>((resolve, reject) =>
        openings.push({
          succeed: () => {
            resolve(client);
            return client;
          },
          fail: reject,
        })
      );
    },
    () => now,
  );
  return { first, clients, openings, pass: (ms: number) => now += ms };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("Succession", () => {
  test("uses the first client, without a wait, until it breaks", async () => {
    const { first, clients, openings } = succession();
    assert.equal(clients.usable(), first);
    first.break();
    const [one, other] = [clients.usable(), clients.usable()];
    assert.equal(openings.length, 1, "one at a time");
    const next = openings[0]!.succeed();
    assert.deepEqual([await one, await other], [next, next]);
    assert.equal(clients.usable(), next);
    assert.equal(clients.current, next);
  });

  test("tells the reason in the pauses, which double up to 30 s", async () => {
    const { first, clients, openings, pass } = succession();
    first.break("no right 0");
    for (const [turn, pause] of [0, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000].entries()) {
      if (pause > 0) {
        pass(pause - 1);
        assert.throws(() => clients.usable(), { message: `no right ${turn}` });
        pass(1);
      }
      const usable = clients.usable();
      assert.equal(openings.length, turn + 1);
      openings[turn]!.succeed().break(`no right ${turn + 1}`);
      await usable;
    }
  });

  test("makes longer pauses also after a client that had delivered, while none can be opened", async () => {
    const { first, clients, openings, pass } = succession();
    first.proven = true;
    first.break();
    for (let ms = 0; ms < 60_000; ms += 100) {
      const { length } = openings;
      const waiting = Promise.resolve().then(() => clients.usable()).catch(() => {});
      await turn();
      if (openings.length > length) openings.at(-1)!.fail(new Error("no"));
      await waiting;
      pass(100);
    }
    assert.ok(
      openings.length >= 5 && openings.length <= 8,
      `${openings.length} openings in a minute`,
    );
  });

  test("begins with a pause of 1 s again after a client that has delivered", async () => {
    const { first, clients, openings, pass } = succession();
    first.break();
    for (let at = 0; at < 5; at++) {
      const usable = clients.usable();
      openings[at]!.succeed().break();
      await usable;
      pass(30_000);
    }
    const last = clients.current;
    last.proven = true;
    const usable = clients.usable();
    openings[5]!.succeed().break();
    await usable;
    pass(999);
    assert.throws(() => clients.usable(), { message: "broken" });
    pass(1);
    assert.ok(clients.usable() instanceof Promise);
  });

  test("keeps the broken client while none can be opened, and tells why not", async () => {
    const { first, clients, openings, pass } = succession();
    first.break();
    const usable = clients.usable();
    openings[0]!.fail(new KafkaError("nobody there"));
    await assert.rejects(async () => await usable, { message: "nobody there" });
    assert.throws(() => clients.usable(), { message: "nobody there" });
    assert.equal(clients.current, first);
    pass(1000);
    const again = clients.usable();
    const next = openings[1]!.succeed();
    assert.equal(await again, next);
  });

  test("closes a predecessor when all that it had taken has its outcome", async () => {
    const { first, clients, openings } = succession();
    first.break();
    const usable = clients.usable();
    openings[0]!.succeed();
    await usable;
    await turn();
    assert.equal(first.closed, false);
    first.settle();
    await turn();
    assert.equal(first.closed, true);
  });

  test("closes all: predecessors, and one that comes too late", async () => {
    const { first, clients, openings } = succession();
    first.break();
    const usable = clients.usable();
    const second = openings[0]!.succeed();
    await usable;
    second.break();
    await clients.close(0);
    assert.deepEqual([first.closed, second.closed], [true, true]);
    assert.throws(() => clients.usable(), { message: "closed" });
  });

  test("does not wait longer than it may for one that is being opened", async () => {
    const { first, clients, openings } = succession();
    first.break();
    const usable = clients.usable();
    await clients.close(1);
    const late = openings[0]!.succeed();
    await assert.rejects(async () => await usable, { message: "closed" });
    assert.equal(late.closed, true);
  });
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { KafkaError } from "../../src/errors.ts";
import { BatchSender } from "../../src/kafka/batch_sender.ts";
import type { MessageBatch } from "../../src/kafka/ports.ts";
import type {
  NumberedBatch,
  ProducerClient,
  ReportListener,
} from "../../src/kafka/producer_client.ts";

const QUEUE_FULL = -184;
const FATAL = -150;
const TOO_LARGE = 10;
const NOT_ENOUGH_REPLICAS = 19;

/** A client that takes everything, unless `answers` says what comes next. */
class FakeClient {
  fatal: KafkaError | null = null;
  /** For each call: how many it takes of those given, and why not all. */
  answers: [taken: number, code: number][] = [];
  readonly taken: number[] = [];
  uuids: Uint8Array | null = null;
  listener: ReportListener | null = null;

  produceBatch(batch: NumberedBatch, from: number, count: number, listener: ReportListener) {
    this.listener ??= listener;
    this.uuids = batch.uuids;
    const [taken, code] = this.answers.shift() ?? [count, 0];
    for (let i = 0; i < taken; i++) this.taken.push(batch.first + from + i);
    if (code === FATAL) this.fatal = new KafkaError("given up");
    return { taken, code };
  }

  notTaken(code: number): KafkaError {
    return new KafkaError(`not taken: ${code}`, { kafkaCode: code });
  }

  undelivered(code: number, topic: string): KafkaError {
    return new KafkaError(`${topic}: ${code}`, { kafkaCode: code });
  }

  report(sequence: number, code = 0): void {
    this.listener!.report(this.real, sequence, 100 + sequence, 1, code);
    this.listener!.reported();
  }

  get real(): ProducerClient {
    return this as unknown as ProducerClient;
  }
}

/** A sender with its clients, and what its listener has heard. */
function sender() {
  const heard: [number, string][] = [];
  const listener = {
    delivered: (sequence: number, partition: number, offset: number) =>
      void heard.push([sequence, `${partition} ${offset}`]),
    undelivered: (sequence: number, { message }: KafkaError) =>
      void heard.push([sequence, message]),
    told: () => {},
  };
  const clients = [new FakeClient()];
  const alone = new FakeClient();
  const state = { openings: 0, openFailure: null as Error | null };
  const it = new BatchSender({
    usable: () => clients.find(({ fatal }) => fatal === null)!.real,
    openAlone: () => {
      state.openings++;
      if (state.openFailure) return Promise.reject(state.openFailure);
      const aloneClients = { usable: () => alone.real, openAlone: () => null };
      return Promise.resolve(new BatchSender(aloneClients, listener));
    },
  }, listener);
  return { it, clients, alone, heard, state };
}

function batch(count: number, uuidAt = -1): MessageBatch {
  const bytes = new Uint8Array(count);
  const lengths = new Int32Array(count).fill(1);
  return { topic: "t", key: null, headers: [], uuidAt, count, bytes, lengths };
}

const settle = async () => {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
};

describe("BatchSender", () => {
  test("hands a batch over and passes reports on", async () => {
    const { it, clients: [client], heard } = sender();
    await it.send(batch(2), 5);
    assert.deepEqual(client!.taken, [5, 6]);
    assert.deepEqual(heard, []);
    client!.report(6);
    client!.report(5, NOT_ENOUGH_REPLICAS);
    assert.deepEqual(heard, [[6, "1 106"], [5, "t: 19"]]);
  });

  test("gives random bytes for ids, also for more than come at once, and none without", async () => {
    const { it, clients: [client] } = sender();
    await it.send(batch(5000, 0), 0);
    const uuids = client!.uuids!;
    assert.equal(uuids.length, 80_000);
    assert.ok(uuids.subarray(79_000).some((byte) => byte !== 0));
    await it.send(batch(2), 5000);
    assert.equal(client!.uuids!.length, 0);
  });

  test("waits while the queue is full, and goes on where it stopped", async () => {
    const { it, clients: [client] } = sender();
    client!.answers = [[1, QUEUE_FULL], [0, QUEUE_FULL], [1, QUEUE_FULL]];
    await it.send(batch(4), 0);
    assert.deepEqual(client!.taken, [0, 1, 2, 3]);
  });

  test("leaves out what is refused at once, and says why", async () => {
    const { it, clients: [client], heard } = sender();
    client!.answers = [[1, 3], [0, 3]];
    await it.send(batch(4), 0);
    assert.deepEqual(client!.taken, [0, 3]);
    assert.deepEqual(heard, [[1, "not taken: 3"], [2, "not taken: 3"]]);
  });

  test("a successor gets only what a client that broke has not taken", async () => {
    const { it, clients, heard } = sender();
    const [first, second] = [clients[0]!, new FakeClient()];
    clients.push(second);
    first.answers = [[2, FATAL]];
    await it.send(batch(4), 0);
    assert.deepEqual([first.taken, second.taken], [[0, 1], [2, 3]]);
    assert.deepEqual(heard, []);
  });

  test("without a client every message of the rest is refused, each with an error of its own", async () => {
    const errors: KafkaError[] = [];
    const refuse = () => {
      throw new KafkaError("Cannot send", { kafkaCode: 31, hint: "ask" });
    };
    const it = new BatchSender({ usable: refuse, openAlone: () => null }, {
      delivered: () => {},
      undelivered: (_, error) => void errors.push(error),
      told: () => {},
    });
    await it.send(batch(2), 0);
    assert.deepEqual(errors.map(({ message, kafkaCode, hint }) => [message, kafkaCode, hint]), [
      ["Cannot send", 31, "ask"],
      ["Cannot send", 31, "ask"],
    ]);
    assert.notEqual(errors[0], errors[1]);
  });

  test("what was refused for the size of its batch goes again alone; then the word is final", async () => {
    const { it, clients: [client], alone, heard, state } = sender();
    await it.send(batch(3), 0);
    for (const sequence of [0, 1, 2]) client!.report(sequence, TOO_LARGE);
    await settle();
    assert.deepEqual(heard, []);
    assert.equal(state.openings, 1);
    assert.deepEqual(alone.taken, [0, 1, 2]);
    alone.report(0);
    alone.report(1, TOO_LARGE);
    alone.report(2);
    assert.deepEqual(heard, [[0, "1 100"], [1, "t: 10"], [2, "1 102"]]);
    it.forget(3);
    await settle();
    await it.send(batch(1), 3);
    client!.report(3, TOO_LARGE);
    await settle();
    assert.equal(state.openings, 1);
    assert.deepEqual(alone.taken, [0, 1, 2, 3]);
  });

  test("when nothing can be opened for it, the reason is told, and the next one tries again", async () => {
    const { it, clients: [client], alone, heard, state } = sender();
    await it.send(batch(2), 0);
    state.openFailure = new KafkaError("no broker");
    client!.report(0, TOO_LARGE);
    await settle();
    assert.deepEqual(heard, [[0, "no broker"]]);
    state.openFailure = null;
    client!.report(1, TOO_LARGE);
    await settle();
    assert.deepEqual([state.openings, alone.taken], [2, [1]]);
  });

  test("keeps what may be asked for again, and nothing else", async () => {
    const { it, clients: [client], alone } = sender();
    await it.send(batch(2), 0);
    await it.send(batch(2), 2);
    it.forget(3);
    client!.report(3, TOO_LARGE);
    await settle();
    assert.deepEqual(alone.taken, [3]);
  });
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type BrokerStatistics, BrokerWatch, SILENT_MS } from "../../src/kafka/broker_watch.ts";

const A = "10.0.0.1:9092";
const B = "10.0.0.2:9092";

function broker(address: string, state = "UP", waiting = 1, silentMs = 100): BrokerStatistics {
  return { address, kind: "broker", state, waiting, silentMs };
}

function coordinator(address: string, state = "UP", silentMs = 100): BrokerStatistics {
  return { address, kind: "coordinator", state, waiting: 1, silentMs };
}

function watching(...first: BrokerStatistics[]) {
  const watch = new BrokerWatch();
  watch.look(first);
  assert.deepEqual(watch.take(), []);
  return (...brokers: BrokerStatistics[]) => {
    watch.look(brokers);
    return watch.take();
  };
}

describe("BrokerWatch", () => {
  test("tells a lost broker once, with the reason of the log, and when it is well again", () => {
    const watch = new BrokerWatch();
    const look = (state: string) => {
      watch.look([broker(A), broker(B, state)]);
      return watch.take();
    };
    assert.deepEqual(look("UP"), []);
    watch.noteReason(B, "Connect failed: Connection refused");
    assert.deepEqual(look("DOWN"), [], "it may be back at once");
    assert.deepEqual(look("CONNECT"), [
      { up: false, broker: B, reason: "Connect failed: Connection refused" },
    ]);
    for (const state of ["DOWN", "CONNECT", "TRY_CONNECT"]) assert.deepEqual(look(state), []);
    assert.deepEqual(look("UP"), [{ up: true, broker: B }]);
    assert.deepEqual(look("UP"), []);
  });

  test("a connection that breaks and comes back between two looks is no trouble", () => {
    const look = watching(broker(A), broker(B));
    for (const state of ["DOWN", "UP", "CONNECT", "UP"]) {
      assert.deepEqual(look(broker(A), broker(B, state)), []);
    }
  });

  test("a broker that nobody needs, or never had a connection, is no trouble", () => {
    const look = watching(broker(A), broker(B), broker("c:1", "DOWN"));
    for (let i = 0; i < 3; i++) {
      assert.deepEqual(look(broker(A), broker(B, "INIT"), broker("c:1", "DOWN")), []);
    }
  });

  test("a broker that owes answers for too long is silent; one that owes none is not", () => {
    const look = watching(broker(A), broker(B));
    assert.deepEqual(look(broker(A, "UP", 0, 10 * SILENT_MS), broker(B)), []);
    assert.deepEqual(look(broker(A, "UP", 1, SILENT_MS - 1), broker(B)), []);
    const [down] = look(broker(A, "UP", 1, SILENT_MS), broker(B));
    assert.deepEqual(down, {
      up: false,
      broker: A,
      reason: "it is connected, but has not answered for more than 10 s",
    });
    // The request timed out, and the connection is made anew.
    assert.deepEqual(look(broker(A, "CONNECT"), broker(B)), []);
    assert.deepEqual(look(broker(A), broker(B)), [{ up: true, broker: A }]);
  });

  test("joining may wait for minutes, but not at a broker that is silent", () => {
    const look = watching(broker(A), coordinator(B));
    assert.deepEqual(look(broker(A), coordinator(B, "UP", 60_000)), []);
    const [down, ...more] = look(broker(A, "UP", 1, SILENT_MS), coordinator(A));
    assert.equal(down?.broker, null, "nothing usable is left");
    assert.deepEqual(more, []);
    assert.deepEqual(look(broker(A), coordinator(A)), [{ up: true, broker: null }]);
  });

  test("the coordinator is one, wherever it is", () => {
    const look = watching(broker(A), coordinator(B));
    assert.deepEqual(look(broker(A), coordinator(B, "DOWN")), []);
    const [down] = look(broker(A), coordinator(B, "DOWN"));
    assert.equal(down?.broker, `group coordinator (${B})`);
    assert.deepEqual(look(broker(A), coordinator(A)), [
      { up: true, broker: `group coordinator (${A})` },
    ]);
  });

  test("all lost, then one connection back: the others are given time before they are lost", () => {
    const look = watching(broker(A), coordinator(A));
    look(broker(A, "DOWN"), coordinator(A, "DOWN"));
    const [lost] = look(broker(A, "TRY_CONNECT"), coordinator(A, "TRY_CONNECT"));
    assert.deepEqual({ up: lost?.up, broker: lost?.broker }, { up: false, broker: null });
    assert.deepEqual(look(broker(A, "TRY_CONNECT"), coordinator(A)), [{ up: true, broker: null }]);
    assert.deepEqual(look(broker(A, "TRY_CONNECT"), coordinator(A)), []);
    const [still] = look(broker(A, "TRY_CONNECT"), coordinator(A));
    assert.deepEqual({ up: still?.up, broker: still?.broker }, { up: false, broker: A });
  });

  test("all lost: one change for all, not one for each, and the same when one is back", () => {
    const watch = new BrokerWatch();
    const look = (...brokers: BrokerStatistics[]) => {
      watch.look(brokers);
      return watch.take();
    };
    look(broker(A), broker(B), coordinator(A));
    watch.noteReason(A, "Connection refused");
    watch.lostAll("2/2 brokers are down");
    watch.lostAll("2/2 brokers are down");
    assert.deepEqual(watch.take(), [{ up: false, broker: null, reason: "Connection refused" }]);
    for (let i = 0; i < 3; i++) {
      assert.deepEqual(look(broker(A, "DOWN"), broker(B, "DOWN"), coordinator(A, "DOWN")), []);
    }
    const missing = () => look(broker(A), broker(B, "DOWN"), coordinator(A));
    assert.deepEqual(missing(), [{ up: true, broker: null }]);
    assert.deepEqual(missing(), []);
    assert.deepEqual(missing(), [{ up: false, broker: B, reason: "the connection is lost" }]);
    assert.deepEqual(look(broker(A), broker(B), coordinator(A)), [{ up: true, broker: B }]);
  });
});

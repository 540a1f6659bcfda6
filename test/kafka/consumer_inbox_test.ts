import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ConsumerInbox } from "../../src/kafka/consumer_inbox.ts";

const P0 = { topic: "work", partition: 0 };

function inbox() {
  const inbox = new ConsumerInbox();
  const seen = { wakes: 0 };
  inbox.wake = () => void seen.wakes++;
  return { inbox, seen };
}

describe("ConsumerInbox", () => {
  test("keeps changes in order, gives each once, and wakes the loop", () => {
    const { inbox: it, seen } = inbox();
    it.addChange({ kind: "assign", partitions: [P0] });
    it.addChange({ kind: "revoke", partitions: [P0] });
    assert.equal(seen.wakes, 2);
    assert.deepEqual(it.takeAssignmentChanges().map(({ kind }) => kind), ["assign", "revoke"]);
    assert.deepEqual(it.takeAssignmentChanges(), []);
  });

  test("what is taken stays as it was when more comes", () => {
    const { inbox: it } = inbox();
    it.addChange({ kind: "assign", partitions: [P0] });
    const taken = it.takeAssignmentChanges();
    it.addChange({ kind: "lost", partitions: [P0] });
    assert.equal(taken.length, 1);
  });

  test("an error of the whole commit is that of each partition without one of its own", () => {
    const { inbox: it } = inbox();
    const overall = Object.assign(new Error("Local: Timed out"), { code: -185 });
    const own = Object.assign(new Error("Broker: Fenced"), { code: 82 });
    it.addCommitAnswer(overall, [
      { ...P0, offset: 5 },
      { topic: "work", partition: 1, offset: 6, error: own },
    ]);
    it.addCommitAnswer(null, [{ ...P0, offset: 7 }]);
    assert.deepEqual(it.takeCommitAnswers(), [
      {
        entries: [
          { ...P0, offset: 5, error: { code: -185, message: "Local: Timed out" } },
          {
            topic: "work",
            partition: 1,
            offset: 6,
            error: { code: 82, message: "Broker: Fenced" },
          },
        ],
      },
      { entries: [{ ...P0, offset: 7 }] },
    ]);
  });

  test("an answer may come without partitions", () => {
    const { inbox: it } = inbox();
    it.addCommitAnswer(new Error("no"), undefined);
    assert.deepEqual(it.takeCommitAnswers(), [{ entries: [] }]);
  });

  test("tells a problem that repeats itself once", () => {
    const { inbox: it } = inbox();
    for (let i = 0; i < 5; i++) it.addProblem({ code: 3, message: "unknown topic" });
    it.addProblem({ code: 3, message: "another" });
    assert.deepEqual(it.takeProblems().map(({ message }) => message), [
      "unknown topic",
      "another",
    ]);
  });

  test("brokers that are down are told once, and again when one is back", () => {
    const { inbox: it } = inbox();
    it.addClientError("2/2 brokers are down");
    it.addClientError("2/2 brokers are down");
    const brokers = (state: string) => JSON.stringify({ brokers: { a: { nodeid: 1, state } } });
    it.addStatistics(brokers("DOWN"));
    assert.deepEqual(it.takeBrokerChanges(), [
      { up: false, broker: null, reason: "2/2 brokers are down" },
    ]);
    it.addStatistics(brokers("UP"));
    it.addStatistics(brokers("UP"));
    assert.deepEqual(it.takeBrokerChanges(), [{ up: true, broker: null }]);
  });

  test("the reason is that of the log, whichever connection failed", () => {
    const lines = [
      "[thrd:127.0.0.1:9092/1]: 127.0.0.1:9092/1: Connect to ipv4#127.0.0.1:9092 failed: Connection refused (after 0ms in state CONNECT)",
      "[thrd:sasl_ssl://[::1]:9092/bootstrap]: sasl_ssl://[::1]:9092/bootstrap: Connect to ipv6#[::1]:9092 failed: Connection refused (after 0ms in state CONNECT, 3 identical error(s) suppressed)",
      "[thrd:GroupCoordinator]: GroupCoordinator: 127.0.0.1:9092: Connect to ipv4#127.0.0.1:9092 failed: Connection refused (after 0ms in state CONNECT)",
    ];
    for (const line of lines) {
      const { inbox: it } = inbox();
      it.addLogLine("FAIL", line);
      it.addClientError("1/1 brokers are down");
      const [change] = it.takeBrokerChanges();
      assert.ok(change && !change.up);
      assert.match(change.reason, /^Connect to ipv\S+ failed: Connection refused$/);
    }
  });

  test("a problem that goes on is told less and less often", () => {
    const { inbox: it } = inbox();
    const told: number[] = [];
    for (let second = 0; second < 3600; second++) {
      it.addProblem({ code: 3, message: "unknown topic" }, second * 1000);
      if (it.takeProblems().length > 0) told.push(second);
    }
    assert.deepEqual(told, [0, 10, 30, 70, 150, 310, 630, 1230, 1830, 2430, 3030]);
    it.addProblem({ code: 3, message: "unknown topic" }, 3600_000 * 10);
    it.addProblem({ code: 3, message: "unknown topic" }, 3600_000 * 10 + 10_000);
    assert.equal(it.takeProblems().length, 2, "as in the beginning");
  });

  test("another error of the client is a problem, in words without addresses and timing", () => {
    const { inbox: it } = inbox();
    it.addClientError(
      "sasl_plaintext://127.0.0.1:9092/bootstrap: SASL PLAIN mechanism handshake failed (after 3ms in state AUTH_HANDSHAKE)",
    );
    assert.deepEqual(it.takeProblems(), [
      { code: -1, message: "SASL PLAIN mechanism handshake failed" },
    ]);
  });
});

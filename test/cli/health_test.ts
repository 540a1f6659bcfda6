import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import process from "node:process";
import { describe, test } from "node:test";
import {
  healthOf,
  healthProblems,
  Membership,
  type Observed,
  readinessProblems,
  serveHealth,
} from "../../src/cli/health.ts";
import { EnvironmentError } from "../../src/errors.ts";

function observe(
  { overdueMs = 0, broker = "up", phase = "running", joined = true, stalled = null }: {
    overdueMs?: number;
    broker?: "up" | "down";
    phase?: string;
    joined?: boolean;
    stalled?: object | null;
  } = {},
): Observed {
  const worker = {
    beat: { overdueMs },
    broker: { state: broker, sinceMs: 0 },
    phase,
    stall: { stalled },
  };
  return {
    worker: worker as unknown as Observed["worker"],
    membership: { joined, goneTopics: new Set() },
  };
}

const STALLED = {
  cause: "task running",
  task: "a",
  topic: "t",
  partition: 1,
  offset: 2,
  forMs: 3e5,
};

describe("healthProblems", () => {
  test("names a stall and a loop that does not turn, and nothing that a restart cannot mend", () => {
    assert.deepEqual(healthProblems({ worker: null, membership: null }), []);
    assert.deepEqual(healthProblems(observe({ broker: "down", joined: false })), []);
    assert.deepEqual(healthProblems(observe({ overdueMs: 9999 })), []);
    assert.deepEqual(healthProblems(observe({ overdueMs: 12_000, stalled: STALLED })), [
      "the loop has not turned for 12 s",
      "Nothing has moved for 300 s: task running, a t/1@2",
    ]);
  });
});

describe("readinessProblems", () => {
  test("names what keeps the worker from taking work", () => {
    assert.deepEqual(readinessProblems(observe()), []);
    assert.deepEqual(readinessProblems({ worker: null, membership: null }), [
      "the worker is starting",
    ]);
    assert.deepEqual(readinessProblems(observe({ phase: "draining" })), ["the worker is leaving"]);
    assert.deepEqual(readinessProblems(observe({ broker: "down", joined: false })), [
      "the worker has not joined its group",
      "no broker can be reached",
    ]);
  });
});

describe("Membership", () => {
  const partitions = [{ topic: "t", partition: 0 }];
  const statistics = (coordinatorUp: boolean, settled: boolean) => ({ coordinatorUp, settled });
  const observing = (protocol: "classic" | "consumer") => {
    const consumer = { protocol, statistics: null as object | null };
    return { consumer, membership: new Membership(consumer as never) };
  };

  test("begins with an assignment and ends with a loss, not with a revocation", () => {
    const { consumer, membership } = observing("classic");
    assert.equal(membership.joined, false);
    membership.note({ event: "rebalance", change: "assigned", partitions });
    membership.note({ event: "rebalance", change: "revoked", partitions });
    assert.equal(membership.joined, true);
    consumer.statistics = statistics(true, true);
    membership.note({ event: "rebalance", change: "lost", partitions });
    assert.equal(membership.joined, false, "those are from before");
    consumer.statistics = statistics(true, true);
    assert.equal(membership.joined, true);
  });

  test("knows which topics are gone", () => {
    const { membership } = observing("consumer");
    membership.note({ event: "topic-gone", topic: "t", reason: "there is no such topic" });
    const { worker } = observe();
    assert.deepEqual(readinessProblems({ worker, membership }), [
      "the worker has not joined its group",
      'topic "t" is gone',
    ]);
    membership.note({ event: "topic-back", topic: "t", partitions: 1 });
    assert.deepEqual([...membership.goneTopics], []);
  });

  test("of a member without partitions is known from the statistics", () => {
    for (const protocol of ["classic", "consumer"] as const) {
      const { consumer, membership } = observing(protocol);
      consumer.statistics = statistics(false, false);
      assert.equal(membership.joined, false);
      consumer.statistics = statistics(true, false);
      assert.equal(membership.joined, protocol === "consumer");
      consumer.statistics = statistics(true, true);
      assert.equal(membership.joined, true);
    }
  });
});

/** The first line of the answer to a request that `fetch` would not send. */
async function askRaw(address: string, target: string): Promise<string> {
  const [host, port] = address.split(":");
  const socket = connect(Number(port), host);
  try {
    socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    const [answer] = await once(socket, "data");
    return String(answer);
  } finally {
    socket.destroy();
  }
}

describe("serveHealth", () => {
  test("answers 200 or 503 with the reasons, 404 for anything else, 405 for other methods", async () => {
    let observed = observe();
    const server = await serveHealth({ host: "127.0.0.1", port: 0 }, healthOf(() => observed));
    try {
      const ask = async (path: string, method = "GET") => {
        const response = await fetch(`http://${server.address}${path}`, { method });
        const text = await response.text();
        return [response.status, text === "" ? null : JSON.parse(text)];
      };
      const ok = [200, { status: "ok", reasons: [] }];
      assert.deepEqual(await ask("/healthz"), ok);
      assert.deepEqual(await ask("/readyz?verbose"), ok);
      observed = observe({ stalled: STALLED, phase: "aborting" });
      const [status, body] = await ask("/healthz");
      assert.deepEqual([status, body.status], [503, "failing"]);
      assert.match(body.reasons[0], /Nothing has moved/);
      assert.deepEqual(await ask("/readyz"), [503, {
        status: "failing",
        reasons: ["the worker is leaving"],
      }]);
      assert.equal((await ask("/healthz", "HEAD"))[0], 503);
      for (const path of ["/", "/metrics", "/healthz/", "/constructor"]) {
        assert.deepEqual(await ask(path), [404, null], path);
      }
      assert.deepEqual(await ask("/healthz", "POST"), [405, null]);
    } finally {
      server.close();
    }
  });

  test("answers 404 to a target that is no URL, and throws nothing", async () => {
    const strays: unknown[] = [];
    const note = (error: unknown) => strays.push(error);
    process.on("uncaughtException", note);
    const server = await serveHealth({ host: "127.0.0.1", port: 0 }, healthOf(observe));
    try {
      for (const target of ["//", "///", "//[", "*", "http://[/healthz"]) {
        const answer = await askRaw(server.address, target);
        assert.match(answer, /^HTTP\/1\.1 40[04] /, target);
      }
      assert.match(await askRaw(server.address, "/healthz?//"), /^HTTP\/1\.1 200 /);
      assert.deepEqual(strays, []);
    } finally {
      server.close();
      process.off("uncaughtException", note);
    }
  });

  test("says why it cannot listen", async () => {
    const first = await serveHealth({ host: "127.0.0.1", port: 0 }, healthOf(observe));
    try {
      const port = Number(first.address.split(":")[1]);
      await assert.rejects(
        serveHealth({ host: "127.0.0.1", port }, healthOf(observe)),
        (error) =>
          error instanceof EnvironmentError && error.exitCode === 2 &&
          error.message === `Cannot serve health at "${first.address}": the port is in use`,
      );
    } finally {
      first.close();
    }
    await assert.rejects(
      serveHealth({ host: "203.0.113.7", port: 0 }, healthOf(observe)),
      /Cannot serve health at "203\.0\.113\.7:0"/,
    );
  });
});

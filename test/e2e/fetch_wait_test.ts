/**
 * How long brokers may hold back the answer to a fetch. A relay between worker and broker reads it in the
 * requests themselves: the time that partitions lose when it is wrong could only be told by a clock.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { connect, createServer, type Server } from "node:net";
import { brokerTest, Cluster, project, runTaskc, runWorker, until } from "./harness.ts";

const CONFIGURED_MS = 240;
const SHORT_MS = 10;
const MESSAGES = 60_000;

/** What a consumer asks for in its fetches, in order. */
class FetchRelay implements Disposable {
  readonly waitsMs: number[] = [];
  readonly #server: Server;

  constructor(port: number, broker: string) {
    this.#server = createServer((client) => {
      const [host, port] = broker.split(":");
      const upstream = connect(Number(port), host);
      let rest: Buffer = Buffer.alloc(0);
      client.on("data", (data) => rest = this.#read(Buffer.concat([rest, data])));
      client.pipe(upstream).pipe(client);
      for (const [one, other] of [[client, upstream], [upstream, client]] as const) {
        one.on("error", () => other.destroy());
      }
    }).listen(port, "127.0.0.1");
  }

  /** Notes the fetches among whole requests and returns what is left. */
  #read(bytes: Buffer): Buffer {
    while (bytes.length >= 4 && bytes.length >= 4 + bytes.readInt32BE(0)) {
      const request = bytes.subarray(4, 4 + bytes.readInt32BE(0));
      bytes = bytes.subarray(4 + request.length);
      if (request.readInt16BE(0) === 1) this.waitsMs.push(maxWait(request));
    }
    return bytes;
  }

  [Symbol.dispose](): void {
    this.#server.close();
  }
}

/** https://kafka.apache.org/protocol#The_Messages_Fetch */
function maxWait(request: Buffer): number {
  const version = request.readInt16BE(2);
  const clientId = request.readInt16BE(8);
  // From version 12 on the header ends with tagged fields, of which there are none; up to 14 the replica's id.
  const header = 10 + Math.max(0, clientId) + (version >= 12 ? 1 : 0);
  return request.readInt32BE(header + (version <= 14 ? 4 : 0));
}

brokerTest(
  "fetches wait as configured while nothing comes, and shortly at the start and while messages flow",
  async () => {
    await using cluster = await Cluster.start("--proxied");
    const proxied = await cluster.do("address", "--listener", "proxied");
    using relay = new FetchRelay(Number(proxied.split(":")[1]), await cluster.do("behind"));
    using folder = project({
      "tasks.ts": `import { task } from "taskc";
let done = 0;
export const work = task({ run: () => { if (++done === ${MESSAGES}) console.log("all"); } });
`,
    });
    const env = { TASKC_BROKERS: proxied };
    const args = [
      "--create-topics",
      "--partitions",
      "4",
      "-X",
      `fetch.wait.max.ms=${CONFIGURED_MS}`,
    ];
    await using worker = runWorker(folder, args, { env });
    await worker.waitForLine(/"assigned"/);
    // The partitions are ready one after another, and none is to wait for the answer to those before it.
    await until("fetches of an idle worker", () => relay.waitsMs.length >= 16);
    const shortOnes = relay.waitsMs.lastIndexOf(SHORT_MS) + 1;
    assert.deepEqual(new Set(relay.waitsMs.slice(0, shortOnes)), new Set([SHORT_MS]));
    assert.ok(shortOnes <= 8, `${shortOnes} fetches until all partitions have told their end`);
    assert.deepEqual(new Set(relay.waitsMs.slice(shortOnes)), new Set([CONFIGURED_MS]));

    // One key, so that three of the four partitions stay at their end.
    const input = Array.from({ length: MESSAGES }, (_, id) => JSON.stringify({ id })).join("\n");
    const sent = runTaskc(["send", "tasks.ts", "work", "-", "--key", "one"], {
      cwd: folder.folder,
      env: { TASKC_BROKERS: await cluster.do("address") },
      input,
    });
    await worker.waitForLine(/^all$/, "stdout");
    assert.equal((await sent).code, 0);
    const whileFlowing = relay.waitsMs.filter((ms) => ms !== CONFIGURED_MS);
    assert.deepEqual(new Set(whileFlowing), new Set([SHORT_MS]));

    // Some may be on their way already when the last message is taken.
    const isIdle = () => relay.waitsMs.slice(-4).every((ms) => ms === CONFIGURED_MS);
    await until("fetches of an idle worker", isIdle);
    const idleSince = relay.waitsMs.length;
    await until("more of them", () => relay.waitsMs.length >= idleSince + 8);
    assert.deepEqual(new Set(relay.waitsMs.slice(idleSince)), new Set([CONFIGURED_MS]));
  },
);

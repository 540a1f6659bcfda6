import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { after, test } from "node:test";
import { produceBytes } from "./harness.ts";

const TOPIC = "new";
const CORRELATION = 8;

const servers: Server[] = [];
after(() => servers.forEach((server) => server.close()));

/** A broker that gives these errors to one request for records after another, and its address. */
async function brokerAnswering(errors: number[]): Promise<string> {
  const server = createServer((socket) => {
    socket.once("data", () => socket.write(produced(errors.shift() ?? 0)));
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The answer to a request for records, version 3, as wire.ts reads it. */
function produced(error: number): Buffer {
  const answer = Buffer.alloc(4 + 4 + 4 + 2 + TOPIC.length + 4 + 4 + 2 + 8 + 8 + 4);
  let at = answer.writeInt32BE(answer.length - 4, 0);
  at = answer.writeInt32BE(CORRELATION, at);
  at = answer.writeInt32BE(1, at);
  at = answer.writeInt16BE(TOPIC.length, at);
  at += answer.write(TOPIC, at);
  at = answer.writeInt32BE(1, at);
  at = answer.writeInt32BE(0, at);
  at = answer.writeInt16BE(error, at);
  answer.writeBigInt64BE(7n, at);
  return answer;
}

test("records are sent again to a broker that does not lead a new partition yet", async () => {
  const errors = [6, 6];
  const address = await brokerAnswering(errors);
  assert.equal(await produceBytes(TOPIC, [{ value: "1" }], { address }), 7);
  assert.deepEqual(errors, []);
});

test("any other refusal of records is told at once", async () => {
  const address = await brokerAnswering([2, 0]);
  await assert.rejects(
    produceBytes(TOPIC, [{ value: "1" }], { address }),
    /^Error: Kafka refused records for new: error 2$/,
  );
});

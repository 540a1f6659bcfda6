/**
 * Records as their bytes, straight over Kafka's protocol: no client in between that would mend, refuse or
 * hide what a test is about (null header values, names that are no UTF-8).
 *
 * Produce version 3, Fetch version 4, record batches of magic 2 without compression, one connection for each
 * request, to a cluster of one broker. The formats: https://kafka.apache.org/protocol
 */
import { Buffer } from "node:buffer";
import { connect } from "node:net";
import { brokers } from "./broker.ts";
import { until, withinHangBound } from "./waiting.ts";
import {
  decodeBatches,
  encodeProduce,
  encodeRequest,
  i32,
  i64,
  Reader,
  string,
  type WireRead,
  type WireRecord,
} from "./wire_format.ts";

export type { Bytes, WireRead, WireRecord } from "./wire_format.ts";

const FETCH = 1;

/**
 * A broker tells of a new partition a moment before it leads it: what comes in between is refused with this
 * error and not written, and clients ask again.
 */
const NOT_LEADER_OR_FOLLOWER = 6;

/** Writes the records to one partition as one batch; resolves with the offset of the first. */
export async function produceBytes(
  topic: string,
  records: readonly WireRecord[],
  { partition = 0, address = brokers.plain } = {},
): Promise<number> {
  const request = encodeProduce(topic, partition, records);
  const answer = await askLeader(
    address,
    request,
    `records for ${topic}`,
    (answer) => answer.skip(8).skip(answer.i16()).skip(8),
  );
  return answer.i64();
}

/** Everything in one partition from `offset` on. */
export async function fetchBytes(
  topic: string,
  { partition = 0, offset = 0, address = brokers.plain } = {},
): Promise<WireRead[]> {
  const read: WireRead[] = [];
  for (let next = offset;;) {
    const request = encodeRequest(FETCH, 4, [
      i32(-1),
      i32(100),
      i32(1),
      i32(64 << 20),
      Buffer.of(0),
      i32(1),
      string(topic),
      i32(1),
      i32(partition),
      i64(next),
      i32(64 << 20),
    ]);
    const answer = await askLeader(
      address,
      request,
      `a fetch of ${topic}`,
      (answer) => answer.skip(12).skip(answer.i16()).skip(8),
    );
    answer.skip(16).skip(16 * Math.max(0, answer.i32()));
    const records = decodeBatches(answer.take(answer.i32()) ?? Buffer.alloc(0))
      .filter((record) => record.offset >= next);
    if (records.length === 0) return read;
    read.push(...records);
    next = records.at(-1)!.offset + 1;
  }
}

// --- requests

/** The answer from behind its error, to which `skipToError` leads. */
async function askLeader(
  address: string | undefined,
  request: Buffer,
  what: string,
  skipToError: (answer: Reader) => Reader,
): Promise<Reader> {
  let answer!: Reader;
  let error = 0;
  await until(`the leader to take ${what}`, async () => {
    answer = await ask(address, request);
    error = skipToError(answer).i16();
    return error !== NOT_LEADER_OR_FOLLOWER;
  });
  if (error !== 0) throw new Error(`Kafka refused ${what}: error ${error}`);
  return answer;
}

function ask(address: string | undefined, request: Buffer): Promise<Reader> {
  const [host, port] = (address ?? "").split(",")[0]!.split(":");
  const api = request.readInt16BE(4);
  const answer = new Promise<Reader>((resolve, reject) => {
    const socket = connect(Number(port), host!, () => {
      socket.write(request);
    });
    const chunks: Buffer[] = [];
    let received = 0;
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      received += chunk.length;
      if (received < 4) return;
      const all = received > 4 && chunks.length > 1 ? Buffer.concat(chunks.splice(0)) : chunks[0]!;
      chunks[0] = all;
      if (received < 4 + all.readInt32BE(0)) return;
      socket.destroy();
      resolve(new Reader(all.subarray(4)));
    });
    socket.on("error", reject);
    socket.on("close", () => reject(new Error(`Kafka closed the connection for request ${api}`)));
  });
  return withinHangBound(answer, () => `Kafka did not answer request ${api}`);
}

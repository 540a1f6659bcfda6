/** The bytes of Kafka's protocol, as far as wire.ts and measurements speak it: https://kafka.apache.org/protocol */
import { Buffer } from "node:buffer";

export type Bytes = Uint8Array | string | null;

export interface WireRecord {
  key?: Bytes;
  value: Bytes;
  headers?: readonly (readonly [name: Uint8Array | string, value: Bytes])[];
}

export interface WireRead {
  offset: number;
  key: Buffer | null;
  value: Buffer | null;
  headers: [name: Buffer, value: Buffer | null][];
}

const PRODUCE = 0;
/** Of a record batch: from the first byte to its records. */
const BATCH_HEADER = 61;
/** The part of the batch that its checksum covers begins here. */
const CHECKED_FROM = 21;

/** The request that writes records to one partition, whole, acknowledged by all replicas. */
export function encodeProduce(
  topic: string,
  partition: number,
  records: readonly WireRecord[],
): Buffer {
  const batch = encodeBatch(records);
  return encodeRequest(PRODUCE, 3, [
    i16(-1),
    i16(-1),
    i32(10_000),
    i32(1),
    string(topic),
    i32(1),
    i32(partition),
    i32(batch.length),
    batch,
  ]);
}

// --- batches

function encodeBatch(records: readonly WireRecord[]): Buffer {
  const body = Buffer.concat(records.map(encodeRecord));
  const header = Buffer.alloc(BATCH_HEADER);
  header.writeInt32BE(BATCH_HEADER - 12 + body.length, 8);
  header.writeInt32BE(-1, 12);
  header.writeInt8(2, 16);
  header.writeInt32BE(records.length - 1, 23);
  header.writeBigInt64BE(BigInt(Date.now()), 27);
  header.writeBigInt64BE(BigInt(Date.now()), 35);
  // No idempotence: producer -1, epoch -1, sequence -1.
  header.fill(0xff, 43, 57);
  header.writeInt32BE(records.length, 57);
  const batch = Buffer.concat([header, body]);
  batch.writeUInt32BE(crc32c(batch.subarray(CHECKED_FROM)), 17);
  return batch;
}

function encodeRecord({ key = null, value, headers = [] }: WireRecord, delta: number): Buffer {
  const body = Buffer.concat([
    Buffer.of(0),
    varint(0),
    varint(delta),
    lengthAnd(key),
    lengthAnd(value),
    varint(headers.length),
    ...headers.flatMap(([name, value]) => [lengthAnd(name), lengthAnd(value)]),
  ]);
  return Buffer.concat([varint(body.length), body]);
}

export function decodeBatches(bytes: Buffer): WireRead[] {
  const read: WireRead[] = [];
  for (let at = 0; at + BATCH_HEADER <= bytes.length;) {
    const end = at + 12 + bytes.readInt32BE(at + 8);
    // The last one may be cut off by the limit of the fetch.
    if (end > bytes.length) break;
    const first = Number(bytes.readBigInt64BE(at));
    const attributes = bytes.readInt16BE(at + 21);
    if ((attributes & 7) !== 0) throw new Error("A compressed batch, which is not read here");
    const records = new Reader(bytes.subarray(at + BATCH_HEADER, end));
    for (let left = bytes.readInt32BE(at + 57); left > 0; left--) {
      records.varint();
      records.skip(1);
      records.varint();
      const offset = first + records.varint();
      const key = records.take(records.varint());
      const value = records.take(records.varint());
      const headers: WireRead["headers"] = [];
      for (let more = records.varint(); more > 0; more--) {
        headers.push([records.take(records.varint())!, records.take(records.varint())]);
      }
      read.push({ offset, key, value, headers });
    }
    at = end;
  }
  return read;
}

function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

// --- requests and answers

export function encodeRequest(api: number, version: number, body: readonly Buffer[]): Buffer {
  const request = Buffer.concat([i16(api), i16(version), i32(1), string("test"), ...body]);
  return Buffer.concat([i32(request.length), request]);
}

export class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  skip(count: number): this {
    this.#at += count;
    return this;
  }

  i16(): number {
    return this.skip(2).#bytes.readInt16BE(this.#at - 2);
  }

  i32(): number {
    return this.skip(4).#bytes.readInt32BE(this.#at - 4);
  }

  i64(): number {
    return Number(this.skip(8).#bytes.readBigInt64BE(this.#at - 8));
  }

  /** Zigzag, as in Protocol Buffers. */
  varint(): number {
    let raw = 0;
    for (let scale = 1;; scale *= 128) {
      const byte = this.#bytes[this.#at++]!;
      raw += (byte & 127) * scale;
      if (byte < 128) return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
    }
  }

  /** `null` for a negative length. */
  take(length: number): Buffer | null {
    if (length < 0) return null;
    return this.skip(length).#bytes.subarray(this.#at - length, this.#at);
  }
}

export function i16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

export function i32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

export function i64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
}

export function string(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([i16(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push(rest % 128 + 128);
  return Buffer.from([...bytes, rest]);
}

function lengthAnd(bytes: Bytes): Buffer {
  if (bytes === null) return varint(-1);
  const buffer = Buffer.from(bytes);
  return Buffer.concat([varint(buffer.length), buffer]);
}

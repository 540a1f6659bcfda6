/**
 * The outside observer: reads the brokers' own log of commits (__consumer_offsets), without joining any
 * group. So it sees each commit that ever counted, in order, with the broker's time of it; asking for
 * the committed offset again and again would miss those in between.
 */
import { type Cluster, OFFSETS_PARTITIONS, OFFSETS_TOPIC } from "./cluster.ts";
import { closeReader, newReader, readFromStart } from "./reader.ts";

export interface Commit {
  group: string;
  topic: string;
  partition: number;
  offset: number;
  metadata: string;
  /** Milliseconds since the epoch, when the broker took it. */
  at: number;
}

export class Observer implements AsyncDisposable {
  /** Of all groups, those of one group and partition in their order. */
  readonly commits: Commit[] = [];
  readonly #latest = new Map<string, Commit>();
  #close = () => Promise.resolve();

  private constructor() {}

  static async connect(cluster: Cluster): Promise<Observer> {
    const observer = new Observer();
    const reader = await newReader(cluster.direct, 20, ({ key, value }) => {
      const commit = readCommit(key as Uint8Array | null | undefined, value);
      if (commit) observer.#note(commit);
    });
    observer.#close = () => closeReader(reader);
    // A client with a group, though it joins none, makes the brokers create the topic.
    await cluster.commitLogReady();
    readFromStart(reader, OFFSETS_TOPIC, OFFSETS_PARTITIONS);
    return observer;
  }

  #note(commit: Commit): void {
    this.commits.push(commit);
    this.#latest.set(`${commit.group} ${commit.topic} ${commit.partition}`, commit);
  }

  /** What a group has committed of a partition; `undefined` before the first. */
  committed(group: string, topic: string, partition: number): Commit | undefined {
    return this.#latest.get(`${group} ${topic} ${partition}`);
  }

  of(group: string, topic: string): Commit[] {
    return this.commits.filter((commit) => commit.group === group && commit.topic === topic);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}

/** Reads OffsetCommitKey and OffsetCommitValue of Kafka; `null` for the other records of that topic. */
export function readCommit(
  key: Uint8Array | null | undefined,
  value: Uint8Array | null,
): Commit | null {
  if (!key || !value) return null;
  const keyReader = new Reader(key);
  const keyVersion = keyReader.int16();
  if (keyVersion !== 0 && keyVersion !== 1) return null;
  const group = keyReader.text(keyReader.int16());
  const topic = keyReader.text(keyReader.int16());
  const partition = keyReader.int32();
  const reader = new Reader(value);
  const version = reader.int16();
  if (version > 4) throw new Error(`Commits of version ${version} are not known here`);
  const offset = reader.int64();
  // The leader's epoch came with version 3, compact texts with 4.
  if (version >= 3) reader.int32();
  const metadata = reader.text(version >= 4 ? reader.varint() - 1 : reader.int16());
  return { group, topic, partition, offset, metadata, at: reader.int64() };
}

class Reader {
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  int16(): number {
    return this.#view.getInt16(this.#advance(2));
  }

  int32(): number {
    return this.#view.getInt32(this.#advance(4));
  }

  int64(): number {
    return Number(this.#view.getBigInt64(this.#advance(8)));
  }

  varint(): number {
    let value = 0;
    for (let shift = 0;; shift += 7) {
      const byte = this.#view.getUint8(this.#advance(1));
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

  text(length: number): string {
    if (length <= 0) return "";
    const from = this.#view.byteOffset + this.#advance(length);
    return new TextDecoder().decode(new Uint8Array(this.#view.buffer, from, length));
  }

  #advance(bytes: number): number {
    const from = this.#at;
    this.#at += bytes;
    return from;
  }
}

/** The records of the brokers' own log of commits. Pure. */

export interface Commit {
  group: string;
  topic: string;
  partition: number;
  offset: number;
  metadata: string;
  /** Milliseconds since the epoch, when the broker took it. */
  at: number;
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

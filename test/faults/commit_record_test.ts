/** The records of __consumer_offsets, byte for byte. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readCommit } from "./commit_record.ts";

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));

test("readCommit reads the key, and values of version 3", () => {
  const key = bytes("0001 0001 67 0001 74 00000002");
  const value = bytes("0003 0000000000000007 ffffffff 0002 6d64 0000019000000000");
  assert.deepEqual(readCommit(key, value), {
    group: "g",
    topic: "t",
    partition: 2,
    offset: 7,
    metadata: "md",
    at: 0x19000000000,
  });
});

test("readCommit passes over tombstones and what is no commit", () => {
  assert.equal(readCommit(bytes("0001 0001 67 0001 74 00000002"), null), null);
  assert.equal(readCommit(bytes("0002 0001 67"), bytes("0000")), null);
});

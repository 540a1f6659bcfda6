import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { FAILED, PENDING, Receipts } from "../../src/cli/receipts.ts";

describe("Receipts", () => {
  test("keeps each message until it is released, whatever the order of its outcomes", () => {
    fc.assert(fc.property(
      fc.array(fc.record({ settle: fc.nat(7), fails: fc.boolean(), size: fc.nat(1000) }), {
        maxLength: 200,
      }),
      (steps) => {
        const receipts = new Receipts(8);
        const model = new Map<number, { outcome: number; size: number }>();
        for (const { settle, fails, size } of steps) {
          if (receipts.kept === 8) {
            receipts.release(receipts.head + 1 + settle % 8);
            for (const sequence of model.keys()) {
              if (sequence < receipts.head) model.delete(sequence);
            }
          }
          model.set(receipts.next, { outcome: PENDING, size });
          receipts.add(receipts.next + 10, size);
          const sequence = receipts.head + settle % receipts.kept;
          if (fails) receipts.fail(sequence, new Error(String(sequence)));
          else receipts.deliver(sequence, settle, 5 * sequence);
          model.get(sequence)!.outcome = fails ? FAILED : settle;
          let sum = 0;
          for (const [sequence, { outcome, size }] of model) {
            sum += size;
            assert.equal(receipts.partition(sequence), outcome);
            assert.equal(receipts.line(sequence), sequence + 10);
            if (outcome >= 0) assert.equal(receipts.offset(sequence), 5 * sequence);
            if (outcome === FAILED) {
              assert.equal((receipts.failure(sequence) as Error).message, String(sequence));
            }
          }
          assert.deepEqual([receipts.kept, receipts.size], [model.size, sum]);
        }
      },
    ));
  });

  test("a failure is dropped with its message", () => {
    const receipts = new Receipts(2);
    receipts.add(1, 1);
    receipts.fail(0, new Error("refused"));
    receipts.release(1);
    assert.equal(receipts.failure(0), undefined);
  });
});

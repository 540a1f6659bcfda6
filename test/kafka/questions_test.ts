import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { KafkaError } from "../../src/errors.ts";
import { Questions } from "../../src/kafka/questions.ts";

/** An admin client whose answers are up to the test. */
function setUp() {
  const answers: ((error: unknown, value?: unknown) => void)[] = [];
  const questions = new Questions();
  const admin = questions.count({
    name: "admin",
    listOffsets(_partitions: string[], answer: (error: unknown, value?: unknown) => void) {
      assert.equal(this.name, "admin");
      answers.push(answer);
    },
    broken(_answer: () => void): void {
      throw new TypeError("no");
    },
  });
  return { questions, admin, answers };
}

describe("Questions", () => {
  test("leave the admin client what it is, so that it can be awaited", async () => {
    const { admin } = setUp();
    assert.equal((await Promise.resolve(admin)).name, "admin");
  });

  test("pass answers on, and a client may be closed when none waits", async () => {
    const { questions, admin, answers } = setUp();
    const told: unknown[] = [];
    admin.listOffsets(["a"], (error, value) => told.push(error, value));
    answers[0]!(null, 7);
    assert.deepEqual(told, [null, 7]);
    assert.equal(await questions.close(0), true);
  });

  test("keep a client from being closed until the last of them is answered", async () => {
    const { questions, admin, answers } = setUp();
    admin.listOffsets(["a"], () => {});
    admin.listOffsets(["b"], () => {});
    let closed: boolean | null = null;
    const closing = questions.close(60_000).then((answered) => closed = answered);
    answers[1]!(null);
    await new Promise((resolve) => setTimeout(resolve));
    assert.equal(closed, null);
    answers[0]!(new Error("no"));
    await closing;
    assert.equal(closed, true);
  });

  test("that are never answered are waited for no longer than told", async () => {
    const { questions, admin } = setUp();
    admin.listOffsets(["a"], () => {});
    assert.equal(await questions.close(1), false);
  });

  test("are refused once the client is being closed; one that fails at once does not count", async () => {
    const { questions, admin } = setUp();
    assert.throws(() => admin.broken(() => {}), TypeError);
    assert.equal(await questions.close(0), true);
    assert.throws(() => admin.listOffsets(["a"], () => {}), KafkaError);
  });
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { StartDeadline } from "../../src/cli/start_deadline.ts";
import { KafkaError } from "../../src/errors.ts";

describe("StartDeadline", () => {
  test("fails a start that waits for ever, with what it waited for", async () => {
    const deadline = new StartDeadline(10);
    deadline.begin();
    deadline.step = "asking where the group stands";
    await assert.rejects(Promise.race([new Promise(() => {}), deadline.missed]), (error) => {
      assert.ok(error instanceof KafkaError);
      assert.equal(
        error.message,
        "Kafka did not answer within 0.01 s while asking where the group stands",
      );
      return true;
    });
  });

  test("says nothing once the start is over", async () => {
    const deadline = new StartDeadline(10);
    deadline.begin();
    deadline.end();
    const late = new Promise((resolve) => setTimeout(() => resolve("quiet"), 50));
    assert.equal(await Promise.race([deadline.missed, late]), "quiet");
  });
});

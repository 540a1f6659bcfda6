import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveSettings } from "../../src/config/settings.ts";
import { folderWith, NOTHING, problemsOf } from "./settings_support.ts";

test("properties merge by name over all sources, aliases included, and secrets are masked", () => {
  const { settings, effective } = resolveSettings("run", {
    ...NOTHING,
    folder: folderWith({
      properties: { "linger.ms": 1, "client.id": "file", "sasl.username": "u" },
    }),
    env: { TASKC_X_SASL_PASSWORD: "hunter2", TASKC_X_CLIENT_ID: "variable" },
    flags: { properties: ["queue.buffering.max.ms=9", "client.id=flag"] },
  });
  assert.deepEqual(settings.properties, {
    "queue.buffering.max.ms": "9",
    "client.id": "flag",
    "sasl.username": "u",
    "sasl.password": "hunter2",
  });
  assert.deepEqual(effective.find(({ name }) => name === "-X sasl.password"), {
    name: "-X sasl.password",
    value: "(secret)",
    source: { kind: "variable", name: "TASKC_X_SASL_PASSWORD" },
  });
  assert.doesNotMatch(JSON.stringify(effective), /hunter2/);
});

test("properties that an explicit group protocol forbids are refused with both sources", () => {
  const flags = { groupProtocol: ["consumer"], properties: ["session.timeout.ms=6000"] };
  assert.deepEqual(problemsOf({ flags }), [
    'Cannot use session.timeout.ms (-X) with the group protocol "consumer" (--group-protocol): ' +
    "the brokers set it (group.consumer.session.timeout.ms)",
  ]);
  assert.deepEqual(problemsOf({ flags: { ...flags, groupProtocol: ["classic"] } }), []);
  assert.deepEqual(problemsOf({ flags: { properties: flags.properties } }), []);
});

test("dev refuses what its own protocol forbids, and leaves what is set for other brokers unread", () => {
  const properties = ["session.timeout.ms=6000"];
  assert.deepEqual(problemsOf({ flags: { properties }, embeddedBroker: true }, "dev"), [
    'Cannot use session.timeout.ms (-X) with the group protocol "consumer" (taskc dev): ' +
    "the brokers set it (group.consumer.session.timeout.ms)",
  ]);
  const elsewhere = {
    env: { TASKC_X_SESSION_TIMEOUT_MS: "6000", TASKC_GROUP_PROTOCOL: "classic" },
    folder: folderWith({ properties: { "heartbeat.interval.ms": 100 } }),
    embeddedBroker: true,
  };
  assert.deepEqual(problemsOf(elsewhere, "dev"), []);
});

test("options that need another one say so when they are given as flags", () => {
  assert.deepEqual(problemsOf({ flags: { partitions: ["3"], replicationFactor: ["3"] } }), [
    "Cannot use --partitions without --create-topics",
    "Cannot use --replication-factor without --create-topics",
  ]);
  assert.deepEqual(problemsOf({ flags: { partitions: ["3"], createTopics: ["true"] } }), []);
  assert.deepEqual(problemsOf({ folder: folderWith({ maxTime: "5m", partitions: 3 }) }), []);
});

test("bench has one broker or the other", () => {
  const embedded = { embedded: ["true"] };
  const brokers = ["kafka:9092"];
  assert.deepEqual(problemsOf({ flags: { ...embedded, brokers } }, "bench"), [
    "Cannot use --brokers with --embedded, which has a broker of its own",
  ]);
  assert.deepEqual(problemsOf({ flags: { brokers } }, "bench"), []);
  assert.deepEqual(
    problemsOf({ flags: embedded, env: { TASKC_BROKERS: "kafka:9092" } }, "bench"),
    [],
  );
});

test("the revoke drain must end before Kafka takes the member out", () => {
  assert.deepEqual(problemsOf({ flags: { revokeDrain: ["5m"] } }), [
    "Cannot use a revoke drain of 5m (--revoke-drain): it must be shorter than max.poll.interval.ms, 5m (default)",
  ]);
  const properties = ["max.poll.interval.ms=600000"];
  assert.deepEqual(problemsOf({ flags: { revokeDrain: ["5m"], properties } }), []);
});

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  checkProperty,
  isSecretProperty,
  parseProperty,
  propertyNames,
  propertyOfVariable,
  refusedByProtocol,
  settableProperties,
  splitProperties,
  variableSuffix,
} from "../../src/config/librdkafka_properties.ts";
import { LIBRDKAFKA_PROPERTIES } from "../../src/config/librdkafka_properties_data.ts";
import { JAVA_NAMES, PROPERTY_RULES, PROTOCOL_RULES } from "../../src/config/librdkafka_rules.ts";
import { renderProperties } from "../../scripts/write_librdkafka_properties.ts";

test("the data file is what CONFIGURATION.md of the built-in librdkafka says", () => {
  const file = new URL("../../src/config/librdkafka_properties_data.ts", import.meta.url);
  assert.equal(readFileSync(file, "utf8"), renderProperties());
});

test("parseProperty splits at the first equals sign and keeps the value as it is", () => {
  assert.deepEqual(parseProperty("sasl.password= a=b "), ["sasl.password", " a=b "]);
  assert.deepEqual(parseProperty("debug="), ["debug", ""]);
  assert.throws(() => parseProperty("sasl.password"), /NAME=VALUE/);
  assert.throws(() => parseProperty("=x"), /NAME=VALUE/);
});

test("checkProperty writes values as librdkafka takes them, under its own names", () => {
  assert.deepEqual(checkProperty("linger.ms", "0.5"), ["queue.buffering.max.ms", "0.5"]);
  assert.deepEqual(checkProperty("socket.keepalive.enable", "TRUE"), [
    "socket.keepalive.enable",
    "true",
  ]);
  assert.deepEqual(checkProperty("socket.keepalive.enable", false), [
    "socket.keepalive.enable",
    "false",
  ]);
  assert.deepEqual(checkProperty("retries", 5), ["message.send.max.retries", "5"]);
  assert.deepEqual(checkProperty("security.protocol", "SASL_SSL"), [
    "security.protocol",
    "sasl_ssl",
  ]);
  assert.deepEqual(checkProperty("debug", "broker, topic"), ["debug", "broker,topic"]);
  assert.deepEqual(checkProperty("sasl.mechanism", "PLAIN"), ["sasl.mechanisms", "PLAIN"]);
});

test("checkProperty names the nearest property for a misspelt one", () => {
  assert.throws(() => checkProperty("sasl.pasword", "hunter2"), (error: Error) => {
    assert.match(error.message, /no such property; did you mean "sasl.password"\?/);
    assert.doesNotMatch(error.message, /hunter2/);
    return true;
  });
  assert.throws(() => checkProperty("zzzzzzzzzzzzzzzzzz", "1"), /no such property$/);
  assert.throws(() => checkProperty("toString", "1"), /no such property/);
  assert.throws(() => checkProperty("__proto__", "1"), /no such property/);
  assert.throws(
    () => checkProperty("sasl.jaas.config", "1"),
    /use sasl.username and sasl.password/,
  );
});

test("checkProperty refuses wrong types and values out of range", () => {
  const cases: [string, unknown, RegExp][] = [
    ["socket.timeout.ms", "9", /"9" must be a whole number from 10 to 300,000/],
    ["socket.timeout.ms", "1e3", /must be a whole number/],
    ["socket.timeout.ms", "", /must be a whole number/],
    ["socket.timeout.ms", 1.5, /must be a whole number/],
    ["linger.ms", "900001", /must be a number from 0 to 900,000/],
    ["fetch.min.bytes", "200000000", /from 1 to 100,000,000/],
    ["check.crcs", "yes", /must be true or false/],
    ["security.protocol", "tls", /must be one of plaintext, ssl, sasl_plaintext, sasl_ssl/],
    ["debug", "broker,topics", /"topics" must be one of .*did you mean "topic"/],
    ["client.id", null, /must be a string, number or boolean/],
    ["client.id", { a: 1 }, /must be a string, number or boolean/],
    ["client.id", "a\0b", /NUL/],
    ["rebalance_cb", "x", /not made of text/],
    ["test.mock.num.brokers", "3", /taskc dev/],
  ];
  for (const [name, value, message] of cases) {
    assert.throws(() => checkProperty(name, value), message, `${name}=${value}`);
  }
});

test("checkProperty refuses what would lose messages, with the reason or what to use instead", () => {
  const cases: [string, string, RegExp][] = [
    ["enable.auto.commit", "true", /loses messages/],
    ["auto.commit.enable", "1", /loses messages/],
    ["enable.auto.offset.store", "true", /loses messages/],
    ["acks", "1", /loses messages/],
    ["request.required.acks", "0", /loses messages/],
    ["group.id", "x", /use --group/],
    ["bootstrap.servers", "x", /use --brokers/],
    ["metadata.broker.list", "x", /use --brokers/],
    ["group.instance.id", "x", /use --instance-id/],
    ["group.protocol", "classic", /use --group-protocol/],
    ["auto.offset.reset", "latest", /use --from/],
    ["auto.commit.interval.ms", "10", /use --commit-interval/],
    ["queued.max.messages.kbytes", "10", /use --max-bytes/],
    ["partition.assignment.strategy", "range", /cooperative-sticky/],
    ["isolation.level", "read_uncommitted", /aborted transactions/],
    ["enable.partition.eof", "true", /sets it itself/],
    ["delivery.report.only.error", "true", /acknowledgement of each/],
    ["transactional.id", "x", /transactions/],
  ];
  for (const [name, value, message] of cases) {
    assert.throws(() => checkProperty(name, value), message, `${name}=${value}`);
  }
});

test("checkProperty lets through what says the same as taskc", () => {
  assert.deepEqual(checkProperty("acks", "all"), ["request.required.acks", "-1"]);
  assert.deepEqual(checkProperty("acks", -1), ["request.required.acks", "-1"]);
  for (
    const [name, value] of [
      ["enable.auto.commit", "false"],
      ["enable.auto.offset.store", "0"],
      ["isolation.level", "read_committed"],
      ["partition.assignment.strategy", "cooperative-sticky"],
    ]
  ) assert.equal(checkProperty(name!, value)[0], name);
});

test("every rule is about a property that exists, under its own name", () => {
  const rules = [PROPERTY_RULES, PROTOCOL_RULES.consumer, PROTOCOL_RULES.classic];
  for (const name of rules.flatMap((rule) => Object.keys(rule))) {
    assert.ok(LIBRDKAFKA_PROPERTIES[name], name);
    assert.equal(LIBRDKAFKA_PROPERTIES[name]!.aliasOf, undefined, name);
  }
  for (const name of Object.keys(JAVA_NAMES)) {
    assert.equal(LIBRDKAFKA_PROPERTIES[name], undefined, name);
  }
});

test("a property that is text has a variable of its own", () => {
  const suffixes = propertyNames().map(variableSuffix);
  assert.equal(new Set(suffixes).size, suffixes.length);
  assert.equal(propertyOfVariable("TASKC_X_SASL_PASSWORD"), "sasl.password");
  assert.equal(propertyOfVariable("TASKC_X_NOTHING"), undefined);
});

test("splitProperties gives each client what it takes", () => {
  const properties = {
    "security.protocol": "ssl",
    "fetch.max.bytes": "1000000",
    "queue.buffering.max.ms": "1",
  };
  assert.deepEqual(splitProperties(properties), {
    consumer: { "security.protocol": "ssl", "fetch.max.bytes": "1000000" },
    producer: { "security.protocol": "ssl", "queue.buffering.max.ms": "1" },
    admin: { "security.protocol": "ssl" },
  });
});

test("refusedByProtocol names what a protocol does not know", () => {
  const properties = { "session.timeout.ms": "6000", "group.remote.assignor": "range" };
  assert.deepEqual(refusedByProtocol(properties, "consumer").map(([name]) => name), [
    "session.timeout.ms",
  ]);
  assert.deepEqual(refusedByProtocol(properties, "classic").map(([name]) => name), [
    "group.remote.assignor",
  ]);
});

test("isSecretProperty covers every property that holds a secret, and no others", () => {
  assert.deepEqual(propertyNames().filter(isSecretProperty), [
    "sasl.oauthbearer.assertion.private.key.file",
    "sasl.oauthbearer.assertion.private.key.passphrase",
    "sasl.oauthbearer.assertion.private.key.pem",
    "sasl.oauthbearer.client.credentials.client.secret",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.config",
    "sasl.password",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.password",
  ]);
});

test("settableProperties are all accepted by name", () => {
  for (const name of settableProperties()) {
    const { type, min, values } = LIBRDKAFKA_PROPERTIES[name]!;
    const value = type === "boolean" ? "true" : min === undefined ? values?.[0] ?? "" : String(min);
    assert.equal(checkProperty(name, name === "fetch.min.bytes" ? "1" : value)[0], name);
  }
});

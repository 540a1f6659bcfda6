import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BadValue } from "../../src/config/bad_value.ts";
import { areOnLoopback, parseBroker } from "../../src/config/broker_list.ts";

test("parseBroker completes the port and keeps hosts and addresses", () => {
  const cases: [string, string][] = [
    ["kafka", "kafka:9092"],
    ["kafka-1.prod.example.com:19092", "kafka-1.prod.example.com:19092"],
    ["my_kafka_1:9092", "my_kafka_1:9092"],
    [" 10.0.0.1:9093 ", "10.0.0.1:9093"],
    ["[::1]:9092", "[::1]:9092"],
    ["[fe80::1]", "[fe80::1]:9092"],
  ];
  for (const [text, broker] of cases) assert.equal(parseBroker(text), broker);
});

test("parseBroker says what is wrong", () => {
  const cases: [string, RegExp][] = [
    ["", /a broker is empty/],
    ["kafka:0", /"0" is not a port/],
    ["kafka:65536", /"65536" is not a port/],
    ["kafka:", /"" is not a port/],
    ["kafka:9092x", /"9092x" is not a port/],
    ["::1", /in brackets: "\[::1\]:9092"/],
    ["[::1", /is not host:port/],
    ["[::g]:1", /"::g" is not an IPv6 address/],
    ["SASL_SSL://kafka:9092", /without a scheme/],
    ["256.0.0.1:9092", /"256.0.0.1" is not a host name or address/],
    ["ka fka:9092", /"ka fka" is not a host name/],
    ["-kafka:9092", /"-kafka" is not a host name/],
    [":9092", /"" is not a host name/],
  ];
  for (const [text, message] of cases) assert.throws(() => parseBroker(text), message, text);
});

test("areOnLoopback is true only when every broker is on this machine by name", () => {
  for (
    const host of [
      "localhost",
      "LOCALHOST.",
      "kafka.localhost",
      "127.0.0.1",
      "127.9.9.9",
      "[::1]",
      "[0:0:0:0:0:0:0:1]",
      "[::ffff:127.0.0.1]",
    ]
  ) {
    assert.equal(areOnLoopback([`${host}:9092`]), true, host);
  }
  for (
    const host of [
      "kafka",
      "localhost.example.com",
      "mylocalhost",
      "128.0.0.1",
      "0.0.0.0",
      "[::2]",
      "[::ffff:10.0.0.1]",
      "127.example.com",
    ]
  ) {
    assert.equal(areOnLoopback([`${host}:9092`]), false, host);
  }
  assert.equal(areOnLoopback(["127.0.0.1:1", "kafka:1"]), false);
  assert.equal(areOnLoopback([]), false);
});

test("parseBroker accepts its own results and never yields a wrong port", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.domain(),
        fc.ipV4(),
        fc.ipV6().map((ip) => `[${ip}]`),
      ),
      fc.string({ maxLength: 6 }),
      (host, port) => {
        let broker: string;
        try {
          broker = parseBroker(`${host}:${port}`);
        } catch (error) {
          return error instanceof BadValue;
        }
        const number = Number(broker.slice(broker.lastIndexOf(":") + 1));
        return number >= 1 && number <= 65535 && parseBroker(broker) === broker;
      },
    ),
  );
});

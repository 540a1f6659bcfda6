import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  connect,
  connectionProperties,
  describeConnectFailure,
} from "../../src/kafka/connection.ts";
import { consumerProperties } from "../../src/kafka/consumer_properties.ts";
import { hasConsumerProtocol } from "../../src/kafka/group_protocol.ts";
import { KafkaError, SettingsError } from "../../src/errors.ts";
import { KafkaProducer } from "../../src/kafka/producer.ts";
import { defaultTlsProperties } from "../../src/kafka/tls.ts";

const CONNECTION = { brokers: ["a:9092", "b:9092"], properties: {} };

describe("describeConnectFailure", () => {
  const cases: [string, string[], string, RegExp][] = [
    [
      "a refused connection",
      ["[thrd:a:9092/bootstrap]: a:9092/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in state CONNECT)"],
      "Connect to ipv4#127.0.0.1:1 failed: Connection refused",
      /Check that the broker runs and that --brokers has its address/,
    ],
    [
      "a wrong password, though other reasons came first",
      [
        "[thrd:app]: 1/1 brokers are down",
        "[thrd:x]: sasl_plaintext://a:9092/bootstrap: SASL authentication error: Authentication failed: Invalid username or password (after 12ms in state AUTH_REQ)",
      ],
      "SASL authentication error: Authentication failed: Invalid username or password",
      /Check sasl\.mechanisms, sasl\.username and sasl\.password/,
    ],
    [
      "a certificate that nobody trusts",
      ["[thrd:x]: ssl://a:9092/bootstrap: SSL handshake failed: certificate verify failed: self-signed certificate"],
      "SSL handshake failed: certificate verify failed: self-signed certificate",
      /ssl\.ca\.location=FILE/,
    ],
    [
      "a port without TLS, where a password was given",
      ["[thrd:x]: sasl_ssl://a:9092/bootstrap: SSL handshake failed: connecting to a PLAINTEXT broker listener? (after 5ms in state SSL_HANDSHAKE)"],
      "SSL handshake failed: connecting to a PLAINTEXT broker listener?",
      /The port may speak plain text/,
    ],
    [
      "a host that cannot be resolved",
      ["[thrd:x]: nowhere:9092/bootstrap: Failed to resolve 'nowhere:9092': Name or service not known"],
      "Failed to resolve 'nowhere:9092': Name or service not known",
      /Check the host name in --brokers/,
    ],
  ];
  for (const [name, reasons, expected, hint] of cases) {
    test(`tells ${name}, and what to do`, () => {
      const failure = describeConnectFailure(CONNECTION, reasons);
      assert.ok(failure instanceof KafkaError);
      assert.equal(failure.message, `Cannot connect to Kafka at "a:9092,b:9092": ${expected}`);
      assert.match(failure.hint!, hint);
    });
  }

  test("with nothing but silence says so", () => {
    assert.match(describeConnectFailure(CONNECTION, []).message, /: no answer$/);
    const failure = describeConnectFailure(CONNECTION, [], new Error("Local: Timed out"));
    assert.match(failure.message, /: Local: Timed out$/);
  });
});

describe("connect", () => {
  /** A client that logs these lines, and answers when it is told to. */
  function client(lines: [severity: number, message: string][]) {
    const listeners = new Set<(line: never) => void>();
    const state = { answer: (_error: unknown, _metadata?: unknown) => {}, listeners };
    return {
      state,
      connect(_: unknown, callback: typeof state.answer) {
        state.answer = callback;
        for (const [severity, message] of lines) {
          for (const listener of listeners) listener({ severity, message, fac: "X" } as never);
        }
      },
      on: (_: string, listener: (line: never) => void) => void listeners.add(listener),
      removeListener: (_: string, listener: (line: never) => void) =>
        void listeners.delete(listener),
    };
  }

  test("tells what will not get better by waiting at once", async () => {
    const it = client([[3, "[thrd:x]: sasl://a:9092/bootstrap: SASL authentication error: no"]]);
    await assert.rejects(connect(it as never, CONNECTION), /SASL authentication error: no$/);
    assert.equal(it.state.listeners.size, 0);
  });

  test("reads what the brokers speak from the log, and lets go of it", async () => {
    const it = client([
      [7, "[thrd:x]: a:9092/1:   ApiKey ConsumerGroupHeartbeat (68) Versions 0..1"],
      [7, "[thrd:x]: a:9092/1:   ApiKey Produce (0) Versions 3..13"],
      [7, "[thrd:x]: something else"],
    ]);
    const connecting = connect(it as never, CONNECTION);
    it.state.answer(null, { brokers: [], topics: [] });
    const { apis } = await connecting;
    assert.deepEqual([...apis], [[68, { min: 0, max: 1 }], [0, { min: 3, max: 13 }]]);
    assert.equal(it.state.listeners.size, 0);
    assert.equal(hasConsumerProtocol(apis), true);
    assert.equal(hasConsumerProtocol(new Map([[68, { max: 0 }]])), false);
    assert.equal(hasConsumerProtocol(new Map()), false);
  });

  test("tells the client's own error for want of a better reason", async () => {
    const it = client([]);
    const connecting = connect(it as never, CONNECTION);
    it.state.answer(Object.assign(new Error("Local: Broker transport failure"), { code: -195 }));
    await assert.rejects(connecting, /Local: Broker transport failure$/);
  });
});

describe("properties", () => {
  test("a user's own win over what is tuned", () => {
    const connection = {
      brokers: ["a:1"],
      properties: { "client.id": "mine", "fetch.wait.max.ms": "5" },
    };
    assert.equal(connectionProperties(connection)["client.id"], "mine");
    assert.equal(connectionProperties(connection)["bootstrap.servers"], "a:1");
    const consumer = consumerProperties({
      ...connection,
      group: "g",
      protocol: "classic",
      fallBack: false,
      topics: [],
      partitions: 1,
      prefetchBytes: 1,
      statisticsMs: 1000,
    }, "classic");
    assert.equal(consumer["fetch.wait.max.ms"], "5");
  });

  test("not over what delivery rests on", () => {
    const hostile = {
      "enable.auto.commit": "true",
      "enable.auto.offset.store": "true",
      "enable.partition.eof": "false",
      "isolation.level": "read_uncommitted",
      "group.id": "other",
    };
    const properties = consumerProperties({
      brokers: ["a:1"],
      properties: hostile,
      group: "g",
      protocol: "consumer",
      fallBack: true,
      topics: [],
      partitions: 1,
      prefetchBytes: 1,
      statisticsMs: 1000,
    }, "consumer");
    assert.deepEqual(
      Object.keys(hostile).map((name) => properties[name]),
      [false, false, true, "read_committed", "g"],
    );
  });

  test("the prefetch of all partitions together keeps to its budget, down to a least share", () => {
    const share = (partitions: number, prefetchBytes: number) => {
      const properties = consumerProperties({
        ...CONNECTION,
        group: "g",
        protocol: "classic",
        fallBack: false,
        topics: [],
        partitions,
        prefetchBytes,
        statisticsMs: 1000,
      }, "classic");
      return [
        properties["queued.max.messages.kbytes"],
        properties["fetch.message.max.bytes"],
      ];
    };
    assert.deepEqual(share(4, 128 << 20), [32_768, 1 << 20]);
    assert.deepEqual(share(500, 128 << 20), [262, 262 * 1024]);
    assert.deepEqual(share(100_000, 1 << 20), [64, 65_536]);
    assert.deepEqual(share(0, 1 << 20), [1024, 1 << 20]);
  });

  test("certificate authorities: a user's own, then the environment's, then the system's", () => {
    assert.deepEqual(defaultTlsProperties({ "ssl.ca.location": "/mine" }, {}), {});
    assert.deepEqual(defaultTlsProperties({ "ssl.ca.pem": "PEM" }, {}), {});
    const of = (env: Record<string, string>) => defaultTlsProperties({}, env)["ssl.ca.location"];
    assert.equal(of({}), "probe");
    assert.equal(of({ SSL_CERT_FILE: "/f", SSL_CERT_DIR: "/d" }), "/f");
    assert.equal(of({ SSL_CERT_DIR: "/d:/e" }), "/d");
    assert.equal(of({ SSL_CERT_FILE: "", SSL_CERT_DIR: "" }), "probe");
  });
});

describe("properties that librdkafka refuses when it makes a client", () => {
  const refused: [Record<string, string>, RegExp][] = [
    [{ retries: "0" }, /`retries` must be set >= 1/],
    [{ "message.timeout.ms": "1" }, /`message\.timeout\.ms` must be greater than `linger\.ms`/],
    [
      { "security.protocol": "ssl", "ssl.ca.location": "/no/such/file" },
      /ssl\.ca\.location failed: .*No such file or directory: calling fopen\(\/no\/such\/file/,
    ],
  ];
  for (const [properties, expected] of refused) {
    test(`are wrong settings, and no broker is to blame: ${JSON.stringify(properties)}`, async () => {
      await assert.rejects(
        KafkaProducer.open({ brokers: ["127.0.0.1:1"], properties }),
        (error) => error instanceof SettingsError && expected.test(error.message),
      );
    });
  }
});

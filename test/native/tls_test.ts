import assert from "node:assert/strict";
import process from "node:process";
import { describe, test } from "node:test";
import { defaultTlsProperties } from "../../src/kafka/tls.ts";
import { call, disconnect, kafka, needsBroker } from "./support.ts";

const brokers = process.env.TASKC_TEST_TLS_BROKERS;
const authority = process.env.TASKC_TEST_TLS_CA;

/** Connects by TLS; resolves to null, or to why it cannot be. */
async function tryTls(properties: Record<string, string>): Promise<string | null> {
  const producer = new kafka.Producer({
    "bootstrap.servers": brokers!,
    "security.protocol": "ssl",
    // Errors of a producer are served once it is connected, its log at once.
    "log_level": 7,
    "debug": "security",
    ...properties,
  }, {});
  const failed = new Promise<string>((resolve) =>
    producer.on("event.log", ({ message }) => {
      if (message.includes("handshake failed")) resolve(message);
    })
  );
  // Having failed, it gives up and closes by itself.
  const connected = call((done) => producer.connect({ timeout: 3000 } as never, done as never))
    .then(() => disconnect(producer)).then(() => null);
  const outcome = await Promise.race([failed, connected.catch(String)]);
  await connected.catch(() => {});
  return outcome;
}

describe("defaultTlsProperties", () => {
  test("probes the distributions' places, after SSL_CERT_FILE and SSL_CERT_DIR", () => {
    const location = (env: Record<string, string>) =>
      defaultTlsProperties({}, env)["ssl.ca.location"];
    assert.equal(location({}), "probe");
    assert.equal(location({ SSL_CERT_FILE: "/a.pem", SSL_CERT_DIR: "/certs" }), "/a.pem");
    assert.equal(location({ SSL_CERT_DIR: "/certs:/more" }), "/certs");
    assert.equal(location({ SSL_CERT_FILE: "" }), "probe");
  });

  test("leaves a user's own authorities alone", () => {
    const env = { SSL_CERT_FILE: "/a.pem" };
    assert.deepEqual(defaultTlsProperties({ "ssl.ca.location": "/b.pem" }, env), {});
    assert.deepEqual(defaultTlsProperties({ "ssl.ca.pem": "-----BEGIN" }, env), {});
  });
});

const needsTls = needsBroker().skip || (brokers ? false : "needs TASKC_TEST_TLS_BROKERS");

describe("a TLS client", { skip: needsTls }, () => {
  test("trusts the authority that SSL_CERT_FILE names", async () => {
    assert.equal(await tryTls(defaultTlsProperties({}, { SSL_CERT_FILE: authority })), null);
  });

  test("refuses a broker whose authority is not the system's", async () => {
    assert.match(String(await tryTls(defaultTlsProperties({}, {}))), /certificate/i);
  });
});

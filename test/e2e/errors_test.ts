/**
 * Kafka that cannot be reached or refuses: one clear error, exit 4, and no stream of client logs. How
 * long it took is not asserted; a command that goes on trying for ever fails by the harness's bound.
 */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { freePort } from "../../scripts/free_port.ts";
import { test } from "node:test";
import {
  brokers,
  brokerTest,
  consumeAll,
  json,
  produce,
  type Project,
  project,
  runTaskc,
  saslEnvironment,
  topic,
  topicExists,
  uniqueName,
  workModule,
} from "./harness.ts";

const COMMANDS: Record<string, string[]> = {
  run: ["run", "tasks.ts", "--group", "errors", "--stats", "off"],
  "run --drain": ["run", "tasks.ts", "--group", "errors", "--stats", "off", "--drain"],
  check: ["check", "tasks.ts", "--group", "errors"],
  send: ["send", "tasks.ts", "work", `{"id": 1}`],
};

/** Runs each command under these settings and expects exit 4, with a short message on stderr. */
async function assertRefused(
  folder: Project,
  { env, flags = [] }: { env: Record<string, string>; flags?: string[] },
  message: RegExp,
): Promise<void> {
  const check = async ([name, args]: [string, string[]]) => {
    const { code, stdout, stderr } = await runTaskc([...args, ...flags], {
      cwd: folder.folder,
      env,
    });
    assert.equal(code, 4, `${name}: ${stderr}`);
    // The table of check is its result, whatever else it finds.
    if (name !== "check") assert.equal(stdout, "", name);
    assert.match(stderr, message, name);
    const lines = stderr.trimEnd().split("\n");
    assert.ok(lines.length <= 6, `${name} is no log:\n${stderr}`);
    // librdkafka's own log lines begin like this.
    assert.doesNotMatch(stderr, /^%\d\|/m, name);
    assert.doesNotMatch(stderr, /^\s+at /m, name);
  };
  await Promise.all(Object.entries(COMMANDS).map(check));
}

test("a broker that is down: exit 4, naming its address", async () => {
  using folder = project({ "tasks.ts": workModule("unused") });
  const address = `127.0.0.1:${await freePort()}`;
  await assertRefused(folder, { env: { TASKC_BROKERS: address } }, new RegExp(address));
});

test("a port where something else listens: exit 4, naming the address", async () => {
  using folder = project({ "tasks.ts": workModule("unused") });
  const server = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    await assertRefused(folder, { env: { TASKC_BROKERS: address } }, new RegExp(address));
  } finally {
    server.close();
  }
});

brokerTest("check takes missing topics for no problem where run would make them", async () => {
  using folder = project({
    "tasks.ts": workModule("never-made"),
    "taskc.json": JSON.stringify({ createTopics: true }),
  });
  const env = { TASKC_BROKERS: brokers.plain };
  const { code, stdout, stderr } = await runTaskc(["check", "tasks.ts"], {
    cwd: folder.folder,
    env,
  });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /work +never-made +run makes it/);
  assert.equal(await topicExists("never-made"), false);
  const without = await runTaskc(["check", "tasks.ts"], {
    cwd: folder.folder,
    env: { ...env, TASKC_CREATE_TOPICS: "false" },
  });
  assert.equal(without.code, 4);
  assert.match(without.stderr, /never-made/);
});

test("a port that takes connections and never answers: exit 4, naming the address", async () => {
  using folder = project({ "tasks.ts": workModule("unused") });
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    await assertRefused(folder, { env: { TASKC_BROKERS: address } }, new RegExp(address));
  } finally {
    server.close();
  }
});

test("a host name that does not resolve: exit 4, naming it", async () => {
  using folder = project({ "tasks.ts": workModule("unused") });
  await assertRefused(
    folder,
    { env: { TASKC_BROKERS: "kafka.invalid:9092" } },
    /kafka\.invalid/,
  );
});

brokerTest("TLS to a plain port: exit 4, naming TLS or security.protocol", async () => {
  using folder = project({ "tasks.ts": workModule("unused") });
  await assertRefused(
    folder,
    { env: {}, flags: ["-X", "security.protocol=ssl"] },
    /TLS|SSL|security\.protocol/i,
  );
});

brokerTest("plain text to a TLS port: exit 4, naming security.protocol", async () => {
  using folder = project({ "tasks.ts": workModule("unused") });
  await assertRefused(
    folder,
    { env: { TASKC_BROKERS: brokers.tls ?? "" } },
    /security\.protocol|TLS/,
  );
});

brokerTest("a certificate that nobody vouches for: exit 4, naming the certificate", async () => {
  using folder = project({ "tasks.ts": workModule("unused") });
  await assertRefused(
    folder,
    { env: { TASKC_BROKERS: brokers.tls ?? "" }, flags: ["-X", "security.protocol=ssl"] },
    /certificate/i,
  );
});

brokerTest("a bad password: exit 4, naming the user but not the password", async () => {
  using folder = project({ "tasks.ts": workModule("unused") });
  const password = "hunter2-mistyped";
  await assertRefused(folder, { env: saslEnvironment(password) }, /authenticat|password|refuse/i);
  const { stderr } = await runTaskc(COMMANDS.send!, {
    cwd: folder.folder,
    env: saslEnvironment(password),
  });
  assert.ok(!stderr.includes(password), stderr);
});

brokerTest("the right password and a trusted certificate are let in", async () => {
  const to = await topic();
  using folder = project({ "tasks.ts": workModule(to) });
  const ways = [
    saslEnvironment(),
    {
      TASKC_BROKERS: brokers.tls ?? "",
      TASKC_X_SECURITY_PROTOCOL: "ssl",
      TASKC_X_SSL_CA_LOCATION: brokers.ca ?? "",
    },
  ];
  for (const env of ways) {
    const sent = await runTaskc(COMMANDS.send!, { cwd: folder.folder, env });
    assert.equal(sent.code, 0, sent.stderr);
    const group = uniqueName("secure");
    const ran = await runTaskc(["run", "tasks.ts", "--drain", "--group", group], {
      cwd: folder.folder,
      env,
    });
    assert.equal(ran.code, 0, ran.stderr);
  }
  assert.equal((await consumeAll(to)).length, 2);
  assert.equal(folder.ledger().get("1")?.finished, 3, "each group ran what was there");
});

brokerTest("a topic that is not there: exit 4, naming it", async () => {
  const absent = uniqueName("absent");
  using folder = project({ "tasks.ts": workModule(absent) });
  await assertRefused(folder, { env: {} }, new RegExp(`"${absent}"`));
  const { stderr } = await runTaskc(COMMANDS.run!, { cwd: folder.folder });
  assert.match(stderr, /--create-topics/);
  assert.ok(!await topicExists(absent));
});

brokerTest("run --create-topics makes the topics that are missing", async () => {
  const absent = uniqueName("absent");
  using folder = project({ "tasks.ts": workModule(absent) });
  const args = ["--create-topics", "--partitions", "3", "--drain"];
  const { code, stderr } = await runTaskc([...COMMANDS.run!, ...args], { cwd: folder.folder });
  assert.equal(code, 0, stderr);
  assert.ok(await topicExists(absent));
  await produce(absent, json([{ id: 1 }]).map((message) => ({ ...message, partition: 2 })));
});

brokerTest(
  "run makes topics, and finds the group's protocol, whatever librdkafka debugs",
  async () => {
    const absent = uniqueName("absent");
    using folder = project({ "tasks.ts": workModule(absent) });
    const args = ["--create-topics", "--drain", "-X", "debug=cgrp"];
    const { code, stderr } = await runTaskc([...COMMANDS.run!, ...args], { cwd: folder.folder });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /protocol=consumer/);
  },
);

brokerTest(
  "properties that do not fit each other are settings, not the brokers' fault",
  async () => {
    using folder = project({ "tasks.ts": workModule(await topic()) });
    for (
      const [property, reason] of [
        ["fetch.max.bytes=10", /`fetch\.max\.bytes` must be >= `message\.max\.bytes`/],
        ["plugin.library.paths=/nowhere.so", /\/nowhere\.so: cannot open shared object file/],
      ] as const
    ) {
      const { code, stderr } = await runTaskc(
        [...COMMANDS.run!, "-X", property],
        {
          cwd: folder.folder,
        },
      );
      assert.equal(code, 2, stderr);
      assert.match(stderr, /^error: Cannot use the properties of librdkafka that are set: /);
      assert.match(stderr, reason);
    }
  },
);

test("a group has to be named when the brokers are elsewhere: exit 2, naming --group", async () => {
  using folder = project({ "tasks.ts": workModule("unused") });
  const { code, stderr } = await runTaskc(["run", "tasks.ts"], {
    cwd: folder.folder,
    env: { TASKC_BROKERS: "192.0.2.1:9092" },
  });
  assert.equal(code, 2, stderr);
  assert.match(stderr, /--group/);
});

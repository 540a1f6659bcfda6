import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { OPTION_ENTRIES, variableOf } from "../../src/config/options.ts";
import { resolveSettings } from "../../src/config/settings.ts";
import { folderWith, NOTHING, problemsOf, settingsOf } from "./settings_support.ts";

test("resolveSettings gives the defaults that the design fixes", () => {
  assert.deepEqual(settingsOf("run", {}), {
    brokers: ["127.0.0.1:9092"],
    group: "tasks",
    groupProtocol: "auto",
    instanceId: null,
    from: { kind: "earliest" },
    properties: {},
    only: null,
    unroutable: "dead",
    breakerRun: 100,
    breakerRatio: 0.5,
    breakerExit: false,
    drain: false,
    maxTime: null,
    createTopics: false,
    partitions: null,
    replicationFactor: null,
    create: true,
    processes: 1,
    concurrency: 1000,
    maxBytes: 256 * 1024 * 1024,
    maxAhead: 1_000_000,
    maxWaiting: 10_000,
    maxMetadata: 4095,
    idleSleep: 1000,
    commitInterval: 1000,
    grace: 20_000,
    revokeDrain: 5000,
    stallAfter: 300_000,
    stallExit: null,
    stats: "lines",
    metrics: null,
    config: null,
  });
});

test("a flag wins over a variable, that over taskc.json, that over the default", () => {
  const folder = folderWith({ concurrency: 3, grace: "3s", maxAhead: 3 });
  const { settings, effective } = resolveSettings("run", {
    ...NOTHING,
    folder,
    env: { TASKC_CONCURRENCY: "2", TASKC_GRACE: "2s" },
    flags: { concurrency: ["1"] },
  });
  assert.deepEqual([settings.concurrency, settings.grace, settings.maxAhead], [1, 2000, 3]);
  const sources = new Map(effective.map(({ name, source }) => [name, source.name]));
  assert.deepEqual(
    ["concurrency", "grace", "maxAhead", "maxBytes"].map((name) => sources.get(name)),
    [
      "--concurrency",
      "TASKC_GRACE",
      "taskc.json:1",
      "default",
    ],
  );
});

test("an on/off variable is read by its word, and a flag can turn the file off", () => {
  assert.equal(settingsOf("run", { env: { TASKC_DRAIN: "false" } }).drain, false);
  assert.equal(settingsOf("run", { env: { TASKC_DRAIN: "1" } }).drain, true);
  assert.deepEqual(problemsOf({ env: { TASKC_DRAIN: "maybe" } }), [
    'Cannot use TASKC_DRAIN "maybe": it must be true or false',
  ]);
  const folder = folderWith({ drain: true });
  assert.equal(settingsOf("run", { folder }).drain, true);
  assert.equal(settingsOf("run", { folder, flags: { drain: ["false"] } }).drain, false);
});

test("an empty variable counts as not set", () => {
  assert.equal(settingsOf("run", { env: { TASKC_GROUP: "", TASKC_MAX_BYTES: "" } }).group, "tasks");
});

test("lists come from repeated flags, commas or arrays, each name once", () => {
  assert.deepEqual(settingsOf("run", { flags: { only: ["a,b", "c", "a"] } }).only, ["a", "b", "c"]);
  assert.deepEqual(settingsOf("run", { env: { TASKC_BROKERS: "localhost, [::1]:1" } }).brokers, [
    "localhost:9092",
    "[::1]:1",
  ]);
  const folder = folderWith({ brokers: ["127.0.0.1:1", "127.0.0.1:2"] });
  assert.deepEqual(settingsOf("run", { folder }).brokers, ["127.0.0.1:1", "127.0.0.1:2"]);
});

test("all problems are told at once, each with its source", () => {
  const folder = folderWith(`{
  "concurency": 5,
  "max-bytes": "1MiB",
  "grace": 20,
  "drain": "true",
  "key": "x",
  "properties": { "enable.auto.commit": true }
}`);
  const problems = problemsOf({
    folder,
    env: {
      TASKC_GROOP: "x",
      TASKC_JSON: "1",
      TASKC_IDLE_SLEEP: "100",
      TASKC_X_SASL_PASWORD: "hunter2",
      TASKC_X_CHECK_CRCS: "maybe",
    },
    flags: { concurrency: ["0"], brokers: ["a:99999"], properties: ["foo=1"], maxTime: ["5m"] },
  });
  assert.deepEqual(problems, [
    'Unknown variable TASKC_GROOP; did you mean "TASKC_GROUP"?',
    "Unknown variable TASKC_JSON; --json can only be given as a flag",
    'Unknown variable TASKC_X_SASL_PASWORD: librdkafka has no such property; did you mean "TASKC_X_SASL_PASSWORD"?',
    'Unknown setting "concurency" in taskc.json:2; did you mean "concurrency"?',
    'Unknown setting "max-bytes" in taskc.json:3; it is written "maxBytes"',
    'Unknown setting "key" in taskc.json:6; it can only be given as a flag',
    'Cannot use --brokers "a:99999": "99999" is not a port; it must be a number from 1 to 65535',
    'Cannot use "drain": "true" in taskc.json:5: it must be true or false, without quotes',
    'Cannot use --concurrency "0": it must be a whole number from 1 to 1,000,000',
    'Cannot use TASKC_IDLE_SLEEP "100": it needs a unit, such as "100s" or "100ms"',
    'Cannot use "grace": 20 in taskc.json:4: it must be a string',
    'Cannot use property "enable.auto.commit" in taskc.json:7: taskc commits an offset only when its task has finished; anything else loses messages',
    'Cannot use TASKC_X_CHECK_CRCS: its value "maybe" must be true or false',
    "Cannot use -X foo: librdkafka has no such property",
    "Cannot use --max-time without --drain",
  ]);
});

test("what a flag overrides must be right all the same", () => {
  assert.deepEqual(problemsOf({ flags: { grace: ["1s"] }, env: { TASKC_GRACE: "soon" } }), [
    'Cannot use TASKC_GRACE "soon": it must be a duration such as "500ms", "30s", "5m", "2h" or "1d"',
  ]);
});

test("a broken settings file is one problem among the others", () => {
  const problems = problemsOf({ folder: folderWith("{"), flags: { concurrency: ["x"] } });
  assert.equal(problems.length, 2);
  assert.match(problems[0]!, /Cannot read taskc.json:1:2/);
});

test("--config and TASKC_CONFIG name the settings file", () => {
  const folder = folderWith({ concurrency: 7 });
  assert.equal(
    settingsOf("run", { flags: { config: [join(folder, "taskc.json")] } }).concurrency,
    7,
  );
  assert.equal(
    settingsOf("run", { env: { TASKC_CONFIG: join(folder, "taskc.json") } }).concurrency,
    7,
  );
  assert.match(
    problemsOf({ flags: { config: ["gone.json"] } })[0]!,
    /"gone.json": it does not exist/,
  );
});

test("variables that Kubernetes makes for a service called taskc are left alone", () => {
  const env = {
    TASKC_SERVICE_HOST: "10.0.0.1",
    TASKC_SERVICE_PORT_HTTP: "80",
    TASKC_PORT: "tcp://10.0.0.1:80",
    TASKC_PORT_80_TCP_ADDR: "10.0.0.1",
    TASKC_WORKER_SERVICE_PORT: "80",
    OTHER: "x",
  };
  assert.deepEqual(problemsOf({ env }), []);
});

test("a group without a name is the module's, on loopback alone", () => {
  assert.equal(settingsOf("run", { module: "/srv/my jobs.v2.ts" }).group, "my-jobs.v2");
  assert.equal(settingsOf("run", { module: "./.ts" }).group, "ts");
  const brokers = ["kafka.example.com:9092"];
  const [problem, ...others] = problemsOf({ flags: { brokers } });
  assert.match(problem!, /A group is needed .*kafka\.example\.com:9092.*--group NAME/);
  assert.deepEqual(others, []);
  assert.match(problemsOf({ flags: { brokers } }, "check")[0]!, /--group NAME/);
  assert.deepEqual(problemsOf({ flags: { brokers } }, "send"), []);
  assert.deepEqual(problemsOf({ flags: { brokers, group: ["g"] } }), []);
  // The embedded broker is on this machine, whatever taskc.json says of production.
  assert.equal(settingsOf("dev", { env: { TASKC_BROKERS: "kafka:9092" } }).group, "tasks");
});

test("a group must be fit for the names of its topics", () => {
  assert.deepEqual(problemsOf({ flags: { group: ["a b"] } }), [
    'Cannot use --group "a b": Kafka does not take " " in a name; use letters, digits, ".", "_" and "-"',
  ]);
  assert.match(problemsOf({ flags: { group: [".."] } })[0]!, /Kafka reserves/);
  assert.match(problemsOf({ flags: { group: ["x".repeat(201)] } })[0]!, /longer than 200/);
});

test("stats follow the terminal unless they are chosen", () => {
  assert.equal(settingsOf("run", { stderrIsTerminal: true }).stats, "tty");
  assert.equal(
    settingsOf("run", { stderrIsTerminal: true, env: { TASKC_STATS: "json" } }).stats,
    "json",
  );
});

test("each command gets its own options and no others", () => {
  const send = settingsOf("send", { flags: { headers: ["a=1", "a=2=3"], key: [""] } });
  assert.deepEqual(Object.keys(send), [
    "key",
    "headers",
    "keepGoing",
    "brokers",
    "properties",
    "timeout",
    "json",
    "config",
  ]);
  assert.deepEqual(send.headers, [["a", "1"], ["a", "2=3"]]);
  assert.equal(send.key, "");
});

test("the child of taskc dev leaves settings of other brokers unread, but not its flags and group", () => {
  const settings = settingsOf("run", {
    embeddedBroker: true,
    folder: folderWith({
      brokers: "kafka:9092",
      group: "mailer",
      instanceId: "a",
      concurrency: 5,
      properties: { "security.protocol": "sasl_ssl", "session.timeout.ms": 6000 },
    }),
    env: { TASKC_X_SASL_PASSWORD: "x", TASKC_FROM: "latest", TASKC_GRACE: "1s" },
    flags: { groupProtocol: ["consumer"], properties: ["fetch.wait.max.ms=10"] },
  });
  assert.deepEqual(
    [settings.brokers, settings.group, settings.instanceId, settings.from, settings.properties],
    [["127.0.0.1:9092"], "mailer", null, { kind: "earliest" }, { "fetch.wait.max.ms": "10" }],
  );
  assert.deepEqual([settings.concurrency, settings.grace], [5, 1000]);
});

test("any variables give settings or problems that name them", () => {
  const names = OPTION_ENTRIES.flatMap(([key]) => variableOf(key) ?? [])
    .filter((name) => name !== "TASKC_CONFIG" && !name.includes("<"));
  const values = fc.oneof(fc.string(), fc.constantFrom("1", "true", "5s", "1MiB", "auto", "a:1"));
  fc.assert(fc.property(fc.dictionary(fc.constantFrom(...names), values), (env) => {
    for (const problem of problemsOf({ env })) {
      assert.ok(Object.keys(env).some((name) => problem.includes(name)), problem);
    }
  }));
});

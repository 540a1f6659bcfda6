/** The modules under tasks/ do what their comments say: on the real broker, with a web server beside. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import {
  brokerTest,
  consumeAll,
  deadLetterTopic,
  deleteTopic,
  json,
  lag,
  produce,
  project,
  runTaskc,
  taskc,
  topic,
  uniqueName,
  until,
} from "./harness.ts";

const EXAMPLES = fileURLToPath(new URL("../../tasks/", import.meta.url));

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** A web server that other services would be; `await using` closes it with all its connections. */
async function serve(answer: Answer) {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => body += chunk);
    request.on("end", () => answer(request, response, body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The topics of an example have fixed names: made for one test, removed after it. */
async function exampleTopics(names: readonly string[]) {
  for (const name of names) await topic({ name, partitions: 2 });
  return {
    async [Symbol.asyncDispose]() {
      for (const name of names) await deleteTopic(name);
    },
  };
}

/** Starts an example in a folder of its own, told as JSON. */
function runExample(name: string, group: string, cwd: string, args: readonly string[] = []) {
  return taskc(
    ["run", `${EXAMPLES}${name}`, "--group", group, "--stats", "json", ...args],
    { cwd },
  );
}

brokerTest("every example is run here, and passes taskc check", async () => {
  const files = readdirSync(EXAMPLES);
  assert.deepEqual(files.sort(), ["check_links.ts", "demo.ts", "foreign_topics.ts", "webhooks.ts"]);
  for (const file of files) {
    // Topics are missing here, so the exit code is Kafka's; a module that is wrong would have its own.
    const { code, stdout, stderr } = await runTaskc(["check", `${EXAMPLES}${file}`]);
    assert.ok(code === 0 || code === 4, stderr);
    assert.match(stdout, /^TASK +TOPIC/);
  }
});

brokerTest(
  "check_links opens 20 requests at most, and records what each link answered",
  async () => {
    await using _topics = await exampleTopics(["checkLink", "recordLink"]);
    using folder = project({});
    const held: ServerResponse[] = [];
    let holding = true;
    let open = 0;
    let most = 0;
    const failedOnce = new Set<string>();
    await using server = await serve((request, response) => {
      assert.equal(request.method, "HEAD");
      open++;
      most = Math.max(most, open);
      response.on("close", () => open--);
      const path = request.url!;
      if (path === "/busy" && !failedOnce.has(path)) {
        failedOnce.add(path);
        response.statusCode = 503;
        return void response.end();
      }
      response.statusCode = path === "/gone" ? 404 : 200;
      if (holding) held.push(response);
      else response.end();
    });
    const paths = ["/busy", "/gone", ...Array.from({ length: 98 }, (_, id) => `/${id}`)];
    await produce("checkLink", json(paths.map((path) => ({ url: server.url + path }))));
    const group = uniqueName("links");
    await using worker = runExample("check_links.ts", group, folder.folder);
    await until("all slots to be taken", () => held.length === 20);

    // The bulkhead is full; the task beside it is not held up.
    const mine = { url: `${server.url}/mine`, status: 200, ms: 1, attempt: 1 };
    await produce("recordLink", json([mine]));
    await until("the other task", () => readOrEmpty(folder, "links.ndjson").includes("/mine"));
    assert.equal(held.length, 20);

    holding = false;
    for (const response of held) response.end();
    const lines = () =>
      readOrEmpty(folder, "links.ndjson").split("\n").filter((line) => line !== "");
    await until("all answers to be recorded", () => lines().length === paths.length + 1);
    await until(
      "all to be committed",
      async () => await lag(group, "checkLink") + await lag(group, "recordLink") === 0,
    );
    assert.equal(most, 20);
    const records = new Map(
      lines().map((line) => {
        const { url, status, attempt } = JSON.parse(line);
        return [url.slice(server.url.length), { status, attempt }];
      }),
    );
    assert.equal(records.size, paths.length + 1);
    assert.deepEqual(records.get("/gone"), { status: 404, attempt: 1 });
    assert.deepEqual(records.get("/busy"), { status: 200, attempt: 2 });
    assert.deepEqual(records.get("/97"), { status: 200, attempt: 1 });
    worker.kill();
    assert.equal((await worker.waitForExit()).code, 0);
  },
);

function readOrEmpty(folder: ReturnType<typeof project>, name: string): string {
  try {
    return folder.read(name);
  } catch {
    return "";
  }
}

interface Delivery {
  attempt: string;
  key: string;
  event: string;
  body: string;
  at: number;
}

brokerTest(
  "webhooks are delivered, tried again, discarded or dead, as the subscriber answers",
  async () => {
    await using _topics = await exampleTopics(["deliverWebhook"]);
    using folder = project({});
    const deliveries = new Map<string, Delivery[]>();
    await using server = await serve((request, response, body) => {
      const path = request.url!;
      const before = deliveries.get(path) ?? [];
      deliveries.set(path, before);
      const { headers } = request;
      before.push({
        attempt: String(headers["webhook-attempt"]),
        key: String(headers["idempotency-key"]),
        event: String(headers["webhook-event"]),
        body,
        at: performance.now(),
      });
      const first = before.length === 1;
      if (path === "/later" && first) response.writeHead(429, { "retry-after": "2" });
      else if (path === "/date" && first) {
        response.writeHead(503, { "retry-after": new Date(Date.now() + 1000).toUTCString() });
      } else if (path === "/down" && first) response.writeHead(500);
      else if (path === "/gone") response.writeHead(410);
      else if (path === "/refuses") response.writeHead(422, { "content-type": "text/plain" });
      else if (path === "/moved") response.writeHead(301, { location: "/elsewhere" });
      response.end(path === "/refuses" ? "no such order" : "");
    });
    const paths = ["/fine", "/later", "/date", "/down", "/gone", "/refuses", "/moved"];
    await produce(
      "deliverWebhook",
      paths.map((path) => ({
        value: JSON.stringify({ url: server.url + path, event: "order.paid", data: { order: 7 } }),
        headers: { ce_specversion: "1.0", ce_id: `id of ${path}`, ce_type: "deliverWebhook" },
      })),
    );
    const group = uniqueName("webhooks");
    await using worker = runExample("webhooks.ts", group, folder.folder, ["--drain"]);
    const { code, stderr } = await worker.waitForExit();
    assert.equal(code, 1, stderr);

    const attempts = Object.fromEntries(
      [...deliveries].map(([path, of]) => [path, of.map(({ attempt }) => attempt).join(" ")]),
    );
    assert.deepEqual(attempts, {
      "/fine": "1",
      "/later": "1 2",
      "/date": "1 2",
      "/down": "1 2",
      "/gone": "1",
      "/refuses": "1",
      "/moved": "1",
    });
    for (const [path, of] of deliveries) {
      for (const { key, event, body } of of) {
        assert.deepEqual({ key, event, body }, {
          key: `id of ${path}`,
          event: "order.paid",
          body: `{"order":7}`,
        });
      }
    }
    // Never before the subscriber said; how much later is the machine's affair.
    const [refused, accepted] = deliveries.get("/later")!;
    assert.ok(accepted!.at - refused!.at >= 2000, `${accepted!.at - refused!.at} ms`);

    const dead = await consumeAll(deadLetterTopic(group, "deliverWebhook"));
    const errors = dead.map(({ headers }) => headers.find(([name]) => name === "taskc-error")![1]);
    assert.deepEqual(errors.sort(), [
      `${server.url}/moved answered 301: `,
      `${server.url}/refuses answered 422: no such order`,
    ]);
    const summary = JSON.parse(stderr.split("\n").findLast((line) => line.includes(`"summary"`))!);
    const [task] = summary.tasks;
    assert.deepEqual(
      { done: task.done, discarded: task.discarded, retried: task.retried, dead: task.dead },
      { done: 4, discarded: 1, retried: 3, dead: 2 },
    );
  },
);

/** A value as a weather station would write it. */
function readingBytes(celsius: number, humidity = 50): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  view.setBigInt64(0, BigInt(Date.UTC(2026, 6, 1, 12)));
  view.setFloat32(8, celsius);
  view.setFloat32(12, humidity);
  return new Uint8Array(view.buffer);
}

brokerTest("foreign topics are decoded; what does not fit them is dead at once", async () => {
  await using _topics = await exampleTopics(["web.access-log", "station.readings"]);
  using folder = project({});
  const line = (path: string, status: number) =>
    `192.0.2.7 - - [10/Oct/2026:13:55:36 +0000] "GET ${path} HTTP/1.1" ${status} 17`;
  await produce("web.access-log", [
    { value: line("/", 200) },
    { value: line("/pay", 502), headers: { ce_type: "whatever its sender likes" } },
    { value: "no log line" },
  ]);
  await produce("station.readings", [
    { key: "roof", value: readingBytes(41.5) },
    { key: "cellar", value: readingBytes(12) },
    { key: "cellar", value: null },
    { key: "lab", value: readingBytes(900) },
    { key: "old", value: new Uint8Array(12) },
  ]);
  const group = uniqueName("foreign");
  await using worker = runExample("foreign_topics.ts", group, folder.folder, ["--drain"]);
  const { code, stderr } = await worker.waitForExit();
  assert.equal(code, 1, stderr);

  const logged = stderr.split("\n").filter((line) => line.includes(`"event":"log"`)).map((line) => {
    const { task, level, message, fields } = JSON.parse(line);
    return { task, level, message, fields };
  });
  assert.deepEqual(logged.sort((a, b) => a.task < b.task ? -1 : 1), [
    {
      task: "accessLine",
      level: "warn",
      message: "The server failed",
      fields: { method: "GET", path: "/pay", status: 502 },
    },
    {
      task: "reading",
      level: "warn",
      message: "Heat",
      fields: { station: "roof", celsius: 41.5, at: "2026-07-01T12:00:00.000Z" },
    },
  ]);
  const [badLine, ...others] = await consumeAll(deadLetterTopic(group, "web.access-log"));
  assert.deepEqual(others, []);
  assert.equal(badLine?.value, "no log line");
  assert.match(JSON.stringify(badLine.headers), /expected a line in Common Log Format/);
  const deadReadings = await consumeAll(deadLetterTopic(group, "station.readings"));
  assert.deepEqual(deadReadings.map(({ key }) => key).sort(), ["lab", "old"]);
  const reasons = JSON.stringify(deadReadings.map(({ headers }) => headers));
  assert.match(reasons, /celsius/);
  assert.match(reasons, /expected 16 bytes, got 12/);
});

/** Tasks that wait for HTTP answers: as many at once as are in flight, whatever the runtime's default. */
import assert from "node:assert/strict";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { brokerTest, json, produce, project, runWorker, topic, until } from "./harness.ts";

const REQUESTS = 600;

brokerTest(
  "more HTTP requests wait for their answers than the runtime lets out by default",
  async () => {
    const waiting: ServerResponse[] = [];
    const server = createServer((_, response) => void waiting.push(response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const from = await topic({ partitions: 4 });
      using folder = project({
        "tasks.ts": `import { task } from "taskc";
export const call = task({
  topic: ${JSON.stringify(from)},
  run: async (_: unknown, { signal }) => {
    await (await fetch("http://127.0.0.1:${port}/", { signal })).text();
  },
});
`,
      });
      await produce(from, json(Array.from({ length: REQUESTS }, (_, id) => ({ id }))));
      await using worker = runWorker(folder);
      await until("all requests to be open at once", () => waiting.length === REQUESTS);
      for (const response of waiting) response.end("ok");
      worker.kill("SIGTERM");
      assert.equal((await worker.waitForExit()).code, 0);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  },
);

import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, it } from "node:test";
import { Observer } from "../../../scripts/peers/article_observer.ts";

const ROW = { jobs: 2, requests: 2, ioMs: 0 };

describe("Observer", () => {
  let observer: Observer;
  let worker: Socket;

  beforeEach(async () => {
    observer = await Observer.open();
    const [host, port] = observer.address.split(":");
    worker = connect(Number(port), host);
    await new Promise((resolve) => worker.once("connect", resolve));
  });

  afterEach(async () => {
    worker.destroy();
    await observer[Symbol.asyncDispose]();
  });

  it("gives the time of each request's last job, in the order of requests", async () => {
    const { round: { firstId }, done } = observer.expect(ROW);
    worker.write(`${firstId + 2} ${firstId + 3}\n${firstId}`);
    while (observer.doneJobs < 2) await new Promise(setImmediate);
    worker.write(`\n${firstId + 1}\n`);
    const [first, second] = await done;
    assert.ok(first! > second!);
  });

  it("counts a job once, and none of another round", async () => {
    const { round: { firstId: earlier } } = observer.expect(ROW);
    const { round: { firstId }, done } = observer.expect(ROW);
    worker.write(`${earlier} ${earlier + 3}\n${firstId} ${firstId} ${firstId + 4}\n`);
    worker.write(`${firstId + 1} ${firstId + 2}\n`);
    while (observer.doneJobs < 3) await new Promise(setImmediate);
    assert.equal(observer.doneJobs, 3);
    worker.write(`${firstId + 3}\n`);
    assert.equal((await done).length, 2);
  });
});

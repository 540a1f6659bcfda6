import assert from "node:assert/strict";
import { test } from "node:test";
import { nearestName } from "../../src/core/nearest_name.ts";

const COMMANDS = ["run", "send", "check", "dev", "broker", "bench", "completions"];

test("nearestName: what was most likely meant, two letters in the wrong order as well", () => {
  const meant = {
    ...{ rnu: "run", urn: "run", sned: "send", dve: "dev", RUN: "run", cheek: "check" },
    ...{ brokers: "broker", benhc: "bench", completion: "completions" },
  };
  for (const [typed, expected] of Object.entries(meant)) {
    assert.equal(nearestName(typed, COMMANDS), expected, typed);
  }
});

test("nearestName: a name that was cut short", () => {
  const flags = ["--config", "--concurrency", "--commit-interval", "--max-bytes"];
  assert.equal(nearestName("--conc", flags), "--concurrency");
  assert.equal(nearestName("--max", flags), "--max-bytes");
  assert.equal(nearestName("--co", flags), undefined);
  const near = ["queue.buffering.max.messages", "queue.buffering.max.ms"];
  assert.equal(nearestName("queue.buffering.max.m", near), "queue.buffering.max.ms");
  assert.equal(nearestName("Run", ["runner", "run"]), "run");
});

test("nearestName: nothing where nothing is close", () => {
  for (const typed of ["", "nur", "x", "start", "dnse", "ved"]) {
    assert.equal(nearestName(typed, COMMANDS), undefined, typed);
  }
});

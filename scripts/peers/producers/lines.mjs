/**
 * What every client in Node.js does with a line, and how it tells that all have been acknowledged. The arguments
 * of each are: brokers, topic, number of lines.
 */
import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import process from "node:process";
import { z } from "zod";

export const [brokers, topic] = process.argv.slice(2);
const count = Number(process.argv[4]);

const schema = z.object({ id: z.number(), name: z.string(), ok: z.boolean() });

/** The value of a line, parsed and validated. */
function valueOf(line) {
  const input = JSON.parse(line);
  schema.parse(input);
  return JSON.stringify(input);
}

/** The headers that taskc sends as well. */
function headers() {
  return {
    "ce_specversion": "1.0",
    "ce_id": randomUUID(),
    "ce_source": "taskc",
    "ce_type": "work",
    "ce_time": new Date().toISOString(),
    "content-type": "application/json",
  };
}

export const messageOf = (line) => ({ value: valueOf(line), headers: headers() });

/** To be called by whom will read at once: lines that nobody waits for are lost. */
export const lines = () => createInterface({ input: process.stdin });

/** Calls `send` with `size` messages each time, `atOnce` calls at once; resolves when all have been acknowledged. */
export async function sendBatches(size, atOnce, send) {
  const inFlight = new Set();
  let failure = null;
  let batch = [];
  const hand = () => {
    const sending = send(batch).catch((error) => failure ??= error)
      .finally(() => inFlight.delete(sending));
    inFlight.add(sending);
    batch = [];
  };
  for await (const line of lines()) {
    batch.push(messageOf(line));
    if (batch.length < size) continue;
    hand();
    if (inFlight.size >= atOnce) await Promise.race(inFlight);
    if (failure) throw failure;
  }
  if (batch.length > 0) hand();
  await Promise.all(inFlight);
  if (failure) throw failure;
}

export const leave = () => {
  process.stdout.write(`${JSON.stringify({ done: count })}\n`, () => process.exit(0));
};

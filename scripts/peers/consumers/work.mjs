/**
 * What every client in Node.js does with a message, and how it tells that it has done all of them. The arguments
 * of each are: brokers, topic, group, number of messages, and where a client has several, which interface.
 */
import process from "node:process";
import { z } from "zod";

export const [brokers, topic, group] = process.argv.slice(2);
const count = Number(process.argv[5]);
export const variant = process.argv[6];

const schema = z.object({ id: z.number(), name: z.string(), ok: z.boolean() });
const all = Promise.withResolvers();
let done = 0;

/** Where latency is measured: each message is told at its start, by its id and the time in milliseconds. */
const tellsStarts = process.env.BENCH_STARTS === "1";
const run = tellsStarts
  ? ({ id }) => {
    process.stdout.write(`${id} ${performance.timeOrigin + performance.now()}\n`);
  }
  : async (_input) => {};

/**
 * How long a fetch of clients that have to wait for it when they leave may last where nothing comes; one that does
 * not leave keeps the default of KafkaJS and @platformatic/kafka.
 */
export const longestFetchMs = tellsStarts ? 5000 : 100;

/** Parses, validates and runs one message. */
export const work = async (value) => {
  // For whoever measures the start.
  if (done === 0) process.stdout.write("first\n");
  await run(schema.parse(JSON.parse(value.toString())));
  if (++done === count) all.resolve();
};

/** Resolved when as many messages are done as the topic has. */
export const allDone = all.promise;

/** The last line of the output, after the last commit. */
export const leave = () => {
  process.stdout.write(`${JSON.stringify({ done })}\n`, () => process.exit(0));
};

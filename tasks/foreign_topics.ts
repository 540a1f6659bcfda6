/**
 * Topics that were not written by taskc.
 *
 * `accessLine` takes plain text, as a log shipper sends it. `reading` takes a binary format of its own,
 * by a `decode` function. Both take whatever their topic has (`types: "*"`), so nothing has to set a
 * header. What cannot be decoded, or does not fit the schema, goes to the dead letters at once.
 *
 *     taskc broker tasks/foreign_topics.ts &       # or your own Kafka, and --create-topics below
 *     export TASKC_BROKERS=127.0.0.1:33445         # the address that it printed
 *     echo '192.0.2.7 - - [10/Oct/2026:13:55:36 +0000] "GET /pay HTTP/1.1" 502 17' |
 *       kcat -P -b "$TASKC_BROKERS" -t web.access-log
 *     taskc run tasks/foreign_topics.ts
 */
import { type RawMessage, task, z } from "taskc";

/** Common Log Format: host, identity, user, time, request line, status, bytes. */
const LINE = /^(\S+) \S+ \S+ \[([^\]]+)\] "(\S+) (\S+)[^"]*" (\d{3}) (?:\d+|-)/;

export const accessLine = task({
  topic: "web.access-log",
  decode: "text",
  types: "*",
  // A schema may take things apart as well: its output is what `run` gets.
  schema: z.string().transform((line, context) => {
    const match = LINE.exec(line);
    if (!match) {
      context.addIssue("expected a line in Common Log Format");
      return z.NEVER;
    }
    const [, host, , method, path, status] = match;
    return { host: host!, method: method!, path: path!, status: Number(status) };
  }),
  run: ({ method, path, status }, { log }) => {
    if (status >= 500) log.warn("The server failed", { method, path, status });
  },
});

export const reading = task({
  topic: "station.readings",
  decode: decodeReading,
  types: "*",
  schema: z.object({
    station: z.string().min(1),
    at: z.date(),
    celsius: z.number().min(-90).max(70),
    humidity: z.number().min(0).max(100),
  }).nullable(),
  run: (reading, { log }) => {
    // A tombstone: the station was taken down.
    if (!reading) return;
    const { station, at, celsius } = reading;
    if (celsius > 40) log.warn("Heat", { station, celsius, at: at.toISOString() });
  },
});

/**
 * The key is the station's name. The value has 16 bytes, big-endian: milliseconds since the epoch (64
 * bits), degrees and relative humidity (32-bit floats).
 */
function decodeReading({ key, value }: RawMessage) {
  if (value === null) return null;
  if (value.byteLength !== 16) {
    throw new RangeError(`expected 16 bytes, got ${value.byteLength}`);
  }
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  return {
    station: key === null ? "" : new TextDecoder().decode(key),
    at: new Date(Number(view.getBigInt64(0))),
    celsius: view.getFloat32(8),
    humidity: view.getFloat32(12),
  };
}

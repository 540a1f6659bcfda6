/** Any text and any snapshot that could ever occur, for property tests. */
import fc from "fast-check";
import type {
  BlockedMessage,
  PartitionSnapshot,
  Snapshot,
  TaskSnapshot,
  TopicSnapshot,
} from "../../src/stats/snapshot.ts";

/** Text as hostile as it gets: controls, escapes, bidi, wide, combining, emoji, lone surrogates. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.array(
    fc.constantFrom(
      "\x1b[2J",
      "\x1b]0;title\x07",
      "\n",
      "\r",
      "\t",
      "\x07",
      "\x7f",
      "\x9b31m",
      "\u202e",
      "\u2066",
      "\u200f",
      "\u2028",
      "\ufeff",
      "\ud83d",
      "\udc00",
      "漢字",
      "한글",
      "e\u0301",
      "\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301",
      "👩‍👩‍👧",
      "👍🏽",
      "🇨🇭",
      "❤️",
      "ﷺ",
      "\u3000",
      '"',
      "\\",
      "plain",
      " ",
    ),
    { maxLength: 20 },
  ).map((pieces) => pieces.join("")),
);

const anyCount = fc.oneof(fc.nat(100), fc.nat(2_000_000_000), fc.constant(Number.MAX_SAFE_INTEGER));
const anyMs = fc.oneof(fc.double({ min: 0, max: 1e10, noNaN: true }), fc.constant(0));
const anyMsOrNull = fc.option(anyMs);
const anyHistory = fc.array(fc.oneof(fc.constant(0), anyCount), { maxLength: 60 });

const anyTask: fc.Arbitrary<TaskSnapshot> = fc.record({
  name: anyText,
  topic: anyText,
  inFlight: anyCount,
  limit: fc.option(anyCount),
  waiting: anyCount,
  breaker: fc.constantFrom("closed", "open", "probing"),
  done: anyCount,
  discarded: fc.oneof(fc.constant(0), anyCount),
  failed: anyCount,
  retried: anyCount,
  abandoned: fc.oneof(fc.constant(0), anyCount),
  dead: anyCount,
  ratePerSecond: anyMs,
  p50Ms: anyMsOrNull,
  p99Ms: anyMsOrNull,
  rateHistory: anyHistory,
});

const anyPartition: fc.Arbitrary<PartitionSnapshot> = fc.record({
  partition: fc.nat(100_000),
  watermark: fc.oneof(fc.constant(-1), anyCount),
  committed: fc.oneof(fc.constant(-1), anyCount),
  uncovered: anyCount,
  position: fc.oneof(fc.constant(-1), anyCount),
  end: fc.oneof(fc.constant(-1), anyCount),
});

const anyBlocked: fc.Arbitrary<BlockedMessage> = fc.record({
  partition: fc.nat(100_000),
  offset: anyCount,
  task: anyText,
  key: fc.option(anyText),
  attempt: fc.nat(1000),
  ageMs: anyMs,
});

const anyTopic: fc.Arbitrary<TopicSnapshot> = fc.record({
  topic: anyText,
  partitions: fc.array(anyPartition, { maxLength: 12 }),
  lag: fc.option(anyCount),
  blocked: fc.option(anyBlocked),
});

export const anySnapshot: fc.Arbitrary<Snapshot> = fc.record({
  at: fc.integer({ min: 0, max: 4_000_000_000_000 }),
  uptimeMs: anyMs,
  state: fc.constantFrom("starting", "running", "draining", "aborting", "stopped"),
  group: anyText,
  processes: fc.record({ running: fc.nat(64), of: fc.integer({ min: 1, max: 64 }) }),
  broker: fc.record({ state: fc.constantFrom("connecting", "up", "down"), sinceMs: anyMs }),
  inFlight: anyCount,
  peakInFlight: anyCount,
  uncovered: anyCount,
  peakUncovered: anyCount,
  limit: anyCount,
  waiting: anyCount,
  heldBytes: anyCount,
  fetchedBytes: anyCount,
  maxBytes: anyCount,
  rssBytes: anyCount,
  peakRssBytes: anyCount,
  loopDelayMs: fc.record({ p99: anyMs, max: anyMs }),
  tasks: fc.array(anyTask, { maxLength: 20 }),
  topics: fc.array(anyTopic, { maxLength: 12 }),
  totals: fc.record({
    received: anyCount,
    done: anyCount,
    discarded: anyCount,
    failed: anyCount,
    retried: anyCount,
    abandoned: anyCount,
    dead: anyCount,
    skipped: anyCount,
    strayErrors: anyCount,
    ratePerSecond: anyMs,
    p50Ms: anyMsOrNull,
    p99Ms: anyMsOrNull,
  }),
  rateHistory: anyHistory,
});

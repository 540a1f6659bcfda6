import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatEventLine, formatStatsLine } from "../../src/render/lines.ts";
import { formatSummaryLine } from "../../src/render/summary.ts";
import { anySnapshot, anyText } from "./arbitraries.ts";
import { EVENTS } from "./events.ts";
import { AT, busySnapshot, youngSnapshot } from "./snapshots.ts";

test("formatStatsLine tells the figures, and the message that has held a watermark back for long", () => {
  assert.equal(
    formatStatsLine(busySnapshot()),
    "2026-11-22T13:30:10.123Z stats state=running in_flight=712/1000 waiting=14 rate=12.3k/s " +
      "done=1238331 failed=813 retried=800 dead=13 lag=- p50=50.1ms p99=312ms loop_p99=800us " +
      "memory=89MiB held=12MiB held_back=images[3]@301933 held_for=4m12s held_by=resizeImage " +
      "held_key=user-42",
  );
});

test("formatStatsLine of a worker without a broker", () => {
  assert.equal(
    formatStatsLine(youngSnapshot()),
    "2026-11-22T13:30:10.123Z stats state=starting in_flight=0/1000 waiting=0 rate=0/s done=0 " +
      "failed=0 retried=0 dead=0 lag=0 p50=- p99=- loop_p99=0ms memory=89MiB held=0B " +
      "broker=connecting broker_for=900ms",
  );
});

test("formatStatsLine names the tasks whose breakers are not closed, and counts the abandoned", () => {
  const snapshot = busySnapshot();
  snapshot.tasks[0]!.breaker = "open";
  snapshot.tasks[1]!.breaker = "probing";
  snapshot.totals.abandoned = 3;
  const line = formatStatsLine(snapshot);
  assert.match(line, / breaker_open=resizeImage,sendWebhook /);
  assert.match(line, / abandoned=3 /);
});

test("formatStatsLine tells what a crash would run again for want of room", () => {
  const snapshot = busySnapshot();
  snapshot.uncovered = 12;
  assert.match(formatStatsLine(snapshot), / uncovered=12 /);
  assert.doesNotMatch(formatStatsLine(busySnapshot()), /uncovered/);
});

test("formatSummaryLine tells what the run came to", () => {
  assert.equal(
    formatSummaryLine(busySnapshot()),
    "2026-11-22T13:30:10.123Z summary done=1238331 failed=813 retried=800 dead=13 discarded=0 " +
      "abandoned=0 skipped=0 took=12m04s rate=1710/s p50=50.1ms p99=312ms peak_in_flight=1000 " +
      "peak_memory=120MiB",
  );
});

const lines: Record<keyof typeof EVENTS, string> = {
  started:
    "group=image-workers tasks=resizeImage,sendWebhook topics=images,webhooks protocol=consumer",
  waiting: "messages=1204 from=earliest",
  rebalance: "change=assigned partitions=images[0,1],webhooks[0]",
  resumed: "finished=1200 taken_over=images[1]@42/2",
  "offset-reset": "topic=images partition=0 from=10 to=30 lost=20 reason=deleted",
  "metadata-ignored":
    'topic=images partition=0 offset=9 reason="it was written by another program"',
  "topic-gone": 'topic=images reason="there is no such topic"',
  "topic-back": "topic=images partitions=1",
  "topic-recreated": "topic=images partitions=2",
  "topic-grown": "topic=images partitions=6 before=4",
  "broker-down": 'broker=- reason="Connection refused"',
  "broker-up": "broker=10.0.0.1:9092",
  "commits-unanswered": "for_ms=10000",
  "commits-answered": "",
  "commit-refused": 'topic=images partition=3 offset=42 reason="Broker: Rebalance in progress"',
  dead: "task=resizeImage topic=images partition=3 offset=42 attempts=5 " +
    'error="no such image \\"a.png\\"\\n    at resize (tasks.ts:3:1)" ' +
    "dead_letter_topic=image-workers.images.dead",
  "dead-letter-refused":
    'dead_letter_topic=image-workers.images.dead reason="Broker: Message size too large" ' +
    "waiting=3 retry_in_ms=5000",
  "dead-letter-accepted": "dead_letter_topic=image-workers.images.dead",
  skipped: 'topic=images partition=0 offset=7 reason="no task of its type"',
  retrying: "task=resizeImage topic=images partition=0 offset=9 " +
    'error="TypeError: no such size (tasks.ts:3:1)" retry_in_ms=812',
  "timed-out": "task=resizeImage topic=images partition=0 offset=9",
  "breaker-open": 'task=resizeImage reason="100 messages on end were given up" ' +
    'error="TypeError: no such size (tasks.ts:3:1)"',
  "breaker-closed": "task=resizeImage",
  abandoned: "task=resizeImage topic=images partition=0 offset=9 attempt=2",
  "kafka-error": 'code=-195 reason="Broker transport failure"',
  "task-error": 'task=- reason="teardown failed"',
  log: 'task=resizeImage level=info message="resized\\x1b[2J" fields="{\\"width\\":300}"',
  draining: "reason=SIGTERM in_flight=712",
  aborting: "in_flight=3",
  stopped: "exit_code=0",
  "stray-error":
    'candidates=resizeImage,sendWebhook reason="Error: gone\\n    at later (tasks.ts:9:1)"',
  "loop-blocked": 'task=resizeImage candidates="" blocked_ms=4200 over=true',
  "forced-exit": 'reason="the time to leave is over" task=- candidates=resizeImage',
  stalled: 'cause="task running" task=resizeImage topic=images partition=0 offset=9 key=user-42 ' +
    "attempt=2 age_ms=312000 for_ms=300000",
  "stall-ended": "for_ms=360000",
  health: "address=127.0.0.1:9464",
  "task-exit": 'task=resizeImage candidates="" exit_code=1',
  "process-ended": "exit_code=- signal=SIGKILL restart_in_ms=2000",
  "process-restarted": "pid=4711",
};
for (const [kind, fields] of Object.entries(lines)) {
  test(`formatEventLine of ${kind}`, () => {
    const event = EVENTS[kind as keyof typeof EVENTS];
    const expected = `2026-11-22T13:30:10.123Z ${kind} ${fields}`.trimEnd();
    assert.equal(formatEventLine(event, AT), expected);
  });
}

test("formatEventLine tells that nothing was taken over", () => {
  const line = formatEventLine({ ...EVENTS.resumed, takenOver: [] }, AT);
  assert.match(line, / resumed finished=1200 taken_over=-$/);
});

test("lines stay lines, whatever is in names, keys and errors", () => {
  fc.assert(fc.property(anySnapshot, anyText, anyText, (snapshot, message, task) => {
    const written = [
      formatStatsLine(snapshot),
      formatSummaryLine(snapshot),
      formatEventLine({ ...EVENTS.log, message, task, fields: { [task]: message } }, AT),
      formatEventLine({ ...EVENTS.rebalance, partitions: [{ topic: task, partition: 1 }] }, AT),
    ];
    for (const line of written) {
      assert.doesNotMatch(
        line,
        /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u,
      );
      // Read as logfmt: pairs only, each value plain or quoted.
      const pairs = line.replace(/^\S+ \S+/, "").replace(
        / \w+=(?:"(?:[^"\\]|\\[^])*"|[^\s"=]+)/g,
        "",
      );
      assert.equal(pairs, "", line);
    }
  }));
});

/** The judge of the faults has to find each kind of wrong, and to excuse what is no wrong. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { LedgerLine, Step } from "./ledger.ts";
import type { Commit } from "./commit_record.ts";
import type { Evidence } from "./evidence.ts";
import { judge } from "./verdict.ts";
import { overfetched } from "./faults.ts";
import { readLetter } from "./letters.ts";
import { stormOf } from "./storm.ts";

const OLD = 1;
const NEW = 2;

function line(step: Step, offset: number, at: number, pid = OLD, attempt = 1): LedgerLine {
  return { step, pid, id: offset, partition: 0, offset, key: "k", attempt, at };
}

function run(offset: number, from: number, to: number, pid = OLD): LedgerLine[] {
  return [line("start", offset, from, pid), line("finish", offset, to, pid)];
}

function commit(offset: number, at: number, metadata = ""): Commit {
  return { group: "g", topic: "t", partition: 0, offset, metadata, at };
}

/** `count` messages, all acknowledged; the metadata of a commit lists offsets. */
function evidence(count: number, given: Partial<Evidence>): Evidence {
  const offsets = Array.from({ length: count }, (_, offset) => offset);
  return {
    acknowledged: new Map(offsets.map((id) => [id, { partition: 0, offset: id, key: "k" }])),
    records: offsets.map((offset) => ({
      partition: 0,
      offset,
      id: offset,
      key: "k",
      appendedAt: 0,
    })),
    lines: [],
    commits: [],
    kills: [],
    endings: [],
    changes: [],
    dead: [],
    letters: given.dead ?? [],
    restarts: 0,
    ordered: false,
    disturbed: false,
    readMap: ({ metadata }) => ({
      offsets: metadata.split(" ").filter(Boolean).map(Number),
      hasRoom: metadata === "" || metadata.includes("room"),
    }),
    ...given,
  };
}

const partitions = new Set([0]);

test("judge finds nothing where all ran once and was committed afterwards", () => {
  const verdict = judge(evidence(2, {
    lines: [...run(0, 1, 5), ...run(1, 2, 3)],
    commits: [commit(0, 4, "1"), commit(2, 5)],
    ordered: false,
  }));
  assert.deepEqual(verdict.violations, []);
  assert.equal(verdict.repeated, 0);
});

test("judge names messages that never finished", () => {
  const { lost, violations } = judge(evidence(2, { lines: run(0, 1, 2) }));
  assert.deepEqual(lost, [1]);
  assert.match(violations.join("\n"), /1 messages were lost: 1/);
});

test("judge names a record that nobody acknowledged and nobody ran", () => {
  const given = evidence(2, { lines: run(0, 1, 2) });
  const acknowledged = new Map([...given.acknowledged].slice(0, 1));
  const { lost, violations } = judge({ ...given, acknowledged });
  assert.deepEqual(lost, []);
  assert.deepEqual(violations, ["1 records did not finish: 0@1"]);
});

test("judge names a commit that is older than a finish below it", () => {
  const { violations } = judge(evidence(2, {
    lines: [...run(0, 1, 5), ...run(1, 1, 2)],
    commits: [commit(2, 4)],
  }));
  assert.deepEqual(violations, ["commit 0@2 at 4 passed 1 unfinished: offsets 0"]);
});

test("judge names metadata that tells what is unfinished as finished", () => {
  const { violations } = judge(evidence(2, {
    lines: [...run(0, 1, 5), ...run(1, 1, 5)],
    commits: [commit(0, 4, "1")],
  }));
  assert.match(violations.join(), /metadata of commit 0@0 at 4 tells unfinished offset 1/);
});

test("judge names a commit that goes back; a late one of a disturbed client is counted", () => {
  const lines = [...run(0, 1, 1), ...run(1, 1, 1)];
  const commits = [commit(1, 2), commit(2, 3), commit(1, 4), commit(2, 5)];
  assert.match(judge(evidence(2, { lines, commits })).violations.join(), /went back from 2/);
  const disturbed = judge(evidence(2, { lines, commits, disturbed: true }));
  assert.deepEqual(disturbed.violations, []);
  assert.equal(disturbed.lateCommits, 1);
});

test("judge names an attempt that overtakes an earlier message of its key", () => {
  const lines = [
    line("start", 0, 1),
    line("start", 1, 2),
    line("finish", 0, 3),
    line("finish", 1, 3),
  ];
  assert.deepEqual(judge(evidence(2, { lines })).violations, []);
  const { violations } = judge(evidence(2, { lines, ordered: true }));
  assert.deepEqual(violations, ["key k: offset 1 started at 2 in 1 before 0 had finished"]);
});

test("judge explains repeats after a kill, and bounds them by what it left open", () => {
  const verdict = judge(evidence(5, {
    lines: [
      line("start", 0, 1),
      ...run(1, 1, 2),
      ...run(2, 1, 2),
      ...run(3, 1, 6),
      line("start", 4, 7),
      ...[0, 1, 3, 4].flatMap((offset) => run(offset, 10, 11, NEW)),
    ],
    commits: [commit(0, 3, "2"), commit(0, 5, "2"), commit(5, 12)],
    kills: [{ pid: OLD, at: 8 }],
  }));
  assert.deepEqual(verdict.violations, []);
  assert.deepEqual(verdict.repeats, { unfinished: 2, uncovered: 1, sinceCommit: 1, stale: 0 });
  assert.equal(verdict.bound, 4);
});

test("judge names a repeat of what a commit covered", () => {
  const { violations } = judge(evidence(1, {
    lines: [...run(0, 1, 2), ...run(0, 10, 11, NEW)],
    commits: [commit(1, 3)],
    kills: [{ pid: OLD, at: 8 }],
  }));
  assert.match(violations.join(), /which covers it/);
});

test("judge names a repeat while another held the partition, unless its worker was about to lose it", () => {
  const lines = [...run(0, 1, 2), ...run(0, 10, 11, NEW)];
  assert.match(judge(evidence(1, { lines })).violations.join(), /1 held the partition/);
  const changes = [{ pid: NEW, change: "lost" as const, partitions, at: 12 }];
  const { repeats, violations } = judge(evidence(1, { lines, changes }));
  assert.deepEqual(violations, []);
  assert.equal(repeats.stale, 1);
});

test("judge counts no attempt after a failed one as a repeat, wherever it runs", () => {
  const lines = [line("start", 0, 1), line("failed", 0, 2), ...run(0, 10, 11, NEW)];
  assert.equal(judge(evidence(1, { lines })).repeated, 0);
});

test("judge names a repeat of what a commit's metadata had room for", () => {
  const given = evidence(2, {
    lines: [line("start", 0, 1), ...run(1, 1, 2), ...run(0, 10, 11, NEW), ...run(1, 10, 11, NEW)],
    commits: [commit(0, 3), commit(0, 4)],
    kills: [{ pid: OLD, at: 8 }],
  });
  assert.match(judge(given).violations.join(), /whose map had room for it/);
  assert.deepEqual(judge({ ...given, readMap: () => null }).violations, []);
});

test("judge takes a record that was given up for dead as finished from then on", () => {
  const given = evidence(2, {
    lines: run(1, 1, 2),
    commits: [commit(2, 4)],
    dead: [{ partition: 0, offset: 0, at: 3 }],
    ordered: true,
  });
  assert.deepEqual(judge(given).violations, []);
  assert.equal(judge(given).dead, 1);
  const late = { ...given, dead: [{ partition: 0, offset: 0, at: 5 }] };
  assert.match(judge(late).violations.join(), /passed 1 unfinished: offsets 0/);
});

test("judge takes no word for dead without its letter", () => {
  const dead = [{ partition: 0, offset: 0, at: 3 }];
  const given = evidence(2, { lines: run(1, 1, 2), commits: [commit(2, 4)], dead });
  const { dead: count, lost, violations } = judge({ ...given, letters: [] });
  assert.equal(count, 0);
  assert.deepEqual(lost, [0]);
  assert.match(violations.join("\n"), /1 messages were lost: 0/);
  assert.match(violations.join("\n"), /1 were said to be dead, without a letter: 0@0/);
  assert.match(violations.join("\n"), /passed 1 unfinished: offsets 0/);
  const later = [{ partition: 0, offset: 0, at: 4 }];
  assert.deepEqual(
    judge({ ...given, letters: later }).lost,
    [0],
    "it is not the one that was told",
  );
  const twice = judge({ ...given, dead: [...dead, ...dead] });
  assert.match(twice.violations.join(), /1 were said to be dead, without a letter: 0@0/);
});

test("judge names a letter that nobody told of, unless a kill can have kept it from being told", () => {
  const letters = [{ partition: 0, offset: 0, at: 2 }];
  const given = evidence(1, { lines: run(0, 4, 5), commits: [commit(1, 6)], letters });
  assert.match(judge(given).violations.join(), /1 letters that no worker told of: 0@0/);
  for (const at of [1, 20_000]) {
    assert.match(judge({ ...given, kills: [{ pid: OLD, at }] }).violations.join(), /told of: 0@0/);
  }
  assert.deepEqual(judge({ ...given, kills: [{ pid: OLD, at: 3 }] }).violations, []);
  assert.deepEqual(judge({ ...given, disturbed: true }).violations, []);
  const ran = judge({ ...given, lines: [], kills: [{ pid: OLD, at: 3 }] });
  assert.deepEqual(ran.lost, [0], "it is a letter of a message that is not finished yet");
});

test("judge names workers that could not join, unless brokers or the network were away", () => {
  assert.match(judge(evidence(0, { restarts: 2 })).violations.join(), /^2 workers could not join/);
  assert.deepEqual(judge(evidence(0, { restarts: 2, disturbed: true })).violations, []);
});

test("overfetched names what was fetched more often than it may be, and figures that are missing", () => {
  assert.deepEqual(overfetched(1.1, { mostFetched: 1.1 }), []);
  assert.deepEqual(overfetched(2, {}), []);
  assert.match(overfetched(1.2, { mostFetched: 1.1 }).join(), /1.2 bytes were fetched/);
  assert.match(overfetched(null, { mostFetched: 1.1 }).join(), /not all workers told/);
});

test("stormOf names a storm, and counts no line that messages bring along", () => {
  const told = (event: string, count: number, apartMs: number) =>
    Array.from({ length: count }, (_, at) => ({ event, at: at * apartMs }));
  assert.deepEqual(stormOf([]), { most: 0, violations: [] });
  assert.deepEqual(stormOf(told("retrying", 1000, 1)), { most: 0, violations: [] });
  assert.deepEqual(stormOf(told("kafka-error", 1000, 1000)), { most: 11, violations: [] });
  const storm = [...told("commit-refused", 40, 100), { event: "broker-down", at: 4000 }];
  assert.deepEqual(stormOf(storm), {
    most: 41,
    violations: ["a storm of 41 lines within 10 s: commit-refused 40, broker-down 1"],
  });
});

test("readLetter reads of which record it is the letter", () => {
  const headers = [{ "taskc-other": Buffer.from("x") }, { "taskc-origin": Buffer.from("a/b/3/7") }];
  const record = { partition: 9, offset: 1, timestamp: 5, value: null };
  assert.deepEqual(readLetter({ ...record, headers }), { partition: 3, offset: 7, at: 5 });
  assert.throws(() => readLetter(record), /without an origin/);
});

test("judge does not ask of a worker what another had finished and not committed", () => {
  const third = 3;
  const verdict = judge(evidence(1, {
    lines: [...run(0, 1, 2), line("start", 0, 10, NEW), ...run(0, 20, 21, third)],
    commits: [commit(0, 1), commit(0, 11), commit(0, 12), commit(0, 13)],
    kills: [{ pid: OLD, at: 3 }, { pid: NEW, at: 15 }],
  }));
  assert.deepEqual(verdict.violations, []);
  assert.deepEqual(verdict.repeats, { unfinished: 1, uncovered: 0, sinceCommit: 1, stale: 0 });
});

/** Runs with a question of their own, which take longer than the matrix. */
import type { Fault } from "./faults.ts";
import type { LedgerLine } from "./ledger.ts";
import type { Scene } from "./scene.ts";
import type { Team } from "./team.ts";
import { sleep, until } from "./waiting.ts";

const HEAD_MS = 60_000;
const QUICK_ONES = 20_000;

/** One slow task at a partition's head, many quick ones behind it, and the worker is killed. */
const HEAD: Fault = {
  name: "head",
  title: "kill -9 with a task of 60 s at a partition's head and 20,000 quick ones done behind it",
  options: { workers: 1, partitions: 1, ordered: false },
  rate: 0,
  run: async (scene) => {
    const began = Date.now();
    scene.sender.send({ ms: HEAD_MS }, { key: 0 });
    for (let n = 1; n <= QUICK_ONES; n++) {
      scene.sender.send({ ms: scene.random.whole(0, 20) }, { key: n % 300 });
    }
    await scene.each((team) =>
      until("the quick ones to finish", () => {
        team.ledger.read();
        return team.ledger.finished.size >= QUICK_ONES;
      })
    );
    // More of them go on until the end, so that the kill meets some.
    scene.load(200, { work: (random) => ({ ms: random.whole(0, 20) }) });
    await sleep(Math.max(0, began + HEAD_MS / 2 - Date.now()));
    await scene.each(async (team) => {
      await team.kill(team.running[0]!);
      team.start();
    });
    await scene.moreWork(60);
  },
  check: ({ repeated, repeats, bound }) => [
    ...(repeated <= bound ? [] : [`${repeated} ran again, more than the bound of ${bound}`]),
    ...(repeats.uncovered === 0
      ? []
      : [`${repeats.uncovered} ran again that a commit could cover`]),
  ],
};

/** Partitions that stay where they are while others move: the longest time without a start. */
const GAP: Fault = {
  name: "gap",
  title: "a worker joins and leaves, also while others drain for 5 s: do the rest flow on?",
  options: { args: ["--revoke-drain", "10s", "--concurrency", "1000"], ordered: false },
  rate: 600,
  work: (random) => ({ ms: random.whole(1, 10) }),
  run: async (scene) => {
    const { partitions } = scene.options;
    await scene.moreWork(3000);
    await measure(scene, "calm", () => sleep(5000));
    await measure(scene, "join", (team) => (team.start(), team.settled(partitions)));
    await measure(scene, "leave", async (team) => {
      await team.terminate(team.running[1]!);
      await team.settled(partitions);
    });
    for (let partition = 0; partition < partitions; partition++) {
      scene.sender.send({ ms: 5000 }, { key: partition, partition });
    }
    await sleep(500);
    await measure(scene, "join, 5 s drain", (team) => (team.start(), team.settled(partitions)));
  },
  check: ({ repeated }) => repeated === 0 ? [] : [`${repeated} messages ran more than once`],
};

export const SCENARIOS: readonly Fault[] = [HEAD, GAP];

/** Notes the longest gap in the partitions that kept their owner while something happened. */
async function measure(
  scene: Scene,
  what: string,
  happen: (team: Team) => Promise<unknown>,
): Promise<void> {
  await scene.each(async (team) => {
    const owners = new Map(team.running.map((worker) => [worker.pid, worker.partitions]));
    const from = Date.now();
    await happen(team);
    await sleep(1000);
    const to = Date.now();
    team.ledger.read();
    const kept = new Set<number>();
    for (const { pid, partitions } of team.running) {
      for (const one of partitions) if (owners.get(pid)?.has(one)) kept.add(one);
    }
    for (const { at, partitions } of team.changes) {
      if (at >= from) { for (const one of partitions) kept.delete(one); }
    }
    const gap = longestGap(team.ledger.lines, kept, { from, to });
    scene.figures[`${team.title}, ${what}: longest gap of ${kept.size} kept partitions, ms`] = gap;
  });
}

function longestGap(
  lines: readonly LedgerLine[],
  kept: ReadonlySet<number>,
  { from, to }: { from: number; to: number },
): number {
  const last = new Map([...kept].map((partition) => [partition, from]));
  let longest = 0;
  for (const { step, partition, at } of lines) {
    if (step !== "start" || at < from || at > to || !kept.has(partition)) continue;
    longest = Math.max(longest, at - last.get(partition)!);
    last.set(partition, at);
  }
  for (const at of last.values()) longest = Math.max(longest, to - at);
  return longest;
}

/** Runs with a question of their own, which take longer than the matrix. */
import { place } from "./evidence.ts";
import type { Fault } from "./faults.ts";
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

/** Partitions that stay where they are while others move: the longest from the broker's log to a start. */
const GAP: Fault = {
  name: "gap",
  title: "a worker joins and leaves, also while others drain for 5 s: do the rest flow on?",
  options: { args: ["--revoke-drain", "10s", "--concurrency", "1000"], ordered: false },
  rate: 120,
  work: (random) => ({ ms: random.whole(1, 10) }),
  run: async (scene) => {
    const { partitions } = scene.options;
    // Brokers that have just started are slow, until their own code is compiled.
    await scene.moreWork(4000);
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
  mostFetched: 1.1,
  check: ({ repeated }) => repeated === 0 ? [] : [`${repeated} messages ran more than once`],
};

export const SCENARIOS: readonly Fault[] = [HEAD, GAP];

/** Notes the longest wait in the partitions that kept their owner while something happened. */
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
    const kept = new Set<number>();
    for (const { pid, partitions } of team.running) {
      for (const one of partitions) if (owners.get(pid)?.has(one)) kept.add(one);
    }
    for (const { at, partitions } of team.changes) {
      if (at >= from) { for (const one of partitions) kept.delete(one); }
    }
    const meant = () =>
      scene.log.records.filter(({ appendedAt, partition }) =>
        kept.has(partition) && appendedAt >= from && appendedAt < to
      );
    // Those of the last moments are still on their way, to the workers and to this process.
    await sleep(1000);
    const startedAt = new Map<string, number>();
    await until("what was sent meanwhile to start", () => {
      team.ledger.read();
      for (const line of team.ledger.lines) {
        if (line.step === "start") startedAt.set(place(line), line.at);
      }
      return meant().every((record) => startedAt.has(place(record)));
    });
    const waits = meant().map((record) => startedAt.get(place(record))! - record.appendedAt)
      .sort((a, b) => a - b);
    scene.figures[`${team.title}, ${what}: longest wait in ${kept.size} kept partitions, ms`] = `${
      waits.at(-1) ?? "none"
    } (half of ${waits.length} within ${waits[waits.length >> 1] ?? "none"})`;
  });
}

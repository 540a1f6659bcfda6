/** The matrix: each fault as what happens to workers under a steady load. What is checked is in verdict.ts. */
import type { Scene, SceneOptions } from "./scene.ts";
import type { Toxic } from "./proxies.ts";
import type { Load } from "./sender.ts";
import type { Verdict } from "./verdict.ts";
import { sleep, until } from "./waiting.ts";

export interface Fault {
  name: string;
  title: string;
  /** Differs from what all have: three workers, 12 partitions, order by key. */
  options?: Partial<SceneOptions>;
  /** Messages a second. @default 200 */
  rate?: number;
  /** @default `mixed` of scene.ts */
  work?: Load["work"];
  /** `times` is how often, where it is a matter of how often. */
  run: (scene: Scene, times: number) => Promise<void>;
  /** Kills that come together can look like a message that kills its worker: that ends in the dead letters. */
  mayBury?: boolean;
  /** Bytes fetched for each byte in the topic, at most; then all workers have to leave in good order. */
  mostFetched?: number;
  /** What is wrong with a verdict for this fault, besides what is always wrong. */
  check?: (verdict: Verdict) => string[];
}

/** How far the work goes on between two strokes. */
const BETWEEN = 60;

const nothingRepeated = ({ repeated }: Verdict) =>
  repeated === 0 ? [] : [`${repeated} messages ran more than once, though all left in good order`];

const withinBound = ({ repeated, bound }: Verdict) =>
  repeated <= bound
    ? []
    : [`${repeated} messages ran more than once, more than the bound of ${bound}`];

/** What is wrong with the bytes fetched for each byte in the topic; `null` when not all workers told them. */
export function overfetched(
  fetched: number | null,
  { mostFetched }: Pick<Fault, "mostFetched">,
): string[] {
  if (mostFetched === undefined) return [];
  if (fetched === null) return ["not all workers told how much they fetched"];
  return fetched <= mostFetched
    ? []
    : [`${fetched} bytes were fetched for each byte in the topic, more than ${mostFetched}`];
}

/** What happens to workers. */
export const WORKER_FAULTS: readonly Fault[] = [
  {
    name: "kill",
    title: "kill -9 of a worker, another in its place",
    mayBury: true,
    run: killAgainAndAgain,
    check: withinBound,
  },
  {
    name: "dead",
    title: "kill -9 while one message in twenty goes to the dead letters",
    mayBury: true,
    options: { taskOptions: "retry: { attempts: 1 }," },
    work: (random) => ({
      ms: random.whole(5, 100),
      ...(random.next() < 0.05 ? { failures: 1 } : {}),
    }),
    run: killAgainAndAgain,
    check: (verdict) => [
      ...withinBound(verdict),
      ...(verdict.dead > 0 ? [] : ["no message went to the dead letters"]),
    ],
  },
  {
    name: "sigterm",
    title: "SIGTERM to a worker, another in its place",
    // None that waits for a retry: that is not in flight, and so is left to others.
    work: (random) => ({
      ms: random.next() < 0.02 ? random.whole(500, 1500) : random.whole(5, 100),
    }),
    run: async (scene, times) => {
      for (let n = 0; n < times; n++) {
        await scene.moreWork(scene.random.whole(BETWEEN / 2, BETWEEN * 2));
        await scene.each(async (team) => {
          await team.terminate(scene.random.pick(team.running));
          team.start();
        });
      }
      await scene.settled();
      await scene.moreWork(BETWEEN);
    },
    check: nothingRepeated,
  },
  {
    name: "frozen",
    title: "a worker frozen past its session, then woken",
    run: async (scene, times) => {
      for (let n = 0; n < times; n++) {
        await scene.moreWork(BETWEEN);
        await scene.each(async (team) => {
          const frozen = scene.random.pick(team.running);
          const others = team.running.filter((worker) => worker !== frozen);
          team.freeze(frozen);
          await until("the others to have taken all over", () => {
            const owned = others.reduce((sum, { partitions }) => sum + partitions.size, 0);
            return owned === scene.options.partitions;
          });
          team.wake(frozen);
        });
        await scene.settled();
      }
      await scene.moreWork(BETWEEN);
    },
  },
  {
    name: "churn",
    title: "each second a worker is added, removed or killed",
    mayBury: true,
    run: async (scene, times) => {
      for (let n = 0; n < times * 4; n++) {
        await scene.each(async (team) => {
          const { running } = team;
          const choice = running.length <= 2 ? 0 : running.length >= 5 ? 1 : scene.random.next();
          if (choice < 0.5) team.start();
          else if (scene.random.next() < 0.5) await team.kill(scene.random.pick(running));
          else void team.terminate(scene.random.pick(running));
        });
        await sleep(1000);
      }
      await scene.moreWork(BETWEEN);
    },
  },
  {
    name: "long",
    title: "workers join and leave while tasks run for 5 s",
    options: { args: ["--revoke-drain", "10s"] },
    work: (random) => ({ ms: random.next() < 0.05 ? 5000 : random.whole(5, 100) }),
    run: async (scene, times) => {
      for (let n = 0; n < Math.ceil(times / 2); n++) {
        await scene.moreWork(BETWEEN);
        await scene.each(async (team) => {
          team.start();
          await team.settled(scene.options.partitions);
          await team.terminate(scene.random.pick(team.running));
          await team.settled(scene.options.partitions);
        });
      }
    },
    check: nothingRepeated,
  },
  {
    name: "time-limit",
    title: "tasks go past their time limit and do not look at their signal",
    options: { taskOptions: 'timeout: "1s",' },
    work: (random) => ({ ms: random.whole(5, 100), stuckMs: random.next() < 0.03 ? 2500 : 0 }),
    run: async (scene, times) => {
      const late = (team: Scene["teams"][number]) =>
        team.ledger.lines.filter(({ step }) => step === "late").length;
      await scene.each((team) =>
        until("late ends", () => (team.ledger.read(), late(team) >= times * 4))
      );
    },
    check: nothingRepeated,
  },
];

/** What happens to brokers, and to the network between. */
export const BROKER_FAULTS: readonly Fault[] = [
  {
    name: "leader",
    title: "the broker that leads a partition is killed and started again",
    run: async (scene, times) => {
      for (let n = 0; n < Math.ceil(times / 2); n++) {
        await scene.moreWork(BETWEEN);
        const leaders = await scene.rig.cluster.leaders(scene.topic);
        await loseBroker(scene, scene.random.pick(leaders));
      }
    },
  },
  {
    name: "coordinator",
    title: "the coordinator of the groups is killed and started again",
    run: async (scene, times) => {
      for (let n = 0; n < Math.ceil(times / 2); n++) {
        await scene.moreWork(BETWEEN);
        const { group } = scene.teams[0]!.options;
        await loseBroker(scene, await scene.rig.cluster.coordinator(group));
      }
    },
  },
  {
    name: "controller",
    title: "the active controller is killed and started again",
    run: async (scene, times) => {
      const { cluster } = scene.rig;
      for (let n = 0; n < Math.ceil(times / 2); n++) {
        await scene.moreWork(BETWEEN);
        const controller = await cluster.controller();
        const another = async () => {
          const next = await cluster.controller();
          return next > 0 && next !== controller;
        };
        await loseBroker(scene, controller, () => until("another active controller", another));
      }
    },
  },
  {
    name: "brokers-gone",
    title: "all brokers are killed and started again later",
    run: async (scene, times) => {
      const { cluster } = scene.rig;
      await scene.moreWork(BETWEEN);
      for (const broker of cluster.brokers) await cluster.kill(broker);
      scene.brokerFaults += cluster.brokers.length;
      await sleep(times * 2000);
      await cluster.restart(...cluster.brokers);
      await scene.moreWork(BETWEEN * 3);
    },
  },
  {
    name: "black-hole",
    title: "for 15 s the network swallows all, without a word",
    run: (scene) =>
      withToxic(scene, { type: "timeout", attributes: { timeout: 0 } }, () => sleep(15_000)),
  },
  {
    name: "latency",
    title: "300 ms each way between workers and brokers",
    run: (scene, times) =>
      withToxic(
        scene,
        { type: "latency", attributes: { latency: 300 } },
        () => scene.moreWork(BETWEEN * times * 4),
      ),
  },
  {
    name: "cuts",
    title: "connections are cut at random",
    run: async (scene, times) => {
      for (let n = 0; n < times * 4; n++) {
        await scene.moreWork(scene.random.whole(1, BETWEEN));
        const broker = scene.random.pick(scene.rig.cluster.brokers);
        await scene.rig.proxies.add({ type: "reset_peer", attributes: { timeout: 0 } }, broker);
        scene.networkFaults++;
        await sleep(scene.random.whole(50, 300));
        await scene.rig.proxies.heal();
      }
      await scene.moreWork(BETWEEN);
    },
  },
];

async function killAgainAndAgain(scene: Scene, times: number): Promise<void> {
  for (let n = 0; n < times; n++) {
    await scene.moreWork(scene.random.whole(BETWEEN / 2, BETWEEN * 2));
    await scene.each(async (team) => {
      await team.kill(scene.random.pick(team.running));
      team.start();
    });
  }
  await scene.settled();
  await scene.moreWork(BETWEEN);
}

/** Work goes on without the broker, and with it again. */
async function loseBroker(
  scene: Scene,
  broker: number,
  meanwhile: () => Promise<void> = async () => {},
): Promise<void> {
  scene.brokerFaults++;
  await scene.rig.cluster.kill(broker);
  await scene.moreWork(BETWEEN);
  await meanwhile();
  await scene.rig.cluster.restart(broker);
  await scene.moreWork(BETWEEN);
}

async function withToxic(scene: Scene, toxic: Toxic, during: () => Promise<void>): Promise<void> {
  await scene.moreWork(BETWEEN);
  await scene.rig.proxies.add(toxic);
  scene.networkFaults++;
  await during();
  await scene.rig.proxies.heal();
  await scene.moreWork(BETWEEN * 3);
}

/** Runs one fault and gathers what came of it. */
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Fault, overfetched } from "./faults.ts";
import { type GroupOutcome, type Rig, Scene } from "./scene.ts";
import { stormOf } from "./storm.ts";
import type { Protocol, Team } from "./team.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Outcome {
  fault: string;
  title: string;
  seed: number;
  seconds: number;
  brokerFaults: number;
  networkFaults: number;
  figures: Record<string, number | string>;
  groups: GroupOutcome[];
  /** A folder with all that was seen, where something was wrong. */
  evidence?: string;
}

export interface RunOptions {
  seed: number;
  protocols: readonly Protocol[];
  times: number;
  broken?: boolean;
}

export async function runFault(rig: Rig, fault: Fault, options: RunOptions): Promise<Outcome> {
  const { protocols, seed, times, broken = false } = options;
  const began = Date.now();
  await using scene = await Scene.open(rig, {
    name: fault.name,
    seed,
    protocols,
    workers: 3,
    partitions: 12,
    ordered: !broken,
    broken,
    ...(broken ? { stallMs: 8000 } : {}),
    ...fault.options,
  });
  const problems: string[] = [];
  if (fault.rate !== 0) scene.load(fault.rate ?? 200, fault.work ? { work: fault.work } : {});
  try {
    await fault.run(scene, times);
  } catch (error) {
    problems.push(`${fault.name}: ${error instanceof Error ? error.message : error}`);
  }
  const groups = await scene.finish();
  for (const [at, team] of scene.teams.entries()) {
    const fetched = fetchedForEachByte(scene, team);
    if (fetched !== null) {
      scene.figures[`${team.title}: bytes fetched for each byte in the topic`] = fetched;
    }
    const storms = team.workers.map(({ told }) => stormOf(told));
    scene.figures[`${team.title}: most lines of one worker within 10 s`] = Math.max(
      ...storms.map(({ most }) => most),
    );
    groups[at]!.verdict.violations.push(
      ...overfetched(fetched, fault),
      ...storms.flatMap(({ violations }) => violations),
    );
  }
  for (const { verdict } of groups) {
    verdict.violations.push(...problems, ...(fault.check?.(verdict) ?? []));
    if (verdict.dead > 0 && !fault.mayBury) {
      verdict.violations.push(`${verdict.dead} messages ended in the dead letters`);
    }
  }
  const bad = groups.some(({ verdict }) => verdict.violations.length > 0);
  return {
    fault: fault.name,
    title: fault.title,
    seed,
    seconds: Math.round((Date.now() - began) / 1000),
    brokerFaults: scene.brokerFaults,
    networkFaults: scene.networkFaults,
    figures: scene.figures,
    groups,
    ...(bad ? { evidence: keepEvidence(scene, groups) } : {}),
  };
}

/** Bytes that a group has fetched for each byte in the topic. Only who left in good order has told all. */
function fetchedForEachByte({ log }: Scene, { workers }: Team): number | null {
  if (workers.some(({ summed }) => !summed)) return null;
  const fetched = workers.reduce((sum, { fetchedBytes }) => sum + fetchedBytes, 0);
  return Number((fetched / log.bytes).toFixed(3));
}

/** Writes ledgers, commits and what the workers told into a folder that stays. */
function keepEvidence(scene: Scene, groups: readonly GroupOutcome[]): string {
  const folder = join(root, ".build/faults", scene.topic);
  for (const [at, team] of scene.teams.entries()) {
    const home = join(folder, team.title);
    mkdirSync(home, { recursive: true });
    copyFileSync(join(team.folder, "ledger.txt"), join(home, "ledger.txt"));
    const commits = scene.rig.observer.of(team.options.group, scene.topic);
    writeFileSync(
      join(home, "commits.txt"),
      commits.map(({ partition, offset, metadata, at }) =>
        `${partition}@${offset} ${at} ${new Date(at).toISOString()} ${metadata}\n`
      ).join(""),
    );
    const { details, violations } = groups[at]!.verdict;
    writeFileSync(join(home, "verdict.txt"), [...violations, ...details].join("\n"));
    for (const worker of team.workers) {
      writeFileSync(join(home, `worker-${worker.pid}.log`), worker.text("stderr"));
    }
  }
  return folder;
}

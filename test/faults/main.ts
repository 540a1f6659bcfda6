/** Runs the matrix of faults, or some of it, and tells what came of it. Started by scripts/faults. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { BROKER_FAULTS, WORKER_FAULTS } from "./faults.ts";
import { SCENARIOS } from "./scenarios.ts";
import { table } from "./report.ts";
import { openRig } from "./rig.ts";
import { type Outcome, runFault } from "./run_fault.ts";
import type { Protocol } from "./team.ts";
import { readDuration } from "../../src/core/duration.ts";

const USAGE = `Usage: scripts/faults [OPTIONS]

  --only NAME,…                      these alone; --list names all, also some that are not in the matrix
  --protocol classic|consumer|both   the group protocol (both)
  --times N                          kills, terminations, … in each fault (3)
  --for DURATION                     the matrix again and again, with new seeds, for so long
  --seed N                           the same decisions as a run that printed this seed
  --json FILE                        where the result goes (.build/faults/result.json)
  --verbose                          each repeat in words
  --list                             names the faults and ends
`;

function fail(message: string): never {
  process.stderr.write(`scripts/faults: ${message}\n`);
  process.exit(2);
}

const say = (text: string) => void process.stdout.write(`${text}\n`);

function readArguments() {
  try {
    return parseArgs({
      options: {
        only: { type: "string" },
        protocol: { type: "string", default: "both" },
        times: { type: "string", default: "3" },
        for: { type: "string" },
        seed: { type: "string", default: String(Date.now() % 1_000_000) },
        json: { type: "string", default: ".build/faults/result.json" },
        verbose: { type: "boolean", default: false },
        list: { type: "boolean", default: false },
        help: { type: "boolean", default: false, short: "h" },
      },
    }).values;
  } catch (error) {
    fail((error as Error).message);
  }
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) fail(`Cannot read --${name} "${text}": give a whole number`);
  return Number(text);
}

const MATRIX = [...WORKER_FAULTS, ...BROKER_FAULTS];
const ALL = [...MATRIX, ...SCENARIOS];
const given = readArguments();
if (given.help || given.list) {
  say(
    given.help ? USAGE : ALL.map(({ name, title }) => `${name.padEnd(12)} ${title}`).join("\n"),
  );
  process.exit(0);
}
const wanted = given.only?.split(",");
for (const name of wanted ?? []) {
  if (!ALL.some((fault) => fault.name === name)) fail(`No fault "${name}": --list names them`);
}
const faults = wanted ? ALL.filter(({ name }) => wanted.includes(name)) : MATRIX;
const all: readonly Protocol[] = ["classic", "consumer"];
const protocols = given.protocol === "both" ? all : all.filter((one) => one === given.protocol);
if (protocols.length === 0) fail(`Unknown protocol "${given.protocol}": classic, consumer or both`);
const firstSeed = wholeNumber("seed", given.seed);
const times = wholeNumber("times", given.times);
let forMs = 0;
if (given.for !== undefined) {
  const read = readDuration(given.for);
  if (!("ms" in read)) fail(`Cannot read --for "${given.for}": ${read.problem}`);
  forMs = read.ms;
}

const outcomes: Outcome[] = [];
const began = Date.now();
{
  await using rig = await openRig(process.env.TASKC_FAULTS_CLUSTER!);
  for (let seed = firstSeed; seed === firstSeed || Date.now() - began < forMs; seed++) {
    say(`seed ${seed}`);
    for (const fault of faults) {
      const outcome = await runFault(rig, fault, { seed, protocols, times });
      outcomes.push(outcome);
      for (const line of table([outcome]).slice(1)) say(line);
      for (const [what, figure] of Object.entries(outcome.figures)) say(`  ${what}: ${figure}`);
      for (const { protocol, verdict } of outcome.groups) {
        for (const violation of verdict.violations.slice(0, 20)) say(`  ${protocol}: ${violation}`);
      }
      if (outcome.evidence) say(`  evidence: ${outcome.evidence}`);
      if (!given.verbose) continue;
      for (const { protocol, verdict } of outcome.groups) {
        for (const detail of verdict.details) say(`  ${protocol}: ${detail}`);
      }
    }
  }
}
mkdirSync(dirname(given.json), { recursive: true });
writeFileSync(given.json, JSON.stringify({ seed: firstSeed, times, outcomes }, null, 1));
say("");
for (const line of table(outcomes)) say(line);
const bad = outcomes.flatMap(({ groups }) => groups).filter(({ verdict }) =>
  verdict.violations.length > 0
);
say(
  `\n${
    bad.length === 0 ? "All held" : `${bad.length} groups saw what should never be`
  }; ${given.json}`,
);
process.exit(bad.length === 0 ? 0 : 1);

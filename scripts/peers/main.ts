/** The comparison of taskc with other clients: which sections run, and where their figures go. Run by scripts/bench. */
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { drawChart } from "./chart.ts";
import { killRunning } from "./measured_process.ts";
import { article } from "./article.ts";
import { curves } from "./curves.ts";
import { features } from "./features.ts";
import { inFlight } from "./in_flight.ts";
import { latency } from "./latency.ts";
import { send } from "./send.ts";
import type { Section, SectionOutcome } from "./section.ts";
import { start } from "./start.ts";
import { throughput } from "./throughput.ts";

/** By the names that the command line takes; without any, all run in this order. */
const sections: Readonly<Record<string, Section>> = {
  throughput,
  start,
  send,
  article,
  latency,
  features,
  curves,
  "in-flight": inFlight,
};

const USAGE_ERROR = 2;

function fail(message: string): never {
  process.stderr.write(`scripts/bench: ${message}\n`);
  process.exit(USAGE_ERROR);
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        rounds: { type: "string", default: "3" },
        messages: { type: "string", default: "1000000" },
        only: { type: "string", multiple: true },
        json: { type: "string" },
        svg: { type: "string" },
        list: { type: "boolean" },
      },
    });
    const chosen = positionals.length > 0 ? positionals : Object.keys(sections);
    for (const name of chosen) {
      if (!Object.hasOwn(sections, name)) {
        fail(
          `"${name}" is no section; there are: ${Object.keys(sections).join(", ")}`,
        );
      }
    }
    const known = chosen.flatMap((name) => {
      const { contenders, parts = [] } = sections[name]!;
      return [...contenders.map(({ name }) => name), ...parts];
    });
    for (const name of values.only ?? []) {
      if (!known.includes(name)) {
        const names = [...new Set(known)].join(", ");
        fail(`"${name}" is no contender and no row; there are: ${names}`);
      }
    }
    return {
      ...values,
      chosen,
      rounds: toCount("--rounds", values.rounds),
      messages: toCount("--messages", values.messages),
    };
  } catch (error) {
    fail((error as Error).message);
  }
}

function toCount(name: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    fail(`${name} takes a number from 1, not "${text}"`);
  }
  return Number(text);
}

const { chosen, rounds, messages, only, json, svg, list } = readArguments();
if (list) {
  for (const name of chosen) {
    for (const contender of sections[name]!.contenders) {
      process.stdout.write(
        `${name}  ${contender.name.padEnd(24)} ${contender.title}\n`,
      );
    }
  }
  process.exit(0);
}
const brokers = process.env.BENCH_BROKERS;
if (brokers === undefined) process.exit(0);

for (
  const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], [
    "SIGHUP",
    129,
  ]] as const
) {
  process.on(signal, () => {
    killRunning();
    process.exit(code);
  });
}
const outcomes = new Map<string, SectionOutcome>();
for (const name of chosen) {
  outcomes.set(
    name,
    await sections[name]!.run({
      brokers,
      rounds,
      messages,
      only: only ?? null,
      print: (text) => void process.stdout.write(`${text}\n`),
      progress: (text) => void process.stderr.write(`${text}\n`),
    }),
  );
}
if (json !== undefined) {
  const figures = Object.fromEntries(
    [...outcomes].map(([name, { figures }]) => [name, figures]),
  );
  const document = { cores: availableParallelism(), rounds, ...figures };
  writeFileSync(resolve(json), `${JSON.stringify(document, null, 2)}\n`);
}
if (svg !== undefined) {
  const panels = [...outcomes.values()].flatMap(({ panels }) => panels);
  writeFileSync(resolve(svg), drawChart(panels));
}
process.exit([...outcomes.values()].every(({ complete }) => complete) ? 0 : 1);

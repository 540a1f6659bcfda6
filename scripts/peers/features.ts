/** What each feature of a worker costs: the same messages with it and without. */
import { Broker } from "./broker.ts";
import { OwnRuns, type Variant } from "./own_runs.ts";
import { formatOwn } from "./own_table.ts";
import type { Section, SectionOutcome, Settings } from "./section.ts";

type Feature = Omit<Variant, "load"> & { keys?: number };

/** The first is what the others are compared with. */
const FEATURES: readonly Feature[] = [
  { name: "defaults", title: "everything as it is by default" },
  { name: "keyed", title: "messages with keys, no order", keys: 10_000 },
  { name: "order", title: 'the same with order: "key"', keys: 10_000, task: 'order: "key"' },
  {
    name: "no-metadata",
    title: "no map of finished offsets in commits",
    flags: ["--max-metadata", "0"],
  },
  { name: "no-stats", title: "--stats off", flags: ["--stats", "off"] },
  { name: "json-stats", title: "--stats json", flags: ["--stats", "json"] },
  { name: "no-limit", title: "no time limit", task: 'timeout: "none"' },
  { name: "bulkhead", title: "a limit of its own", task: "concurrency: 500" },
  { name: "no-schema", title: "no schema", task: "schema: undefined" },
];

export const features: Section = {
  contenders: FEATURES.map(({ name, title }) => ({ name, title })),
  run,
};

async function run({ brokers, messages, only, print, progress, rounds }: Settings): Promise<
  SectionOutcome
> {
  const [first, ...others] = FEATURES;
  const named = others.filter(({ name }) => only?.includes(name) ?? true);
  const meant = only === null || named.length > 0 || only.includes(first!.name);
  if (!meant) return { figures: null, panels: [], complete: true };
  const variants = [first!, ...named].map(({ keys = 0, ...feature }): Variant => ({
    ...feature,
    load: { partitions: 4, topics: 1, messages, bytes: 100, keys },
  }));
  const broker = await Broker.open(brokers);
  const outcomes = await new OwnRuns("features", broker, brokers).measure(
    variants,
    rounds,
    progress,
  );
  await broker.close();
  print(`By feature; rounds: ${rounds}\n\n${formatOwn(outcomes, outcomes[0])}\n`);
  return {
    figures: { features: outcomes },
    panels: [],
    complete: outcomes.every(({ failure }) => failure === null),
  };
}

/** How the cost of a message grows with what there is of something. */
import { Broker } from "./broker.ts";
import { LEAST_OF_THREE_FIELDS } from "./message.ts";
import type { Load, OwnOutcome, Variant } from "./own_runs.ts";
import { OwnRuns } from "./own_runs.ts";
import { formatOwn } from "./own_table.ts";
import type { Section, SectionOutcome, Settings } from "./section.ts";

interface Curve {
  name: string;
  title: string;
  points: readonly number[];
  variant(point: number, usual: Load): Omit<Variant, "name" | "title">;
}

/** So many turns of the loop are enough to tell what one costs. */
const MOST_TURNS = 20_000;

/** No more bytes than these for one point, so that large messages are fewer. */
const MOST_BYTES = 200e6;

const CURVES: readonly Curve[] = [
  {
    name: "partitions",
    title: "partitions",
    points: [1, 4, 16, 64, 250, 1000],
    variant: (partitions, usual) => ({ load: { ...usual, partitions } }),
  },
  {
    name: "tasks",
    title: "tasks in the module, each with a topic of its own and one partition of it",
    points: [1, 5, 20, 100, 500],
    variant: (topics, usual) => ({ load: { ...usual, partitions: 1, topics } }),
  },
  {
    name: "concurrency",
    title: "tasks in flight, all of which wait for the last of them",
    points: [1, 10, 100, 1000, 10_000, 100_000, 500_000],
    variant: (together, usual) => ({
      load: { ...usual, messages: Math.min(usual.messages, MOST_TURNS * together) },
      together,
      flags: ["--concurrency", String(together)],
    }),
  },
  {
    name: "keys",
    title: 'different keys under order: "key"',
    points: [1, 10, 1000, 100_000, 1_000_000],
    variant: (keys, usual) => ({ load: { ...usual, keys }, task: 'order: "key"' }),
  },
  {
    name: "payload",
    title: "bytes of a message",
    points: [10, 40, 100, 1000, 10_000, 100_000, 1_000_000],
    variant: (bytes, usual) => ({
      load: { ...usual, bytes, messages: Math.min(usual.messages, Math.ceil(MOST_BYTES / bytes)) },
      ...(bytes < LEAST_OF_THREE_FIELDS ? { task: "schema: z.object({ id: z.number() })" } : {}),
    }),
  },
  {
    name: "processes",
    title: "processes (--processes), each task computing for 100 µs",
    points: [1, 2, 3, 4],
    variant: (processes, usual) => ({
      // So that the start, where partitions change hands, is a small part.
      load: { ...usual, partitions: 12, messages: Math.ceil(usual.messages / 2) },
      computeUs: 100,
      flags: ["--processes", String(processes)],
    }),
  },
];

export const curves: Section = {
  contenders: CURVES.map(({ name, title }) => ({ name, title })),
  run,
};

async function run({ brokers, messages, only, print, progress, rounds }: Settings): Promise<
  SectionOutcome
> {
  const chosen = CURVES.filter(({ name }) => only?.includes(name) ?? true);
  // What is meant belongs to another section.
  if (chosen.length === 0) return { figures: null, panels: [], complete: true };
  const usual = {
    ...{ partitions: 4, topics: 1, bytes: 100, keys: 0 },
    messages: Math.ceil(messages / 2),
  };
  const broker = await Broker.open(brokers);
  const runs = new OwnRuns("curves", broker, brokers);
  const outcomes: { name: string; title: string; points: OwnOutcome[] }[] = [];
  for (const { name, title, points, variant } of chosen) {
    const variants = points.map((point): Variant => ({
      ...variant(point, usual),
      ...{ name: `${name}-${point}`, title: point.toLocaleString("en") },
    }));
    const measured = await runs.measure(variants, rounds, (text) => progress(`${name}: ${text}`));
    outcomes.push({ name, title, points: measured });
    print(`By ${title}; rounds: ${rounds}\n\n${formatOwn(measured)}\n`);
  }
  await broker.close();
  return {
    figures: { curves: outcomes },
    panels: outcomes.map(({ title, points }) => ({
      title: `CPU seconds per million, by ${title}`,
      bars: points.map(({ title: label, figures }) => {
        const cpu = figures?.cpuSecondsPerMillion;
        return {
          ...{ label, emphasis: true },
          spread: cpu === undefined ? null : { min: cpu, median: cpu, max: cpu },
        };
      }),
    })),
    complete: outcomes.every(({ points }) => points.every(({ failure }) => failure === null)),
  };
}

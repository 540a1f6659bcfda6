/** The panel's tables of topics, and of the messages that hold a watermark back. */
import type { BlockedMessage, PartitionSnapshot, TopicSnapshot } from "../stats/snapshot.ts";
import { escapeText, quoteText } from "./escape.ts";
import { formatAge, formatCount } from "./numbers.ts";
import type { Span } from "./spans.ts";
import { type Column, layOutTable, type TableSpace } from "./table.ts";
import type { Paint, Theme } from "./theme.ts";

/** Held for so long, a message deserves a look, and then worry. */
const LONG_MS = 60_000;
const VERY_LONG_MS = 600_000;

export interface Held extends BlockedMessage {
  topic: string;
}

/** In their own order while all fit; the ones with the most lag, most first, when they do not. */
export function topicLines(
  topics: readonly TopicSnapshot[],
  { space, theme }: { space: TableSpace; theme: Theme },
): Span[][] {
  const sorted = topics.length <= space.rows - 1
    ? topics
    : [...topics].sort((a, b) => (b.lag ?? Infinity) - (a.lag ?? Infinity) || 0);
  return layOutTable(sorted, topicColumns(theme), {
    space,
    theme,
    more: (hidden) => `${formatCount(hidden.length)} more topics, lag ${sumLag(hidden)}`,
  });
}

/** The messages that hold a watermark back, oldest first. */
export function heldMessages(topics: readonly TopicSnapshot[]): Held[] {
  return topics
    .flatMap(({ topic, blocked }) => blocked === null ? [] : [{ ...blocked, topic }])
    .sort((a, b) => b.ageMs - a.ageMs);
}

/**
 * One line for each message, oldest first. Always as many lines as there is space: the place is kept
 * while nothing is held back, so that the panel does not jump.
 */
export function heldLines(
  held: readonly Held[],
  { space, theme }: { space: TableSpace; theme: Theme },
): Span[][] {
  if (space.rows < 2) return [];
  const none = [{ text: "No watermark is held back for long", paint: theme.palette.dim }];
  // No line that counts the others: the oldest ones are the point.
  const shown = held.slice(0, space.rows - 1);
  const lines = shown.length === 0
    ? [none]
    : layOutTable(shown, heldColumns(theme), { space, theme, more: () => "more" });
  while (lines.length < space.rows) lines.push([]);
  return lines;
}

function topicColumns(theme: Theme): Column<TopicSnapshot>[] {
  const { palette } = theme;
  return [
    {
      title: "TOPIC",
      align: "left",
      keep: 100,
      shrinkTo: 0.25,
      middle: true,
      cell: ({ topic }) => ({
        text: escapeText(topic, { max: 249, ascii: theme.ascii }),
        paint: palette.strong,
      }),
    },
    {
      title: "PARTITIONS",
      align: "right",
      keep: 50,
      cell: ({ partitions }) => dimmed(partitions.length, palette.plain, theme),
    },
    {
      title: "LAG",
      align: "right",
      keep: 90,
      width: 6,
      cell: ({ lag, partitions }) => {
        // Of partitions that are somebody else's, or nobody's, nothing is known here.
        if (partitions.length === 0) return { text: "-", paint: palette.dim };
        return lag === null ? { text: "?", paint: palette.dim } : dimmed(lag, palette.plain, theme);
      },
    },
    {
      // How far the furthest partition has gone beyond its watermark: what a crash would run again.
      title: "AHEAD",
      align: "right",
      keep: 40,
      width: 6,
      cell: ({ partitions }) =>
        dimmed(Math.max(0, ...partitions.map(aheadOf)), palette.plain, theme),
    },
    {
      title: "WATERMARK",
      align: "left",
      keep: 80,
      width: 13,
      growTo: 200,
      cell: ({ partitions }, width) => ({ text: watermarks(partitions, width, theme) }),
    },
  ];
}

/** `partition:offset` of as many as fit; those with the most lag when not all do. */
function watermarks(partitions: readonly PartitionSnapshot[], width: number, theme: Theme): string {
  const only = partitions.length === 1 ? partitions[0]! : undefined;
  if (only !== undefined) return only.watermark < 0 ? "-" : String(only.watermark);
  if (partitions.length === 0) return "-";
  const write = (p: PartitionSnapshot) => `${p.partition}:${p.watermark < 0 ? "-" : p.watermark}`;
  const all = [...partitions].sort((a, b) => a.partition - b.partition).map(write).join(" ");
  if (all.length <= width) return all;
  const worst = [...partitions].sort((a, b) => lagOf(b) - lagOf(a) || a.partition - b.partition);
  for (let shown = worst.length - 1; shown > 0; shown--) {
    const text = `${worst.slice(0, shown).map(write).join(" ")} ${theme.glyphs.ellipsis}+${
      worst.length - shown
    }`;
    if (text.length <= width) return text;
  }
  return write(worst[0]!);
}

function heldColumns(theme: Theme): Column<Held>[] {
  const { palette, glyphs } = theme;
  const text = (value: string) => escapeText(value, { max: 249, ascii: theme.ascii });
  return [
    {
      title: "HELD BACK",
      align: "left",
      keep: 100,
      cell: ({ ageMs }) => ({
        text: `${ageMs >= LONG_MS ? glyphs.held : glyphs.young} ${formatAge(ageMs)}`,
        paint: paintOfAge(ageMs, theme),
      }),
    },
    {
      title: "BY TASK",
      align: "left",
      keep: 95,
      shrinkTo: 0.25,
      middle: true,
      cell: ({ task }) => ({ text: text(task) }),
    },
    {
      title: "AT",
      align: "left",
      keep: 90,
      width: 16,
      middle: true,
      cell: (held) => ({ text: `${text(held.topic)}[${held.partition}]@${held.offset}` }),
    },
    {
      title: "ATTEMPT",
      align: "right",
      keep: 80,
      cell: ({ attempt }) => ({ text: formatCount(attempt) }),
    },
    {
      title: "KEY",
      align: "left",
      keep: 70,
      width: 8,
      growTo: 60,
      cell: ({ key }) =>
        key === null
          ? { text: "-", paint: palette.dim }
          : { text: quoteText(key, { max: 100, ascii: theme.ascii }) },
    },
  ];
}

function paintOfAge(ageMs: number, { palette }: Theme): Paint {
  return ageMs >= VERY_LONG_MS ? palette.bad : ageMs >= LONG_MS ? palette.warn : palette.dim;
}

function lagOf({ end, watermark }: PartitionSnapshot): number {
  return end < 0 || watermark < 0 ? 0 : end - watermark;
}

function aheadOf({ position, watermark }: PartitionSnapshot): number {
  return position < 0 || watermark < 0 ? 0 : position - watermark;
}

function sumLag(topics: readonly TopicSnapshot[]): string {
  let sum = 0;
  for (const { lag } of topics) {
    if (lag === null) return "?";
    sum += lag;
  }
  return formatCount(sum);
}

function dimmed(value: number, paint: Paint, theme: Theme): Span {
  return { text: formatCount(value), paint: value === 0 ? theme.palette.dim : paint };
}

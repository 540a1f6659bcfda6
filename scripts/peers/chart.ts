/** Bars of medians, with the least and the greatest as a line across their ends, as an SVG image. Pure. */
import type { Spread } from "../../src/stats/spread.ts";
import type { Standing } from "./figures.ts";

export interface Bar {
  label: string;
  /** Drawn in the colour that stands out. */
  emphasis: boolean;
  /** `null`: it has failed. */
  spread: Spread | null;
}

export interface Panel {
  title: string;
  bars: Bar[];
}

/** Rates of all contenders; the one of the given name stands out. */
export function ratePanel(
  title: string,
  standings: readonly Standing[],
  reference: string,
): Panel {
  return {
    title: `${title}: thousand a second`,
    bars: standings.map(({ name, title, summary }) => ({
      label: title,
      emphasis: name === reference,
      spread: summary && {
        min: summary.perSecond.min / 1000,
        median: summary.perSecond.median / 1000,
        max: summary.perSecond.max / 1000,
      },
    })),
  };
}

const WIDTH = 900;
const MARGIN = 16;
const LABELS = 300;
const VALUES = 70;
const TITLE_HEIGHT = 40;
const BAR_HEIGHT = 24;
const TICK_HEIGHT = 28;

/** Colours that can be read on white as well as on black; the text follows the reader's preference. */
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; font-size: 15px; }
  .faint { fill: #59636e; }
  .bar { fill: #8c959f; }
  .own { fill: #2f81f7; }
  .range { stroke: #1f2328; stroke-width: 1.5; }
  .grid { stroke: #8c959f; stroke-opacity: 0.35; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .faint { fill: #9198a1; }
    .bar { fill: #656c76; }
    .range { stroke: #e6edf3; }
  }`;

export function drawChart(panels: readonly Panel[]): string {
  let top = MARGIN;
  const groups = panels.map((panel) => {
    const group = `<g transform="translate(${MARGIN} ${top})">\n${drawPanel(panel)}\n</g>`;
    top += heightOf(panel) + MARGIN;
    return group;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${top}" ` +
    `viewBox="0 0 ${WIDTH} ${top}" role="img" aria-label="${
      escape(panels.map(({ title }) => title).join("; "))
    }">
<style>${STYLE}
</style>
${groups.join("\n")}
</svg>
`;
}

function heightOf({ bars }: Panel): number {
  return TITLE_HEIGHT + bars.length * BAR_HEIGHT + TICK_HEIGHT;
}

function drawPanel({ title, bars }: Panel): string {
  const room = WIDTH - 2 * MARGIN - LABELS - VALUES;
  const ticks = ticksUpTo(
    Math.max(0, ...bars.map(({ spread }) => spread?.max ?? 0)),
  );
  const x = (value: number) => round(LABELS + (value / ticks.at(-1)!) * room);
  const bottom = TITLE_HEIGHT + bars.length * BAR_HEIGHT;
  return [
    `<text class="title" x="0" y="16">${escape(title)}</text>`,
    ...ticks.map((tick) =>
      `<line class="grid" x1="${x(tick)}" x2="${x(tick)}" y1="${
        TITLE_HEIGHT - 6
      }" y2="${bottom}"/>` +
      `<text class="faint" x="${x(tick)}" y="${bottom + 18}" text-anchor="middle">${
        formatNumber(tick)
      }</text>`
    ),
    ...bars.map((bar, index) => drawBar(bar, TITLE_HEIGHT + index * BAR_HEIGHT, x)),
  ].join("\n");
}

function drawBar(
  { label, emphasis, spread }: Bar,
  top: number,
  x: (value: number) => number,
) {
  const line = top + BAR_HEIGHT / 2;
  const text = `<text x="${LABELS - 8}" y="${line + 4}" text-anchor="end">${escape(label)}</text>`;
  if (!spread) {
    return `${text}<text class="faint" x="${LABELS + 6}" y="${line + 4}">failed</text>`;
  }
  const { min, median, max } = spread;
  return text +
    `<rect class="${emphasis ? "own" : "bar"}" x="${LABELS}" y="${top + 4}" ` +
    `width="${round(x(median) - LABELS)}" height="${BAR_HEIGHT - 8}"/>` +
    `<line class="range" x1="${x(min)}" x2="${x(max)}" y1="${line}" y2="${line}"/>` +
    `<text x="${x(max) + 8}" y="${line + 4}">${formatNumber(median)}</text>`;
}

/** From nothing in equal steps of 1, 2 or 5 times a power of ten to the first that is not below the maximum. */
function ticksUpTo(max: number): number[] {
  if (max <= 0) return [0, 1];
  const power = 10 ** Math.floor(Math.log10(max / 4));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((step) => step * 5 >= max)!;
  return Array.from(
    { length: Math.ceil(max / step) + 1 },
    (_, index) => index * step,
  );
}

function formatNumber(value: number): string {
  const digits = value >= 100 || Number.isInteger(value) ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString("en", { maximumFractionDigits: digits });
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(text: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
  };
  return text.replace(/[&<>"]/g, (character) => entities[character]!);
}

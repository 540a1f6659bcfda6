/** How the figures look: the paints of a colour level, and the glyphs of a character set. */
import { Chalk, type ColorSupportLevel } from "chalk";

export type ColourLevel = ColorSupportLevel;
export type Paint = (text: string) => string;

/** Named by meaning. Sixteen colours only, so that the user's own palette decides how they look. */
export interface Palette {
  plain: Paint;
  strong: Paint;
  dim: Paint;
  good: Paint;
  warn: Paint;
  bad: Paint;
  accent: Paint;
}

export interface Glyphs {
  ellipsis: string;
  rule: string;
  /** Before the state in the header. */
  dot: string;
  /** A message that has held a watermark back for long, and one that has not. */
  held: string;
  young: string;
  separator: string;
  /** A bar's cells from one eighth to full, then the empty one. */
  bar: readonly string[];
  barEmpty: string;
  barEnds: readonly [string, string];
  /** The first is for exactly nothing. */
  spark: readonly string[];
  microsecond: string;
}

export interface Theme {
  palette: Palette;
  glyphs: Glyphs;
  /** Whether text from users has to be ASCII. */
  ascii: boolean;
}

const UNICODE: Glyphs = {
  ellipsis: "…",
  rule: "─",
  dot: "●",
  held: "▲",
  young: "·",
  separator: "·",
  bar: ["▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"],
  barEmpty: "░",
  barEnds: ["", ""],
  spark: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
  microsecond: "µs",
};

const ASCII: Glyphs = {
  ellipsis: "...",
  rule: "-",
  dot: "*",
  held: "!",
  young: "-",
  separator: "|",
  bar: ["#"],
  barEmpty: ".",
  barEnds: ["[", "]"],
  spark: ["_", ".", "-", "=", "+", "*", "#"],
  microsecond: "us",
};

/** The theme of a terminal that has these colours (0: none) and may have Unicode. */
export function createTheme(colour: ColourLevel, unicode: boolean): Theme {
  const chalk = new Chalk({ level: colour });
  return {
    palette: {
      plain: (text) => text,
      strong: (text) => chalk.bold(text),
      dim: (text) => chalk.dim(text),
      good: (text) => chalk.green(text),
      warn: (text) => chalk.yellow(text),
      bad: (text) => chalk.red(text),
      accent: (text) => chalk.cyan(text),
    },
    glyphs: unicode ? UNICODE : ASCII,
    ascii: !unicode,
  };
}

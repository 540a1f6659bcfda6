/** What the terminal is able to do, decided from the environment and the streams given, once at start. */
import type { ColourLevel } from "./theme.ts";

export type StatsMode = "tty" | "lines" | "json" | "off";
export type Environment = Readonly<Record<string, string | undefined>>;

export interface OutputStream {
  isTTY?: boolean | undefined;
}

/** Whether what is written there is seen on a terminal that knows escape sequences. */
export function isTerminal(stream: OutputStream, env: Environment): boolean {
  return stream.isTTY === true && env.TERM !== "dumb";
}

/**
 * How to show the stats: as asked, save that a panel is never drawn where its escapes would end up in a
 * file, or on a terminal without them (`TERM=dumb`): `tty` becomes `lines` there.
 */
export function chooseStatsMode(
  asked: StatsMode,
  stream: OutputStream,
  env: Environment,
): StatsMode {
  return asked === "tty" && !isTerminal(stream, env) ? "lines" : asked;
}

/** Whether a stream takes colours, and if only because it is told to. */
export function takesColours(stream: OutputStream, env: Environment): boolean {
  return colourLevel(env, stream) > 0;
}

/**
 * 0 no colours, 1 sixteen, 2 256, 3 all. FORCE_COLOR (0–3, true, false) is obeyed first, as in Node; then
 * NO_COLOR with any value but the empty one, a stream that is no terminal and `TERM=dumb` mean none.
 */
export function colourLevel(env: Environment, stream: OutputStream): ColourLevel {
  const forced = forcedLevel(env.FORCE_COLOR);
  if (forced !== null) return forced;
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== "") return 0;
  if (!isTerminal(stream, env)) return 0;
  if (/^(truecolor|24bit)$/i.test(env.COLORTERM ?? "")) return 3;
  return /-256(color)?$/i.test(env.TERM ?? "") ? 2 : 1;
}

function forcedLevel(value: string | undefined): ColourLevel | null {
  switch (value) {
    case undefined:
      return null;
    case "0":
    case "false":
      return 0;
    case "2":
      return 2;
    case "3":
      return 3;
    default:
      return 1;
  }
}

/**
 * Whether block graphics and the like can be shown: by the locale's character set. Without a locale
 * (containers) UTF-8 is assumed; the Linux console has too few glyphs.
 */
export function supportsUnicode(env: Environment): boolean {
  if (env.TERM === "linux") return false;
  const locale = [env.LC_ALL, env.LC_CTYPE, env.LANG].find((value) =>
    value !== undefined && value !== ""
  );
  return locale === undefined || /utf-?8/i.test(locale);
}

/**
 * Whether lines that have become too long are wrapped when the window gets narrower. Most terminals do;
 * these do not, and to count wrapped rows there would erase lines of the user's.
 */
export function reflows(env: Environment): boolean {
  if (env.TMUX !== undefined) return true;
  const term = env.TERM ?? "";
  return env.XTERM_VERSION === undefined && !/^(linux|rxvt|screen|vt\d)/.test(term);
}

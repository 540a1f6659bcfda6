/**
 * The kinds of values that options take. A kind reads a value from text (flags, variables) and from
 * JSON (taskc.json), writes it back for people, and says what is allowed. Nothing is ever guessed:
 * whatever a kind does not know is a `BadValue`.
 */
import { BadValue, formatWhole } from "./bad_value.ts";
import { parseBroker } from "./broker_list.ts";
import { formatByteSize, parseByteSize } from "./byte_size.ts";
import { formatDuration, parseDuration } from "./duration.ts";
import { formatListenAddress, type ListenAddress, parseListenAddress } from "./listen_address.ts";
import { didYouMean } from "../core/nearest_name.ts";
import { formatStartPosition, parseStartPosition, type StartPosition } from "./start_position.ts";

export interface ParseContext {
  /** Milliseconds since the epoch. */
  now: number;
}

export interface Kind<T> {
  /** Stands for the value in help, for example `DURATION`; `null` for on/off flags. */
  placeholder: string | null;
  /** What taskc.json holds: its JSON type, for the documentation. */
  json: string;
  /** The only values there are, for help and completions. */
  choices?: readonly string[];
  /** The range, as the documentation states it. */
  range?: string;
  /** True when a flag may be given several times, each adding to the list. */
  repeatable: boolean;
  /** Reads a flag's occurrences, or the one text of a variable. Throws `BadValue`. */
  fromText(texts: readonly string[], context: ParseContext): T;
  /** Reads a value of taskc.json. Throws `BadValue`. */
  fromJson(value: unknown, context: ParseContext): T;
  /** For people; for the kinds with one text, `fromText` reads it back. */
  format(value: T): string;
}

type TextKind<T> = Pick<Kind<T>, "placeholder"> & Partial<Pick<Kind<T>, "choices" | "range">> & {
  parse(text: string, context: ParseContext): T;
  format(value: T): string;
};

/** A kind whose values are one string each; the last of several flags counts, as in other programs. */
function textKind<T>(spec: TextKind<T>): Kind<T> {
  const { parse, ...rest } = spec;
  return {
    ...rest,
    json: "string",
    repeatable: false,
    fromText: (texts, context) => parse(texts.at(-1)!, context),
    fromJson: (value, context) => parse(expectString(value), context),
  };
}

export function whole(min: number, max: number): Kind<number> {
  const range = `${formatWhole(min)} to ${formatWhole(max)}`;
  const check = (value: number) => {
    if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
    throw new BadValue(`it must be a whole number from ${range}`);
  };
  return {
    placeholder: "N",
    json: "number",
    range,
    repeatable: false,
    // "1_000" and "1,000" are how people write large numbers; "1e6" and "0x10" are not.
    fromText: (texts) => {
      const text = texts.at(-1)!.trim();
      const plain = /^-?\d+$|^-?\d{1,3}([,_]\d{3})+$/.test(text);
      return check(plain ? Number(text.replace(/[,_]/g, "")) : NaN);
    },
    fromJson: (value) => check(typeof value === "number" ? value : NaN),
    format: (value) => String(value),
  };
}

/** A share of the whole, above 0 and up to 1. */
export function share(): Kind<number> {
  const check = (value: number) => {
    if (value > 0 && value <= 1) return value;
    throw new BadValue("it must be a number above 0 and up to 1, such as 0.5");
  };
  return {
    placeholder: "SHARE",
    json: "number",
    range: "above 0, up to 1",
    repeatable: false,
    fromText: (texts) => {
      const text = texts.at(-1)!.trim();
      return check(/^\d*\.?\d+$/.test(text) ? Number(text) : NaN);
    },
    fromJson: (value) => check(typeof value === "number" ? value : NaN),
    format: (value) => String(value),
  };
}

export function duration(min: number, max: number): Kind<number> {
  const range = `${formatDuration(min)} to ${formatDuration(max)}`;
  return textKind({
    placeholder: "DURATION",
    range,
    parse: (text) => {
      const ms = parseDuration(text);
      if (ms < min || ms > max) throw new BadValue(`it must be from ${range}`);
      return ms;
    },
    format: formatDuration,
  });
}

export function listenAddress(): Kind<ListenAddress> {
  return textKind({
    placeholder: "ADDR",
    parse: parseListenAddress,
    format: formatListenAddress,
  });
}

export function byteSize(min: number, max: number): Kind<number> {
  const range = `${formatByteSize(min)} to ${formatByteSize(max)}`;
  const check = (bytes: number) => {
    if (Number.isSafeInteger(bytes) && bytes >= min && bytes <= max) return bytes;
    throw new BadValue(`it must be from ${range}`);
  };
  const kind = textKind({
    placeholder: "SIZE",
    range,
    parse: (text) => check(parseByteSize(text)),
    format: formatByteSize,
  });
  return {
    ...kind,
    json: "string or number",
    fromJson: (value, context) =>
      typeof value === "number" ? check(value) : kind.fromJson(value, context),
  };
}

export function choice<const C extends string>(choices: readonly C[]): Kind<C> {
  return textKind<C>({
    placeholder: choices.join("|"),
    choices,
    parse: (text) => {
      const found = choices.find((known) => known === text.trim());
      if (found !== undefined) return found;
      throw new BadValue(`it must be one of ${choices.join(", ")}${didYouMean(text, choices)}`);
    },
    format: (value) => value,
  });
}

const ON = ["true", "1", "yes", "on"];
const OFF = ["false", "0", "no", "off"];

/**
 * On or off. A flag's text is what the command line made of it (`--drain`: `true`, `--no-drain`:
 * `false`); a variable says it in words, so that `TASKC_DRAIN=false` turns it off.
 */
export function onOff(): Kind<boolean> {
  return {
    placeholder: null,
    json: "boolean",
    repeatable: false,
    fromText: (texts) => {
      const word = texts.at(-1)!.trim().toLowerCase();
      if (ON.includes(word)) return true;
      if (OFF.includes(word)) return false;
      throw new BadValue("it must be true or false");
    },
    fromJson: (value) => {
      if (typeof value === "boolean") return value;
      throw new BadValue("it must be true or false, without quotes");
    },
    format: (value) => String(value),
  };
}

export function text(placeholder: string): Kind<string> {
  return textKind({ placeholder, parse: (value) => value, format: (value) => value });
}

/**
 * A name that Kafka takes in a topic's name: letters, digits, `.`, `_` and `-`. A group is one too,
 * since its dead-letter topics are named after it.
 */
export function kafkaName(maxLength: number): Kind<string> {
  return textKind({
    placeholder: "NAME",
    range: `1 to ${maxLength} characters of a-z, A-Z, 0-9, ".", "_", "-"`,
    parse: (value) => {
      if (value === "") throw new BadValue("it is empty");
      if (value === "." || value === "..") throw new BadValue("Kafka reserves this name");
      const wrong = /[^A-Za-z0-9._-]/u.exec(value);
      if (wrong !== null) {
        throw new BadValue(
          `Kafka does not take ${
            JSON.stringify(wrong[0])
          } in a name; use letters, digits, ".", "_" and "-"`,
        );
      }
      if (value.length > maxLength) throw new BadValue(`it is longer than ${maxLength} characters`);
      return value;
    },
    format: (value) => value,
  });
}

export function startPosition(): Kind<StartPosition> {
  const kind = textKind<StartPosition>({
    placeholder: "earliest|latest|TIME",
    parse: (value, { now }) => parseStartPosition(value, now),
    format: formatStartPosition,
  });
  return { ...kind, choices: ["earliest", "latest"] };
}

/** A list of names: repeated flags, commas, or a JSON array. Repeated names count once. */
export function list(
  placeholder: string,
  what: string,
  parse: (item: string) => string,
): Kind<string[]> {
  const read = (items: readonly string[]) => {
    if (items.length === 0) throw new BadValue(`it names no ${what}`);
    return [...new Set(items.map(parse))];
  };
  return {
    placeholder,
    json: "array of strings, or a string with commas",
    repeatable: true,
    fromText: (texts) => read(texts.flatMap((one) => one.split(","))),
    fromJson: (value) =>
      read(Array.isArray(value) ? value.map(expectString) : expectString(value).split(",")),
    format: (value) => value.join(","),
  };
}

export function brokerList(): Kind<string[]> {
  return list("HOST:PORT", "broker", parseBroker);
}

export function taskNames(): Kind<string[]> {
  return list("TASK", "task", (item) => {
    const name = item.trim();
    if (name === "") throw new BadValue("a task's name is empty");
    return name;
  });
}

/** `NAME=VALUE`, several times, in order; names may repeat. */
export function headerList(): Kind<[name: string, value: string][]> {
  const parse = (one: string): [string, string] => {
    const at = one.indexOf("=");
    if (at < 1) throw new BadValue(`${JSON.stringify(one)} is not NAME=VALUE, say tenant=acme`);
    return [one.slice(0, at), one.slice(at + 1)];
  };
  return {
    placeholder: "NAME=VALUE",
    json: "array of strings",
    repeatable: true,
    fromText: (texts) => texts.map(parse),
    fromJson: (value) => {
      if (!Array.isArray(value)) throw new BadValue('it must be an array of "NAME=VALUE"');
      return value.map(expectString).map(parse);
    },
    format: (value) => value.map(([name, text]) => `${name}=${text}`).join(" "),
  };
}

/** A kind that may also be absent, which is its default. */
export function optional<T>(kind: Kind<T>): Kind<T | null> {
  return { ...kind, format: (value) => (value === null ? "" : kind.format(value)) };
}

/** A kind with one more value, `off`, which reads as `null`. */
export function orOff<T>(kind: Kind<T>): Kind<T | null> {
  const orNot = (read: () => T): T => {
    try {
      return read();
    } catch (error) {
      throw error instanceof BadValue ? new BadValue(`${error.message}, or "off"`) : error;
    }
  };
  return {
    ...kind,
    placeholder: `${kind.placeholder}|off`,
    json: `${kind.json}, or "off"`,
    range: `${kind.range}, or \`off\``,
    fromText: (texts, context) =>
      texts.at(-1)!.trim() === "off" ? null : orNot(() => kind.fromText(texts, context)),
    fromJson: (value, context) =>
      value === "off" ? null : orNot(() => kind.fromJson(value, context)),
    format: (value) => (value === null ? "off" : kind.format(value)),
  };
}

function expectString(value: unknown): string {
  if (typeof value === "string") return value;
  throw new BadValue("it must be a string");
}

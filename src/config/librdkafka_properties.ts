/**
 * `-X name=value`: properties of librdkafka, checked before any client is made, so that a misspelt one
 * or a wrong value is told at once and with its source.
 */
import { BadValue, formatWhole, quote } from "./bad_value.ts";
import { LIBRDKAFKA_PROPERTIES, type PropertySpec } from "./librdkafka_properties_data.ts";
import { JAVA_NAMES, PROPERTY_RULES, PROTOCOL_RULES } from "./librdkafka_rules.ts";
import { didYouMean } from "../core/nearest_name.ts";
import type { Kind } from "./option_kind.ts";

/** By librdkafka's own names (aliases replaced), as the text that librdkafka takes. */
export type Properties = Record<string, string>;

/** Reads `name=value`. Throws `BadValue`, which never quotes the value: it may be a secret. */
export function parseProperty(text: string): [name: string, value: string] {
  const at = text.indexOf("=");
  if (at < 1) throw new BadValue("it must be written NAME=VALUE");
  return [text.slice(0, at).trim(), text.slice(at + 1)];
}

/** Checks one property and returns it under its own name, its value as librdkafka writes it. */
export function checkProperty(name: string, value: unknown): [name: string, value: string] {
  if (name.startsWith("test.mock.")) {
    throw new BadValue('the embedded broker is started by "taskc dev" and "taskc broker"');
  }
  const spec = LIBRDKAFKA_PROPERTIES[name];
  if (spec === undefined || !Object.hasOwn(LIBRDKAFKA_PROPERTIES, name)) {
    throw new BadValue(describeUnknown(name));
  }
  if (spec.type === "api") throw new BadValue("it is not made of text, so it cannot be set");
  const ownName = spec.aliasOf ?? name;
  const text = checkValue(ownName, spec, value);
  const rule = PROPERTY_RULES[ownName];
  if (rule !== undefined && !rule.except?.includes(text)) throw new BadValue(rule.reason);
  return [ownName, text];
}

/** The property that a variable `TASKC_X_SASL_PASSWORD` sets, or `undefined`. */
export function propertyOfVariable(variable: string): string | undefined {
  const wanted = variable.replace(/^TASKC_X_/, "");
  return Object.keys(LIBRDKAFKA_PROPERTIES).find((name) => variableSuffix(name) === wanted);
}

/** `sasl.password` as the end of a variable's name: `SASL_PASSWORD`. */
export function variableSuffix(property: string): string {
  return property.toUpperCase().replace(/[^A-Z0-9]/g, "_");
}

export function propertyNames(): string[] {
  return Object.keys(LIBRDKAFKA_PROPERTIES).filter((name) =>
    LIBRDKAFKA_PROPERTIES[name]!.type !== "api"
  );
}

/** Properties that may be set, for completions: neither refused nor aliases. */
export function settableProperties(): string[] {
  return propertyNames().filter((name) =>
    PROPERTY_RULES[name] === undefined && LIBRDKAFKA_PROPERTIES[name]!.aliasOf === undefined
  );
}

/** The known values of a property, for completions. */
export function valuesOfProperty(name: string): readonly string[] {
  const spec = Object.hasOwn(LIBRDKAFKA_PROPERTIES, name) ? LIBRDKAFKA_PROPERTIES[name] : undefined;
  return spec?.type === "boolean" ? ["true", "false"] : spec?.values ?? [];
}

/**
 * Why a group protocol refuses one of these properties: `[name, reason]` pairs. The protocol `auto` is
 * asked when the brokers have told which it is.
 */
export function refusedByProtocol(
  properties: Properties,
  protocol: "consumer" | "classic",
): [name: string, reason: string][] {
  return Object.entries(PROTOCOL_RULES[protocol]).filter(([name]) =>
    Object.hasOwn(properties, name)
  );
}

/** The properties that each kind of client takes; admin clients take those that all share. */
export function splitProperties(
  properties: Properties,
): { consumer: Properties; producer: Properties; admin: Properties } {
  const taking = (...scopes: string[]) =>
    Object.fromEntries(
      Object.entries(properties).filter(([name]) =>
        scopes.includes(LIBRDKAFKA_PROPERTIES[name]?.scope ?? "*")
      ),
    );
  return { consumer: taking("*", "C"), producer: taking("*", "P"), admin: taking("*") };
}

/** True when the value must not be shown. */
export function isSecretProperty(name: string): boolean {
  return /password|passphrase|secret|\.key\.pem$|private\.key|^sasl\.oauthbearer\.config$/.test(
    name,
  );
}

/** For showing: secrets are replaced. */
export function maskProperty(name: string, value: string): string {
  return isSecretProperty(name) ? "(secret)" : value;
}

/** The kind of `-X`; settings.ts reads it property by property, so that each is told with its source. */
export function librdkafkaProperties(): Kind<Properties> {
  return {
    placeholder: "NAME=VALUE",
    json: "object",
    repeatable: true,
    fromText: (texts) =>
      Object.fromEntries(texts.map((text) => checkProperty(...parseProperty(text)))),
    fromJson: (value) =>
      Object.fromEntries(propertyEntries(value).map(([name, one]) => checkProperty(name, one))),
    format: (properties) =>
      Object.entries(properties).map(([name, value]) => `${name}=${maskProperty(name, value)}`)
        .join(" "),
  };
}

/** The names and values of `"properties"` in taskc.json. */
export function propertyEntries(value: unknown): [name: string, value: unknown][] {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return Object.entries(value);
  }
  throw new BadValue("it must be an object of names and values");
}

function describeUnknown(name: string): string {
  if (Object.hasOwn(JAVA_NAMES, name)) return `librdkafka does not have it; ${JAVA_NAMES[name]}`;
  return `librdkafka has no such property${didYouMean(name, propertyNames())}`;
}

function checkValue(ownName: string, spec: PropertySpec, value: unknown): string {
  const text = typeof value === "boolean" || typeof value === "number" ? String(value) : value;
  if (typeof text !== "string") throw new BadValue("its value must be a string, number or boolean");
  if (text.includes("\0")) throw new BadValue("its value has a NUL character, where it would end");
  switch (spec.type) {
    case "boolean":
      return checkBoolean(text);
    case "integer":
    case "float":
      // The one number that has a name.
      if (ownName === "request.required.acks" && text.trim() === "all") return "-1";
      return checkNumber(ownName, spec, text.trim());
    case "enum":
      return checkWord(spec.values ?? [], text.trim());
    case "flags":
      if (spec.values === undefined || text.trim() === "") return text;
      return text.split(",").map((word) => checkWord(spec.values!, word.trim())).join(",");
    case "string":
    case "api":
      return text;
    default:
      return spec.type satisfies never;
  }
}

function checkBoolean(text: string): string {
  const word = text.trim().toLowerCase();
  if (word === "true" || word === "1") return "true";
  if (word === "false" || word === "0") return "false";
  throw new BadValue(`its value ${quote(text)} must be true or false`);
}

function checkNumber(ownName: string, spec: PropertySpec, text: string): string {
  const pattern = spec.type === "integer" ? /^-?\d+$/ : /^-?\d+(\.\d+)?$/;
  // The documented range of this one holds for share consumers.
  const [min, max] = ownName === "fetch.min.bytes" ? [1, 100_000_000] : [spec.min!, spec.max!];
  const number = pattern.test(text) ? Number(text) : NaN;
  if (number >= min && number <= max) return String(number);
  const what = spec.type === "integer" ? "a whole number" : "a number";
  throw new BadValue(
    `its value ${quote(text)} must be ${what} from ${formatWhole(min)} to ${formatWhole(max)}`,
  );
}

function checkWord(values: readonly string[], text: string): string {
  const found = values.find((value) => value.toLowerCase() === text.toLowerCase());
  if (found !== undefined) return found;
  throw new BadValue(
    `its value ${quote(text)} must be one of ${values.join(", ")}${didYouMean(text, values)}`,
  );
}

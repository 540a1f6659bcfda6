/** Names that no option has: a misspelt one would otherwise be ignored in silence. */
import { didYouMean, nearestName } from "../core/nearest_name.ts";
import { propertyNames, propertyOfVariable, variableSuffix } from "./librdkafka_properties.ts";
import { flagOf, isFileKey, OPTION_ENTRIES, variableOf } from "./options.ts";
import type { SettingsFile } from "./settings_file.ts";

/**
 * What Kubernetes and Docker put into every container beside a service that is called taskc:
 * `TASKC_SERVICE_HOST`, `TASKC_PORT_80_TCP_ADDR`, `TASKC_WORKER_PORT`, …
 */
const SERVICE_LINK = /^TASKC_(\w+_)?(SERVICE_(HOST|PORT(_\w+)?)|PORT(_\d+_(TCP|UDP|SCTP)\w*)?)$/;

/** A problem for each variable `TASKC_…` that is set and that no option reads. */
export function checkVariableNames(env: Readonly<Record<string, string | undefined>>): string[] {
  const known = new Set(OPTION_ENTRIES.flatMap(([key]) => variableOf(key) ?? []));
  const problems: string[] = [];
  for (const name of Object.keys(env)) {
    if (!name.startsWith("TASKC_") || known.has(name) || env[name] === undefined) continue;
    if (SERVICE_LINK.test(name)) continue;
    if (name.startsWith("TASKC_X_")) {
      if (propertyOfVariable(name) === undefined) problems.push(describeProperty(name));
      continue;
    }
    problems.push(`Unknown variable ${name}${hintForVariable(name, known)}`);
  }
  return problems;
}

/** A problem for each key of the file that no option has. */
export function checkFileKeys(file: SettingsFile): string[] {
  const keys = OPTION_ENTRIES.map(([key]) => key as string).filter(isFileKey);
  return file.entries.filter(({ key }) => !isFileKey(key)).map(({ key, line }) => {
    const place = `Unknown setting ${JSON.stringify(key)} in ${file.name}:${line}`;
    const spelled = OPTION_ENTRIES.find(([known]) => flagOf(known).replace(/^-+/, "") === key);
    if (spelled !== undefined && isFileKey(spelled[0])) {
      return `${place}; it is written "${spelled[0]}"`;
    }
    if (OPTION_ENTRIES.some(([known]) => known === key)) {
      return `${place}; it can only be given as a flag`;
    }
    return place + didYouMean(key, keys);
  });
}

function hintForVariable(name: string, known: ReadonlySet<string>): string {
  const flagOnly = OPTION_ENTRIES.find(([key]) =>
    variableOf(key) === null &&
    name === `TASKC_${flagOf(key).slice(2).toUpperCase().replaceAll("-", "_")}`
  );
  if (flagOnly !== undefined) return `; ${flagOf(flagOnly[0])} can only be given as a flag`;
  return didYouMean(name, known);
}

function describeProperty(variable: string): string {
  const wanted = variable.slice("TASKC_X_".length);
  const nearest = nearestName(wanted, propertyNames().map(variableSuffix));
  return `Unknown variable ${variable}: librdkafka has no such property` +
    (nearest === undefined ? "" : `; did you mean "TASKC_X_${nearest}"?`);
}

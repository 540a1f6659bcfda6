/** Settings that are right each by itself and wrong together. */
import { formatDuration } from "./duration.ts";
import { refusedByProtocol } from "./librdkafka_properties.ts";
import { type CommandName, flagOf, type OptionKey } from "./options.ts";
import type { FoundSettings, Source } from "./settings.ts";

/** librdkafka's default of `max.poll.interval.ms`. */
const DEFAULT_MAX_POLL_INTERVAL = 300_000;

/** That of the embedded broker, whatever else is set: a classic member would rejoin it late. */
const DEV_PROTOCOL: FoundSettings["groupProtocol"] = {
  value: "consumer",
  source: { kind: "default", name: "taskc dev" },
};

type FoundProperties = ReadonlyMap<string, { value: string; source: Source }>;

/** All problems of the combination; empty when there are none. */
export function checkTogether(
  command: CommandName,
  found: FoundSettings,
  properties: FoundProperties,
): string[] {
  switch (command) {
    case "run":
      return [
        ...checkDependents(found),
        ...checkProtocol(found.groupProtocol, properties),
        ...checkRevokeDrain(found, properties),
      ];
    case "dev":
      return [
        ...checkProtocol(DEV_PROTOCOL, properties),
        ...checkRevokeDrain(found, properties),
      ];
    case "bench":
      return checkBroker(found);
    default:
      return [];
  }
}

function checkBroker({ brokers, embedded }: FoundSettings): string[] {
  if (!embedded.value || brokers.source.kind !== "flag") return [];
  return [
    `Cannot use ${flagOf("brokers")} with ${flagOf("embedded")}, which has a broker of its own`,
  ];
}

/** A flag that has no effect without another is a mistake; a file may well hold it for later. */
function checkDependents(found: FoundSettings): string[] {
  const problems: string[] = [];
  const needs = (key: OptionKey, other: OptionKey) => {
    if (found[key].source.kind === "flag" && found[other].value !== true) {
      problems.push(`Cannot use ${flagOf(key)} without ${flagOf(other)}`);
    }
  };
  needs("maxTime", "drain");
  needs("partitions", "createTopics");
  needs("replicationFactor", "createTopics");
  return problems;
}

function checkProtocol(
  { value: protocol, source }: FoundSettings["groupProtocol"],
  properties: FoundProperties,
): string[] {
  if (protocol === "auto") return [];
  const plain = Object.fromEntries([...properties].map(([name, { value }]) => [name, value]));
  return refusedByProtocol(plain, protocol).map(([name, reason]) =>
    `Cannot use ${name} (${properties.get(name)!.source.name}) with the group protocol ` +
    `"${protocol}" (${source.name}): ${reason}`
  );
}

/** Kafka takes a partition away from a member that has not answered by then. */
function checkRevokeDrain({ revokeDrain }: FoundSettings, properties: FoundProperties): string[] {
  const given = properties.get("max.poll.interval.ms");
  const interval = given === undefined ? DEFAULT_MAX_POLL_INTERVAL : Number(given.value);
  if (revokeDrain.value < interval) return [];
  return [
    `Cannot use a revoke drain of ${
      formatDuration(revokeDrain.value)
    } (${revokeDrain.source.name}): ` +
    `it must be shorter than max.poll.interval.ms, ${formatDuration(interval)} ` +
    `(${given?.source.name ?? "default"})`,
  ];
}

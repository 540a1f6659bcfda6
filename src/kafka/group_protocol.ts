/** The two protocols of consumer groups: classic, and the one of KIP-848. */
import type { KafkaProblem } from "./ports.ts";
import { CODE } from "./rdkafka.ts";

export type GroupProtocol = "consumer" | "classic";

/** Our defaults for each; a user's own properties win over them. */
export function groupProperties(protocol: GroupProtocol): Record<string, unknown> {
  switch (protocol) {
    case "consumer":
      return { "group.protocol": "consumer" };
    case "classic":
      return {
        "group.protocol": "classic",
        "partition.assignment.strategy": "cooperative-sticky",
      };
    default:
      return protocol satisfies never;
  }
}

/** An error of the group; one that ends the member says what to do. */
export function toGroupProblem(
  code: number,
  message: string,
  instanceId: string | undefined,
): KafkaProblem {
  if (code !== CODE.fatal) return { code, message };
  return { code, message: explainRefusal(message, instanceId), fatal: true };
}

/** What to do about an error that ends a member; its own text where nothing better is known. */
function explainRefusal(text: string, instanceId: string | undefined): string {
  if (/instance.?id/i.test(text) && instanceId !== undefined) {
    return `another member of the group has the instance id "${instanceId}"; give each worker an ` +
      "--instance-id of its own";
  }
  return /Heartbeat.*not supported/i.test(text) ? WITHOUT_CONSUMER_PROTOCOL : text;
}

export const WITHOUT_CONSUMER_PROTOCOL =
  "the brokers do not have the consumer protocol (KIP-848), or it is switched off; leave out " +
  "--group-protocol, or give --group-protocol classic";

/** Number of ConsumerGroupHeartbeat in Kafka's protocol. */
const HEARTBEAT = 68;

/**
 * Whether the brokers have KIP-848. A broker of 3.9 lists its heartbeat in version 0 alone, which
 * librdkafka does not speak and stays silent about.
 */
export function hasConsumerProtocol(apis: ReadonlyMap<number, { max: number }>): boolean {
  return (apis.get(HEARTBEAT)?.max ?? 0) >= 1;
}

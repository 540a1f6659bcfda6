/** The two protocols of consumer groups: classic, and the one of KIP-848. */

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

/** Number of ConsumerGroupHeartbeat in Kafka's protocol. */
const HEARTBEAT = 68;

/**
 * Whether the brokers have KIP-848. A broker of 3.9 lists its heartbeat in version 0 alone, which
 * librdkafka does not speak and stays silent about.
 */
export function hasConsumerProtocol(apis: ReadonlyMap<number, { max: number }>): boolean {
  return (apis.get(HEARTBEAT)?.max ?? 0) >= 1;
}

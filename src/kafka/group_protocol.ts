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

/**
 * Whether the brokers have KIP-848. No call tells; librdkafka's log of features does, with the versions
 * of the ConsumerGroupHeartbeat request (number 68): a broker of 3.9 has version 0 alone, which
 * librdkafka does not speak.
 */
export function hasConsumerProtocol(features: readonly string[]): boolean {
  return features.some((line) => {
    const match = /ConsumerGroupHeartbeat \(68\) Versions \d+\.\.(\d+)/.exec(line);
    return match !== null && Number(match[1]) >= 1;
  });
}

/** What `taskc --version` prints. */
import manifest from "../../deno.json" with { type: "json" };
import { nativeVersions } from "../kafka/addon.ts";

/** taskc, the runtime, the Kafka package, librdkafka and OpenSSL, one a line. */
export async function describeVersions(): Promise<string> {
  const native = await nativeVersions();
  const runtime = (globalThis as { Bun?: { version: string } }).Bun?.version;
  return [
    `taskc ${manifest.version}`,
    `bun ${runtime ?? "none"}`,
    `@confluentinc/kafka-javascript ${native.package}`,
    `librdkafka ${native.librdkafka}`,
    `openssl ${native.openssl}`,
  ].join("\n");
}

/** `taskc broker`: the embedded broker alone, for demos and scripts. */
import process from "node:process";
import type { Invocation } from "./program.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import { startEmbeddedBroker } from "../kafka/embedded_broker.ts";

export async function broker(_: Invocation<"broker">): Promise<ExitCode> {
  const embedded = await startEmbeddedBroker();
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => resolve());
  });
  process.stdout.write(`${embedded.address}\n`);
  await stopped;
  await embedded.close();
  return EXIT.ok;
}

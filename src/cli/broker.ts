/** `taskc broker`: the embedded broker alone, for demos and scripts. */
import process from "node:process";
import { loadModule } from "./load_module.ts";
import type { Invocation } from "./program.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import { startEmbeddedBroker } from "../kafka/embedded_broker.ts";
import { heededSignals } from "./supervise_process.ts";

export async function broker({ args }: Invocation<"broker">): Promise<ExitCode> {
  const module = args.module === null ? null : await loadModule(args.module);
  const stopped = new Promise<void>((resolve) => {
    for (const signal of heededSignals()) process.once(signal, () => resolve());
  });
  const embedded = await startEmbeddedBroker();
  // Whoever reads the address may send at once, so it comes last.
  if (module) await embedded.createTopics([...new Set(module.tasks.map(({ topic }) => topic))]);
  process.stdout.write(`${embedded.address}\n`);
  await stopped;
  await embedded.close();
  return EXIT.ok;
}

/** For commands that run another of taskc's commands in a child. */
import process from "node:process";

/** The command that started this process, without its arguments. */
export function ownCommand(): [program: string, ...before: string[]] {
  const script = process.argv[1];
  const compiled = script === undefined || script.startsWith("/$bunfs/");
  return compiled ? [process.execPath] : [process.execPath, script];
}

/** What a worker on the embedded broker needs, which rejoins a classic member only after its session timeout. */
export const EMBEDDED_BROKER_FLAGS = [
  ...["--group-protocol", "consumer"],
  ...["-X", "fetch.wait.max.ms=10"],
] as const;

/** For commands that run another of taskc's commands in a child. */
import process from "node:process";

/** The command that started this process, without its arguments. */
export function ownCommand(): [program: string, ...before: string[]] {
  const script = process.argv[1];
  const compiled = script === undefined || script.startsWith("/$bunfs/");
  return compiled ? [process.execPath] : [process.execPath, script];
}

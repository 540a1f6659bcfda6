/** Which part a process plays in `taskc run --processes`. */
import process from "node:process";

/** Tells a child which process it is. Not for users. */
const PROCESS_VARIABLE = "_TASKC_PROCESS";

export interface ProcessRole {
  /** From 1. */
  number: number;
  /** Milliseconds between two reports while something goes on. */
  reportEveryMs: number;
}

/** The variable that gives a child its role. */
export function roleVariable(role: ProcessRole): Record<string, string> {
  return { [PROCESS_VARIABLE]: JSON.stringify(role) };
}

/** Whether this process starts others, instead of being one of them or alone. */
export function isParent(processes: number): boolean {
  // What a child starts may have its variable, but not its channel.
  return processes > 1 && (process.env[PROCESS_VARIABLE] === undefined || !process.send);
}

/** Takes the variable away, since it is not for what tasks start; `null` in a process without a parent. */
export function takeRole(): ProcessRole | null {
  const role = process.env[PROCESS_VARIABLE];
  delete process.env[PROCESS_VARIABLE];
  return role === undefined || !process.send ? null : JSON.parse(role) as ProcessRole;
}

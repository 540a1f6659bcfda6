/** The environment of a program under test. */
import process from "node:process";

/** A variable that is `undefined` is not there. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Only what is named here reaches the program: no TASKC_* or colour setting of whoever runs the tests. */
export function bareEnvironment(added: Environment = {}): Record<string, string> {
  const all = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    TMPDIR: process.env.TMPDIR,
    LANG: "C.UTF-8",
    TASKC_BROKERS: process.env.TASKC_TEST_BROKERS,
    ...added,
  };
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

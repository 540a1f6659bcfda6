/** Waiting for what a fault brings about: long, but not for ever. */

export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));

/** Nothing that a fault is to bring about takes near as long on a machine that is busy with more. */
const HANG_MS = 120_000;

export class Hang extends Error {}

/** Asks again and again until the answer is yes. Fails with `Hang` when it stays no. */
export async function until(
  what: string,
  isSo: () => Promise<boolean> | boolean,
  hangMs = HANG_MS,
): Promise<void> {
  const began = Date.now();
  while (!await isSo()) {
    if (Date.now() - began > hangMs) throw new Hang(`Waited in vain for ${what}`);
    await sleep(20);
  }
}

/** The same, for work: it goes on for as long as `progress` changes. */
export async function untilDone(
  what: string,
  isSo: () => Promise<boolean> | boolean,
  progress: () => number,
  stallMs = 60_000,
): Promise<void> {
  let seen = progress();
  let since = Date.now();
  while (!await isSo()) {
    const now = progress();
    if (now !== seen) {
      seen = now;
      since = Date.now();
    }
    if (Date.now() - since > stallMs) throw new Hang(`Nothing goes on, but not yet ${what}`);
    await sleep(20);
  }
}

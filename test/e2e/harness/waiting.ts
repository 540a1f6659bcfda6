/** Waiting with one generous bound: nothing in a correct run comes near it, it turns a hang into a failure. */

export const HANG_MS = 60_000;

/** Fails, with what `describe` says, a wait that has become a hang. */
export function withinHangBound<T>(wait: Promise<T>, describe: () => string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hang = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(describe())), HANG_MS);
  });
  return Promise.race([wait, hang]).finally(() => clearTimeout(timer));
}

/** Asks again and again until the answer is yes; for what only a question can tell. */
export async function until(
  what: string | (() => string),
  isSo: () => Promise<boolean> | boolean,
): Promise<void> {
  const describe = () => `Waited in vain for ${typeof what === "string" ? what : what()}`;
  let givenUp = false;
  const asking = async () => {
    while (!givenUp && !await isSo()) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  try {
    await withinHangBound(asking(), describe);
  } finally {
    givenUp = true;
  }
}

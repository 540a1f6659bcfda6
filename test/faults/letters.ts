/** What workers said of dead letters against what their topic holds. Pure. */
import { type DeadLetter, type Evidence, place, some } from "./evidence.ts";
import type { ReadRecord } from "./reader.ts";

/** A killed worker cannot say any more that a letter of its own, sent so long before, was acknowledged. */
const NEAR_MS = 10_000;

/** `dead` are those that were told and have their letter: nothing else counts as given up. */
export function matchLetters(
  { dead, disturbed, kills, letters }: Evidence,
): { dead: DeadLetter[]; violations: string[] } {
  const untold = new Map<string, DeadLetter[]>();
  for (const letter of letters.toSorted((a, b) => a.at - b.at)) {
    const list = untold.get(place(letter)) ?? [];
    untold.set(place(letter), list);
    list.push(letter);
  }
  const found: DeadLetter[] = [];
  const missing: DeadLetter[] = [];
  for (const event of dead.toSorted((a, b) => a.at - b.at)) {
    const sent = untold.get(place(event)) ?? [];
    const at = sent.findLastIndex((letter) => letter.at <= event.at);
    if (at < 0) missing.push(event);
    else {
      sent.splice(at, 1);
      found.push(event);
    }
  }
  // One that was sent again, since its answer did not come, may be there twice.
  const strange = disturbed
    ? []
    : [...untold.values()].flat().filter(({ at }) =>
      !kills.some((kill) => kill.at >= at && kill.at - at <= NEAR_MS)
    );
  const violations: string[] = [];
  if (missing.length > 0) {
    violations.push(
      `${missing.length} were said to be dead, without a letter: ${some(missing.map(place))}`,
    );
  }
  if (strange.length > 0) {
    violations.push(
      `${strange.length} letters that no worker told of: ${some(strange.map(place))}`,
    );
  }
  return { dead: found, violations };
}

/** Which record it is the letter of, as its header says. */
export function readLetter({ headers = [], timestamp = -1 }: ReadRecord): DeadLetter {
  for (const header of headers) {
    const [name, value] = Object.entries(header)[0]!;
    if (name !== "taskc-origin") continue;
    const [offset, partition] = String(value).split("/").toReversed();
    return { partition: Number(partition), offset: Number(offset), at: timestamp };
  }
  throw new Error("A dead letter without an origin");
}

import { readDuration } from "../core/duration.ts";
import { BadValue } from "./bad_value.ts";

export { DURATION_EXAMPLES, formatDuration } from "../core/duration.ts";

/** Milliseconds of a duration such as `30s`; see `readDuration`. Throws `BadValue`. */
export function parseDuration(text: string): number {
  const read = readDuration(text);
  if ("problem" in read) throw new BadValue(read.problem);
  return read.ms;
}

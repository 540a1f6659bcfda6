/**
 * A value that an option's parser refuses. The message is a clause that continues "Cannot use
 * --concurrency "0": …"; whoever knows where the value came from makes the sentence.
 */
export class BadValue extends Error {
  override readonly name = "BadValue";
}

/** Quotes a value for a message, cut to 60 characters, with control characters written as escapes. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 62 ? text : `${text.slice(0, 58)}…${text.startsWith('"') ? '"' : ""}`;
}

/** A whole number as people read it: `1,000,000`. (`Intl` would cost each start 3 ms.) */
export function formatWhole(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

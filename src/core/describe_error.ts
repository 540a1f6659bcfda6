/** Name, message and stack of whatever was thrown. */
export function describeError(error: unknown): { name: string; message: string; stack: string } {
  try {
    if (error instanceof Error) {
      return {
        name: String(error.name),
        message: String(error.message),
        stack: error.stack === undefined ? "" : String(error.stack),
      };
    }
    return { name: typeof error, message: String(error), stack: "" };
  } catch {
    // A thrown object may fail even to become a string.
    return { name: typeof error, message: "an error that cannot be shown", stack: "" };
  }
}

/** A longer line of a stack is no place; the search would take a time that grows with its square. */
const LONGEST_PLACE = 1000;

const ABSOLUTE = /(?:^|[ (])(?:file:\/\/)?\/(?!\$bunfs\/)/;

/** The error in one line, with the first place in the user's own code: `TypeError: … (tasks.ts:3:9)`. */
export function describeFailedAttempt(error: unknown): string {
  const { name, message, stack } = describeError(error);
  const text = name === "Error" || name === typeof error ? message : `${name}: ${message}`;
  return text + placeIn(stack.split("\n"));
}

/** ` (tasks.ts:3:9)`, the first place in the user's own code, or nothing. */
export function placeIn(stack: readonly string[]): string {
  // Frames of the executable itself are under /$bunfs/, or relative to where it was built.
  const lines = stack.filter(({ length }) => length <= LONGEST_PLACE);
  const place = lines.map((line) => /([^\s/(]+\.[cm]?[jt]sx?:\d+:\d+)\)?$/.exec(line))
    .find((match) => match !== null && ABSOLUTE.test(match.input));
  return place ? ` (${place[1]})` : "";
}

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

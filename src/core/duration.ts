/** Durations as people write them: `500ms`, `30s`, `5m`, `2h`, `1d`. */

const UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;

const DURATION = /^(\d+(?:\.\d+)?)\s?(ms|s|m|h|d)$/;

export const DURATION_EXAMPLES = '"500ms", "30s", "5m", "2h" or "1d"';

/**
 * Reads a duration such as `500ms`, `30s`, `5m`, `2h`, `1d` or `1.5h`.
 *
 * The result is a whole number of milliseconds, at most `Number.MAX_SAFE_INTEGER`, or the reason why the
 * text is none. A number without a unit is refused, since readers guess both seconds and milliseconds.
 */
export function readDuration(text: string): { ms: number } | { problem: string } {
  const trimmed = text.trim();
  const match = DURATION.exec(trimmed);
  if (match === null) {
    const problem = /^\d+(\.\d+)?$/.test(trimmed) && trimmed.length <= 15
      ? `it needs a unit, such as "${trimmed}s" or "${trimmed}ms"`
      : `it must be a duration such as ${DURATION_EXAMPLES}`;
    return { problem };
  }
  const unit = match[2] as keyof typeof UNITS;
  const product = Number(match[1]) * UNITS[unit];
  const ms = Math.round(product);
  if (!Number.isSafeInteger(ms)) return { problem: "it is longer than any clock can count" };
  // 1.1s is 1100.0000000000002 in floating point, so what counts as whole needs a tolerance.
  if (Math.abs(product - ms) > 4 * Number.EPSILON * Math.max(1, product)) {
    return { problem: "it is not a whole number of milliseconds" };
  }
  return { ms };
}

/** Writes whole milliseconds in the largest unit that needs no fraction; `readDuration` reads it back. */
export function formatDuration(ms: number): string {
  for (const [unit, size] of Object.entries(UNITS)) {
    if (ms % size === 0 && ms >= size) return `${ms / size}${unit}`;
  }
  return `${ms}ms`;
}

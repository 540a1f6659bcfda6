import { BadValue } from "./bad_value.ts";

const UNITS: Record<string, number> = {
  tib: 1024 ** 4,
  tb: 1000 ** 4,
  gib: 1024 ** 3,
  gb: 1000 ** 3,
  mib: 1024 ** 2,
  mb: 1000 ** 2,
  kib: 1024,
  kb: 1000,
  b: 1,
};

const NAMES: Record<string, string> = {
  tib: "TiB",
  tb: "TB",
  gib: "GiB",
  gb: "GB",
  mib: "MiB",
  mb: "MB",
  kib: "KiB",
  kb: "KB",
};

const BYTE_SIZE = /^(\d+(?:\.\d+)?)\s?([kmgt]i?b|b)?$/i;

/**
 * Reads a size such as `256MiB`, `64KB`, `1.5GiB` or `1048576` (bytes).
 *
 * KiB, MiB, GiB, TiB are powers of 1024; KB, MB, GB, TB powers of 1000; case does not matter. A bare
 * `256M` is refused, since programs disagree on what it means. Throws `BadValue`.
 */
export function parseByteSize(text: string): number {
  const trimmed = text.trim();
  const match = BYTE_SIZE.exec(trimmed);
  if (match === null) {
    const bare = /^(\d{1,12}(?:\.\d+)?)\s?([kmgt])$/i.exec(trimmed);
    if (bare !== null) {
      const letter = bare[2]!.toUpperCase();
      throw new BadValue(
        `"${letter}" alone can mean two sizes; write "${bare[1]}${letter}iB" or "${
          bare[1]
        }${letter}B"`,
      );
    }
    throw new BadValue('it must be a size such as "256MiB", "64KB" or a number of bytes');
  }
  const bytes = Number(match[1]) * UNITS[(match[2] ?? "b").toLowerCase()]!;
  if (bytes > Number.MAX_SAFE_INTEGER) throw new BadValue("it is larger than any memory");
  const whole = Math.round(bytes);
  // 1.1KB is 1100.0000000000002 in floating point, so what counts as whole needs a tolerance.
  if (Math.abs(bytes - whole) > 4 * Number.EPSILON * Math.max(1, bytes)) {
    throw new BadValue("it is not a whole number of bytes");
  }
  return whole;
}

/** Writes bytes in the largest unit that needs no fraction; `parseByteSize` reads it back. */
export function formatByteSize(bytes: number): string {
  let best = `${bytes}B`;
  for (const [unit, name] of Object.entries(NAMES)) {
    const size = UNITS[unit]!;
    if (bytes >= size && bytes % size === 0) {
      const text = `${bytes / size}${name}`;
      if (text.length < best.length) best = text;
    }
  }
  return best;
}

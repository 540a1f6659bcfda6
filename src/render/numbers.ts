/** Figures as people read them: three significant digits and a unit. */

const COUNT_UNITS = ["", "k", "M", "G", "T", "P", "E"];
const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Exact below 10,000, then `12.3k`, `1.23M`. At most six characters up to 999 E. */
export function formatCount(count: number): string {
  if (!Number.isFinite(count)) return "?";
  if (Math.abs(count) < 9_999.5) return String(Math.round(count));
  let value = count;
  let unit = 0;
  // 999.5 would be written as 1000 of this unit.
  while (Math.abs(value) >= 999.5 && unit < COUNT_UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const size = Math.abs(value);
  return `${value.toFixed(size < 9.995 ? 2 : size < 99.95 ? 1 : 0)}${COUNT_UNITS[unit]}`;
}

/** All digits, in groups of three: `1,204,311`. */
export function formatExact(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `0/s`, `3.4/s`, `712/s`, `12.3k/s`. */
export function formatRate(perSecond: number): string {
  if (perSecond > 0 && perSecond < 0.05) return "<0.1/s";
  if (perSecond > 0 && perSecond < 9.95) return `${perSecond.toFixed(1)}/s`;
  return `${formatCount(perSecond)}/s`;
}

/** Bytes in powers of 1024: `512 B`, `1.2 GiB`, `89 MiB`. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return "?";
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 1023.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 9.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${BYTE_UNITS[unit]}`;
}

/**
 * Milliseconds as `250 µs`, `12.5 ms`, `5.0 s`, `4m 12s`, `3h 07m`, `2d 04h`. `microsecond` is the unit's
 * name, for terminals without `µ`.
 */
export function formatDuration(ms: number, microsecond = "µs"): string {
  if (!Number.isFinite(ms)) return "?";
  const value = Math.max(0, ms);
  if (value === 0) return "0 ms";
  if (value < 0.9995) return `${Math.max(1, Math.round(value * 1000))} ${microsecond}`;
  if (value < 9.995) return `${value.toFixed(2)} ms`;
  if (value < 99.95) return `${value.toFixed(1)} ms`;
  if (value < 999.5) return `${Math.round(value)} ms`;
  if (value < 99.95 * SECOND) return `${(value / SECOND).toFixed(1)} s`;
  return formatAge(value);
}

/** An age or uptime in whole units, which are passed, not rounded: `42s`, `4m 12s`, `3h 07m`, `2d 04h`. */
export function formatAge(ms: number): string {
  if (!Number.isFinite(ms)) return "?";
  const value = Math.max(0, ms);
  const seconds = Math.floor(value / SECOND);
  if (value < MINUTE) return `${seconds}s`;
  if (value < HOUR) return `${Math.floor(seconds / 60)}m ${pad(seconds % 60)}s`;
  if (value < DAY) return `${Math.floor(value / HOUR)}h ${pad(Math.floor(value % HOUR / MINUTE))}m`;
  if (value >= 100 * DAY) return `${Math.floor(value / DAY)}d`;
  return `${Math.floor(value / DAY)}d ${pad(Math.floor(value % DAY / HOUR))}h`;
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}

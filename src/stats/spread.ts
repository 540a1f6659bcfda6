/** How far measurements of one thing lie apart. Pure. */

export interface Spread {
  min: number;
  median: number;
  max: number;
}

/** The median of an even number of values is the mean of the two in the middle. At least one value. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
  return { min: sorted[0]!, median, max: sorted.at(-1)! };
}

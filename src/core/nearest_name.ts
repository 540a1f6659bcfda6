import { distance } from "fastest-levenshtein";

/** So many letters of a name's beginning stand for it. */
const LEAST_BEGINNING = 3;

/**
 * The candidate that a mistyped name most likely meant, or `undefined` when none is close: at most 40 %
 * of the longer name may differ, where two neighbours that have changed places are one difference. A name that was
 * cut short counts as one difference. Case is ignored.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let leastApart = Infinity;
  for (const candidate of candidates) {
    const other = candidate.toLowerCase();
    const edits = editsBetween(wanted, other);
    // One that begins with it comes behind all that are one letter away.
    const apart = isBeginning(wanted, other) ? Math.min(edits, 1 + edits / 1000) : edits;
    if (apart <= 0.4 * Math.max(wanted.length, candidate.length) && apart < leastApart) {
      best = candidate;
      leastApart = apart;
    }
  }
  return best;
}

function isBeginning(text: string, name: string): boolean {
  return name.startsWith(text) && text.replace(/^-+/, "").length >= LEAST_BEGINNING;
}

function editsBetween(a: string, b: string): number {
  const edits = distance(a, b);
  if (edits !== 2 || a.length !== b.length) return edits;
  const at = [...a].findIndex((letter, index) => letter !== b[index]);
  const swapped = a[at] === b[at + 1] && a[at + 1] === b[at];
  return swapped ? 1 : edits;
}

/** `; did you mean "…"?` for the end of a message, or nothing. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const nearest = nearestName(name, candidates);
  return nearest === undefined ? "" : `; did you mean "${nearest}"?`;
}

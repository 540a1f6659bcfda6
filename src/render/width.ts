/** Text measured and cut in terminal columns. Colours come later: these take plain text. */
import stringWidth from "string-width";

const segmenter = new Intl.Segmenter();
/** ASCII and the panel's own glyphs: a column each, known without a look at the tables of Unicode. */
const NARROW = /^[\x20-\x7e·µ…─●▲\u2580-\u2593]*$/;

/** Columns that a terminal uses for the text. */
export function measure(text: string): number {
  return NARROW.test(text) ? text.length : stringWidth(text);
}

/** At most `width` columns; what is cut off is marked by `ellipsis`. Never splits a character. */
export function cut(text: string, width: number, ellipsis = "…"): string {
  if (width <= 0) return "";
  if (measure(text) <= width) return text;
  const room = width - ellipsis.length;
  if (room < 0) return ellipsis.slice(0, width);
  if (NARROW.test(text)) return text.slice(0, room) + ellipsis;
  let kept = "";
  for (const { segment } of segmenter.segment(text)) {
    // Measured as a whole: a character's columns can depend on the one before it.
    if (measure(kept + segment) > room) break;
    kept += segment;
  }
  return kept + ellipsis;
}

/** As `cut`, but in the middle: names that begin alike differ at their ends. */
export function cutMiddle(text: string, width: number, ellipsis = "…"): string {
  if (measure(text) <= width) return text;
  const room = width - ellipsis.length;
  if (room < 4) return cut(text, width, ellipsis);
  if (NARROW.test(text)) {
    const tail = Math.floor(room * 0.45);
    return text.slice(0, room - tail) + ellipsis + text.slice(text.length - tail);
  }
  const segments = Array.from(segmenter.segment(text), ({ segment }) => segment);
  let tail = "";
  while (segments.length > 0 && measure(segments.at(-1)! + tail) <= Math.floor(room * 0.45)) {
    tail = segments.pop()! + tail;
  }
  return cut(segments.join(""), width - measure(tail), ellipsis) + tail;
}

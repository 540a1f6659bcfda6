/** Text measured, cut and padded in terminal columns. Colours come later: these take plain text. */
import stringWidth from "string-width";

const segmenter = new Intl.Segmenter();
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;

/** Columns that a terminal uses for the text. */
export function measure(text: string): number {
  return stringWidth(text);
}

/** At most `width` columns; what is cut off is marked by `ellipsis`. Never splits a character. */
export function cut(text: string, width: number, ellipsis = "…"): string {
  if (width <= 0) return "";
  if (PRINTABLE_ASCII.test(text)) {
    if (text.length <= width) return text;
  } else if (measure(text) <= width) return text;
  const room = width - ellipsis.length;
  if (room < 0) return ellipsis.slice(0, width);
  let kept = "";
  for (const { segment } of segmenter.segment(text)) {
    // Measured as a whole: a character's columns can depend on the one before it.
    if (measure(kept + segment) > room) break;
    kept += segment;
  }
  return kept + ellipsis;
}

/** Exactly `width` columns: cut or filled with spaces. */
export function fit(
  text: string,
  width: number,
  align: "left" | "right" = "left",
  ellipsis = "…",
): string {
  const kept = cut(text, width, ellipsis);
  const fill = " ".repeat(Math.max(0, width - measure(kept)));
  return align === "left" ? kept + fill : fill + kept;
}

/** Issues of a Standard Schema as one line of text. */
import type { StandardSchemaV1 } from "@standard-schema/spec";

/** `width: expected number, received string; id: …`, at most five issues. */
export function describeSchemaIssues(issues: readonly StandardSchemaV1.Issue[]): string {
  const shown = issues.slice(0, 5).map((issue) => {
    const path = (issue.path ?? []).map((part) =>
      String(typeof part === "object" ? part.key : part)
    ).join(".");
    return path === "" ? issue.message : `${path}: ${issue.message}`;
  });
  if (issues.length > shown.length) shown.push(`and ${issues.length - shown.length} more`);
  return shown.join("; ");
}

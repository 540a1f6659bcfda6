/** How much waits for a group, by where it stands and where the partitions end. */
import type { PartitionOffsets } from "../kafka/group_offsets.ts";

/** Offsets that the group will get, of one partition. Without a commit it begins at the start. */
export function backlogOf({ start, end, committed }: PartitionOffsets): number {
  return Math.max(0, end - Math.max(start, committed));
}

/** The same of all. */
export function backlogOfAll(offsets: readonly PartitionOffsets[]): number {
  return offsets.reduce((sum, one) => sum + backlogOf(one), 0);
}

/** What is still known of a partition after it was lost: the messages that this process has finished. */
import type { OffsetRange } from "../core/offset_tracker.ts";
import { type LostWork, resume, resumeAfterLoss, type Resumption } from "../core/resumption.ts";
import type { Standing } from "../kafka/ports.ts";
import type { Incarnation } from "./commit_state.ts";
import type { Partition } from "./partition.ts";

export class LostPartition {
  readonly #committed: number;
  readonly #takeovers: number;
  readonly #incarnation: Incarnation;
  readonly #epoch: number;
  readonly #finished: readonly OffsetRange[];
  /** Grows as attempts that were under way at the loss still succeed. */
  readonly #finishedLate: readonly number[];

  constructor({ commits, finishedLate, tracker }: Partition) {
    this.#committed = commits.offset;
    this.#takeovers = commits.takeovers;
    this.#incarnation = commits.incarnation;
    this.#epoch = commits.epoch;
    this.#finished = [{ from: commits.offset, to: tracker.watermark }, ...tracker.finishedRuns()];
    this.#finishedLate = finishedLate;
  }

  get work(): LostWork {
    const late = this.#finishedLate.map((offset) => ({ from: offset, to: offset + 1 }));
    return {
      committed: this.#committed,
      takeovers: this.#takeovers,
      incarnation: this.#incarnation,
      epoch: this.#epoch,
      finished: [...this.#finished, ...late],
    };
  }
}

/** Where work on an assigned partition begins, also one that this process has lost before. */
export function resumeKnowing(standing: Standing, lost: LostPartition | undefined): Resumption {
  return lost ? resumeAfterLoss(standing, lost.work) : resume(standing);
}

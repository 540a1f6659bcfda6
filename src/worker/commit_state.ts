/**
 * What is known of one partition's commits: what the broker has confirmed, what is on its way, and what
 * has changed since. A commit says more than an offset (core/commit_metadata.ts), so there may be something
 * to commit although the watermark stands.
 */
import { type CommitHeader, encodeMetadata, UNKNOWN_INCARNATION } from "../core/commit_metadata.ts";
import { untoldStarts } from "../core/caution.ts";
import type { Resumption } from "../core/resumption.ts";
import type { Execution } from "./execution.ts";
import type { OffsetTracker } from "../core/offset_tracker.ts";

/** How much of the metadata is sent: brokers may refuse it as too large. */
type Detail = "map" | "header" | "none";

interface Version {
  offset: number;
  finishes: number;
  revision: number;
  extent: number;
  uncovered: number;
  takeovers: number;
}

/** `null` for a log whose topic id is not known: a map could not be told from one of another log. */
export type Incarnation = string | null;

/** After so many commits on end that were too large with it, the map stays out. */
const MOST_SIZE_REFUSALS = 5;

const NO_ATTEMPTS: ReadonlyMap<number, number> = new Map();

export class CommitState {
  readonly #tracker: OffsetTracker<Execution>;
  /** The newest leader epoch of a message received, by this owner or one before; -1 when unknown. */
  epoch: number;
  /** Messages of the topic that were given up on end. */
  givenUp: () => number = () => 0;
  /** Failed attempts of unfinished messages, by offset. */
  readonly #attempts: Map<number, number>;
  #incarnation: Incarnation;
  /** Also what was started is to be confirmed soon: the last owner did not leave in good order. */
  eager = false;
  /** Until then a commit is repeated, whether or not there is news: an older one may land after it. */
  repeatUntil = -Infinity;
  /** The first offset that was received and is held back; `null` when all received may have started. */
  heldFrom: number | null = null;
  #takeovers: number;
  /** As long as the watermark is below, one that ended earlier owners may still be ahead. */
  readonly #suspicionEnd: number;
  #suspect: number | null = null;
  #exclusive = false;
  /** The revision that tells it. */
  #suspectSince = 0;
  #affirmedAt = 0;
  #breakerOpen = false;
  #closed = false;
  #detail: Detail = "map";
  #leaveOutMap = false;
  #sizeRefusals = 0;
  /** Grows with each change of what the metadata says beside the finished offsets. */
  #revision = 1;
  #confirmed: Version = {
    offset: -1,
    finishes: 0,
    revision: 0,
    extent: -1,
    uncovered: 0,
    takeovers: 0,
  };
  #sent: Version | null = null;

  constructor(
    tracker: OffsetTracker<Execution>,
    from: Pick<Resumption, "offset" | "takeovers" | "extent" | "epoch" | "attempts">,
    incarnation: Incarnation,
  ) {
    this.#tracker = tracker;
    this.#takeovers = from.takeovers;
    this.epoch = from.epoch;
    this.#attempts = new Map(from.attempts);
    this.#suspicionEnd = Math.max(from.extent, from.offset + untoldStarts(from.takeovers));
    this.#incarnation = incarnation;
  }

  /** Last offset that the broker confirmed in this assignment; -1 before. */
  get offset(): number {
    return this.#confirmed.offset;
  }

  /** Finished messages that would run again after a crash, for want of room in the metadata. */
  get uncovered(): number {
    return this.#confirmed.uncovered;
  }

  /** As the last confirmed commit tells them. */
  get takeovers(): number {
    return this.#confirmed.takeovers;
  }

  /** The broker has confirmed that this owner works here. */
  get opened(): boolean {
    return this.#confirmed.revision > 0;
  }

  /** Something was finished that no confirmed commit tells. */
  get behind(): boolean {
    const { finishes, watermark, finishedAbove } = this.#tracker;
    const { offset } = this.#confirmed;
    return watermark >= 0 &&
      (watermark !== offset || (finishedAbove > 0 && finishes !== this.#confirmed.finishes));
  }

  /** There is something to commit. */
  get due(): boolean {
    if (this.#tracker.watermark < 0) return false;
    return this.behind || this.#revision !== this.#confirmed.revision ||
      (this.eager && this.#extent !== this.#confirmed.extent);
  }

  get #extent(): number {
    return this.heldFrom ?? this.#tracker.position;
  }

  /** The owner leaves in good order: its next commit says so. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#revision++;
  }

  /** The message that is to run alone, or that none does; `exclusive`: with nothing at all beside it. */
  setSuspect(offset: number | null, exclusive = false): void {
    if (this.#suspect === offset && this.#exclusive === exclusive) return;
    this.#suspect = offset;
    this.#exclusive = exclusive;
    this.#suspectSince = ++this.#revision;
  }

  /** Confirmed since `affirm` was called last. */
  get affirmed(): boolean {
    return this.#confirmed.revision >= this.#affirmedAt;
  }

  /** The broker knows who runs alone. */
  get suspectConfirmed(): boolean {
    return this.#confirmed.revision >= this.#suspectSince;
  }

  set breakerOpen(open: boolean) {
    if (this.#breakerOpen === open) return;
    this.#breakerOpen = open;
    this.#revision++;
  }

  /** An attempt has failed, the message stays: the next owner is to know how many there were. */
  noteFailed(offset: number, attempts: number): void {
    this.#attempts.set(offset, attempts);
    this.#revision++;
  }

  /** Of some message there are failed attempts. */
  get knowsAttempts(): boolean {
    return this.#attempts.size > 0;
  }

  /** Failed attempts of a message, of which nothing else is known. */
  failedAttempts(offset: number): number {
    return this.#attempts.get(offset) ?? 0;
  }

  /** The message is finished, or to be tried anew by the next owner. */
  forgetAttempts(offset: number): void {
    if (this.#attempts.delete(offset)) this.#revision++;
  }

  /** Those at `offset` and above are other messages. */
  forgetAttemptsFrom(offset: number): void {
    for (const at of this.#attempts.keys()) if (at >= offset) this.#attempts.delete(at);
  }

  /** There was nothing that could have ended the earlier owners. */
  forgetTakeovers(): void {
    if (this.#takeovers === 0) return;
    this.#takeovers = 0;
    this.#revision++;
  }

  /** The broker is to confirm once more that this owner works here. */
  affirm(): void {
    this.#affirmedAt = ++this.#revision;
  }

  get incarnation(): Incarnation {
    return this.#incarnation;
  }

  set incarnation(id: Incarnation) {
    if (this.#incarnation === id) return;
    this.#incarnation = id;
    this.#revision++;
  }

  /** What to commit now; the broker's word on it is given to `confirm` or `refuse…`. */
  next(limit: number): { offset: number; metadata: string } {
    const { finishes, watermark } = this.#tracker;
    const withMap = this.#detail === "map" && !this.#leaveOutMap && this.#incarnation !== null;
    const header: CommitHeader = {
      incarnation: this.#incarnation ?? UNKNOWN_INCARNATION,
      closed: this.#closed,
      breakerOpen: this.#breakerOpen,
      takeovers: watermark < this.#suspicionEnd ? this.#takeovers : 0,
      suspect: this.#suspect !== null && this.#suspect >= watermark ? this.#suspect : null,
      exclusive: this.#exclusive,
      extent: Math.max(this.#extent, watermark),
      epoch: this.epoch,
      givenUp: this.givenUp(),
      attempts: withMap ? this.#attempts : NO_ATTEMPTS,
    };
    const total = this.#tracker.finishedAhead;
    const runs = withMap ? this.#tracker.finishedRuns() : [];
    const room = this.#detail === "none" ? 0 : limit;
    const { text, uncovered } = encodeMetadata(watermark, header, { runs, total }, room);
    this.#sent = {
      offset: watermark,
      finishes,
      revision: this.#revision,
      extent: this.#extent,
      uncovered,
      takeovers: header.takeovers,
    };
    return { offset: watermark, metadata: text };
  }

  /** The broker has stored what `next` gave last. */
  confirm(now: number): void {
    if (!this.#sent) return;
    this.#confirmed = this.#sent;
    this.#sent = null;
    if (now < this.repeatUntil && !this.#closed) this.#revision++;
    // Then what was left out is news again.
    if (this.#leaveOutMap) this.#confirmed.finishes = -1;
    else this.#sizeRefusals = 0;
    this.#leaveOutMap = false;
  }

  /** The broker takes less metadata than this. False when there was none to leave out. */
  refuseMetadata(): boolean {
    if (this.#detail === "none") return false;
    this.#detail = this.#detail === "map" ? "header" : "none";
    return true;
  }

  /** All of a commit together was too large: the next one goes without the map. */
  refuseSize(): void {
    this.#leaveOutMap = true;
    if (++this.#sizeRefusals >= MOST_SIZE_REFUSALS) this.#detail = "header";
  }
}

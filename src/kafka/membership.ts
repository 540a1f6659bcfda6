/** Whether the group has taken this member: from then on the protocol is known that both speak. */
import type { GroupProtocol } from "./group_protocol.ts";
import type { Statistics } from "./statistics.ts";

/** A coordinator that refuses a member under KIP-848 has done so by then, also on a busy machine. */
const REFUSED_WITHIN_MS = 4000;

export class Membership {
  readonly taken: Promise<void>;
  /** A rebalance came. */
  noteTaken: () => void = () => {};
  #coordinatedAtMs: number | null = null;

  constructor() {
    this.taken = new Promise((resolve) => this.noteTaken = resolve);
  }

  subscribed(): void {
    this.#coordinatedAtMs = null;
  }

  /**
   * A member that gets no partitions hears of no rebalance. Under KIP-848 nothing at all tells that it was
   * taken; but it is refused, if at all, soon after it has found the coordinator.
   */
  look(protocol: GroupProtocol, { atMs, settled, coordinatorUp }: Statistics): void {
    if (protocol === "classic") {
      if (settled) this.noteTaken();
    } else if (coordinatorUp) {
      this.#coordinatedAtMs ??= atMs;
      if (atMs - this.#coordinatedAtMs >= REFUSED_WITHIN_MS) this.noteTaken();
    }
  }
}

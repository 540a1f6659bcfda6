/** Whether the group has taken this member: from then on the protocol is known that both speak. */
import type { GroupProtocol } from "./group_protocol.ts";
import type { Statistics } from "./statistics.ts";

export class Membership {
  readonly taken: Promise<void>;
  /** A rebalance came. */
  noteTaken: () => void = () => {};
  #coordinatedLooks = 0;

  constructor() {
    this.taken = new Promise((resolve) => this.noteTaken = resolve);
  }

  subscribed(): void {
    this.#coordinatedLooks = 0;
  }

  /**
   * A member that gets no partitions hears of no rebalance. Under KIP-848 nothing at all tells that it was
   * taken; but it is refused, if at all, within the time between two statistics.
   */
  look(protocol: GroupProtocol, { settled, coordinatorUp }: Statistics): void {
    if (coordinatorUp) this.#coordinatedLooks++;
    if (protocol === "consumer" ? this.#coordinatedLooks > 1 : settled) {
      this.noteTaken();
    }
  }
}

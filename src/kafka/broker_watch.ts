/**
 * Which brokers are in trouble, from librdkafka's statistics: one change when a broker is lost or falls
 * silent, one when it is well again, and one for all of them together when none is left.
 *
 * librdkafka tells of connections that break, again and again, and nothing of a broker that is connected and
 * does not answer, until a request times out after a minute. So:
 * - a broker is lost when two looks in a row find it without a connection that it had and wants back; one
 *   that nobody needs any more is in state INIT;
 * - a broker is silent when requests have waited for its answer for `SILENT_MS`. The coordinator's own
 *   connection is excepted, since joining a group may wait for the others for minutes.
 */
import type { BrokerChange } from "./ports.ts";

export interface BrokerStatistics {
  /** `host:port`, the same for both connections to a coordinator. */
  address: string;
  /** A broker's own connection, or that of a part that it plays (the group's coordinator). */
  kind: "broker" | "coordinator";
  state: string;
  /** Requests without an answer. */
  waiting: number;
  /** Milliseconds since the last answer, -1 before the first. */
  silentMs: number;
}

/** Longer than any request of a worker waits at a broker that is well. */
export const SILENT_MS = 10_000;
const CONNECTED = new Set(["UP", "UPDATE"]);
const LOOKS_TO_BE_LOST = 2;

interface Watched {
  wasUp: boolean;
  lostLooks: number;
  told: boolean;
}

export class BrokerWatch {
  readonly #watched = new Map<string, Watched>();
  readonly #reasons = new Map<string, string>();
  #changes: BrokerChange[] = [];
  #allDown = false;

  take(): BrokerChange[] {
    return this.#changes.splice(0);
  }

  /** Why a connection failed, from librdkafka's log. */
  noteReason(address: string, reason: string): void {
    this.#reasons.set(address, reason);
  }

  /** librdkafka says that no broker is connected. */
  lostAll(text: string): void {
    if (this.#allDown) return;
    this.#allDown = true;
    const [reason = text] = this.#reasons.values();
    this.#changes.push({ up: false, broker: null, reason });
  }

  look(brokers: readonly BrokerStatistics[]): void {
    const silent = new Set(
      brokers.filter(isSilent).map(({ address }) => address),
    );
    const troubles = new Map<Watched, { broker: string; reason: string | null }>();
    let usable = 0;
    for (const broker of brokers) {
      const watched = this.#watch(broker);
      const reason = this.#troubleOf(broker, watched, silent.has(broker.address));
      troubles.set(watched, { broker: nameOf(broker), reason });
      if (reason === null && CONNECTED.has(broker.state)) usable++;
    }
    const reasons = [...troubles.values()].flatMap(({ reason }) => reason === null ? [] : [reason]);
    if (usable > 0 && this.#allDown) {
      this.#allDown = false;
      this.#changes.push({ up: true, broker: null });
      // The others were lost with it, and may be on their way back.
      for (const watched of this.#watched.values()) watched.lostLooks = 0;
      return;
    }
    if (usable === 0 && reasons.length > 0) {
      if (!this.#allDown) this.#changes.push({ up: false, broker: null, reason: reasons[0]! });
      this.#allDown = true;
    }
    if (!this.#allDown) this.#tellEach(troubles);
  }

  #tellEach(troubles: ReadonlyMap<Watched, { broker: string; reason: string | null }>): void {
    for (const [watched, { broker, reason }] of troubles) {
      if (watched.told === (reason !== null)) continue;
      // A connection on its way is neither well again nor newly lost.
      if (reason === null && watched.lostLooks > 0) continue;
      watched.told = reason !== null;
      this.#changes.push(reason === null ? { up: true, broker } : { up: false, broker, reason });
    }
  }

  #watch(broker: BrokerStatistics): Watched {
    const key = `${broker.kind} ${broker.kind === "broker" ? broker.address : ""}`;
    let watched = this.#watched.get(key);
    if (!watched) this.#watched.set(key, watched = { wasUp: false, lostLooks: 0, told: false });
    if (CONNECTED.has(broker.state)) {
      watched.wasUp = true;
      watched.lostLooks = 0;
    } else if (broker.state === "INIT") {
      watched.wasUp = false;
      watched.lostLooks = 0;
    } else if (watched.wasUp) watched.lostLooks++;
    return watched;
  }

  #troubleOf(broker: BrokerStatistics, watched: Watched, silent: boolean): string | null {
    if (watched.lostLooks >= LOOKS_TO_BE_LOST) {
      return this.#reasons.get(broker.address) ?? "the connection is lost";
    }
    if (!silent || !CONNECTED.has(broker.state)) return null;
    return `it is connected, but has not answered for more than ${SILENT_MS / 1000} s`;
  }
}

function isSilent({ kind, state, waiting, silentMs }: BrokerStatistics): boolean {
  return kind === "broker" && CONNECTED.has(state) && waiting > 0 && silentMs >= SILENT_MS;
}

function nameOf({ kind, address }: BrokerStatistics): string {
  return kind === "broker" ? address : `group coordinator (${address})`;
}

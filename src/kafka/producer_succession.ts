/**
 * One client after another: the next is opened when the current one has met a fatal error and something is
 * to be sent.
 *
 * - current is well: it is used.
 * - current is broken: a successor is opened, the first at once, each further one after a pause that doubles
 *   until one of them has delivered something. Who comes while it connects waits for it; who comes in a pause
 *   is told why.
 * - a predecessor is closed when all that it had taken has its outcome. Nothing of it is sent again here.
 */
import { KafkaError } from "../errors.ts";
import { settleWithin } from "./rdkafka.ts";

/** A client that can break for good. */
export interface Mortal {
  /** Why it is broken; `null` while it is well. */
  readonly fatal: KafkaError | null;
  /** It has delivered something. */
  readonly proven: boolean;
  /** Resolves when all that it has taken has its outcome. */
  settled(): Promise<void>;
  close(timeoutMs: number): Promise<void>;
}

/** Pause between two openings, doubling up to the second figure. */
const PAUSE_MS = [1000, 30_000] as const;
/** For a predecessor, which has nothing under way any more. */
const RETIRE_MS = 5000;

export class Succession<Client extends Mortal> {
  readonly #open: () => Promise<Client>;
  readonly #now: () => number;
  readonly #retired = new Set<Client>();
  #current: Client;
  #opening: Promise<Client> | null = null;
  #openedAt = -Infinity;
  #pauseMs = 0;
  /** Why the last opening failed, if it did. */
  #failure: unknown = null;
  #closed = false;

  constructor(first: Client, open: () => Promise<Client>, now: () => number) {
    this.#current = first;
    this.#open = open;
    this.#now = now;
  }

  get current(): Client {
    return this.#current;
  }

  /** A client that is well, at once where there is one. Throws, or rejects with, why there is none. */
  usable(): Client | Promise<Client> {
    if (this.#closed) throw new KafkaError("closed");
    if (this.#current.fatal === null) return this.#current;
    if (this.#opening) return this.#opening;
    if (this.#now() < this.#openedAt + this.#pauseMs) throw this.#failure ?? this.#current.fatal;
    return this.#opening = this.#succeed();
  }

  /** Ends within `timeoutMs`, whatever is under way. */
  close(timeoutMs: number): Promise<void> {
    this.#closed = true;
    const all = [this.#current, ...this.#retired].map((client) => client.close(timeoutMs));
    const opening = this.#opening?.then(() => {}, () => {});
    return settleWithin(timeoutMs, (done) => void Promise.all([...all, opening]).then(done, done));
  }

  async #succeed(): Promise<Client> {
    const broken = this.#current;
    const [least, most] = PAUSE_MS;
    this.#pauseMs = broken.proven && this.#failure === null
      ? least
      : Math.min(most, Math.max(least, 2 * this.#pauseMs));
    try {
      const next = await this.#open();
      if (this.#closed) {
        await next.close(0);
        throw new KafkaError("closed");
      }
      this.#current = next;
      this.#failure = null;
      this.#retire(broken);
      return next;
    } catch (error) {
      this.#failure = error;
      throw error;
    } finally {
      this.#openedAt = this.#now();
      this.#opening = null;
    }
  }

  #retire(broken: Client): void {
    this.#retired.add(broken);
    void broken.settled()
      .then(() => broken.close(RETIRE_MS))
      .finally(() => this.#retired.delete(broken));
  }
}

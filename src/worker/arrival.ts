/**
 * Partitions that were just assigned, and that are looked up before they are polled: where the group stands,
 * and how far the logs reach. Where the client would begin at another offset than is right, it is told so.
 * The brokers are asked again until they tell; meanwhile other partitions flow.
 */
import { type LostWork, resume, resumeAfterLoss, type Resumption } from "../core/resumption.ts";
import type { Consumer, Standing } from "../kafka/ports.ts";
import type { Stats } from "../stats/events.ts";
import { describeError } from "./describe_error.ts";
import type { Partition } from "./partition.ts";

const ASK_AGAIN_MS = 500;
/** The same failure is told again after so long. */
const QUIET_MS = 10_000;

/** A partition with where its work begins. */
export type Arrived = Standing & Resumption & { owned: Partition };

export class Arrival {
  readonly #partitions: readonly Partition[];
  readonly #consumer: Consumer;
  readonly #stats: Stats;
  readonly #wake: () => void;
  readonly #lostWork: (partition: Partition) => LostWork | undefined;
  #state: "asking" | "failed" | "known" | "waiting" = "asking";
  #arrived: Arrived[] = [];
  #failure: unknown = null;
  #askAt = Infinity;
  #toldAt = -Infinity;

  constructor(
    partitions: readonly Partition[],
    { consumer, stats, wake }: { consumer: Consumer; stats: Stats; wake: () => void },
    lostWork: (partition: Partition) => LostWork | undefined,
  ) {
    this.#partitions = partitions;
    this.#consumer = consumer;
    this.#stats = stats;
    this.#wake = wake;
    this.#lostWork = lostWork;
    void this.#ask();
  }

  /** When the brokers are asked again. */
  get nextDue(): number {
    return this.#state === "waiting" ? this.#askAt : Infinity;
  }

  /** Nobody waits for it any more: all of its partitions were given back or lost. */
  get isPointless(): boolean {
    return this.#partitions.every(({ leaving }) => leaving);
  }

  /** Where each begins, once that is known. */
  take(now: number): Arrived[] | null {
    if (this.#state === "failed") {
      this.#state = "waiting";
      this.#askAt = now + ASK_AGAIN_MS;
      this.#tell(now);
    } else if (this.#state === "waiting" && now >= this.#askAt) {
      this.#state = "asking";
      void this.#ask();
    }
    return this.#state === "known" ? this.#arrived : null;
  }

  async #ask(): Promise<void> {
    try {
      const wanted = this.#partitions.filter(({ leaving }) => !leaving);
      const standings = await this.#consumer.lookUp(
        wanted.map(({ topic, partition }) => ({ topic, partition })),
      );
      this.#arrived = standings.map((one, index) => this.#begin(one, wanted[index]!));
      await Promise.all(this.#arrived.map((one) => this.#correct(one)));
      this.#state = "known";
    } catch (error) {
      this.#failure = error;
      this.#state = "failed";
    }
    this.#wake();
  }

  #begin(standing: Standing, owned: Partition): Arrived {
    const lost = this.#lostWork(owned);
    return { ...standing, ...lost ? resumeAfterLoss(standing, lost) : resume(standing), owned };
  }

  /** The client begins at the commit, and at the log's start where that is out of range or missing. */
  async #correct({ owned, topic, partition, committed, offset, reset }: Arrived): Promise<void> {
    const isBegunAt = reset === null
      ? committed < 0 || offset === committed
      : reset.reason === "deleted";
    if (!owned.leaving && !isBegunAt) await this.#consumer.seek({ topic, partition }, offset);
  }

  #tell(now: number): void {
    if (now - this.#toldAt < QUIET_MS) return;
    this.#toldAt = now;
    const code = (this.#failure as { kafkaCode?: number }).kafkaCode ?? -1;
    const reason = describeError(this.#failure).message;
    this.#stats.event({
      event: "kafka-error",
      code,
      reason: `Cannot look up the group's offsets: ${reason}`,
    });
  }
}

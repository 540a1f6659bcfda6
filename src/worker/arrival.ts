/**
 * Partitions that were assigned and are looked up before that is answered: where the group stands, and how
 * far the logs reach. The brokers are asked again until they tell; meanwhile other partitions flow.
 */
import type { Consumer, Standing, TopicPartition } from "../kafka/ports.ts";
import type { Stats } from "../stats/events.ts";
import { describeError } from "./describe_error.ts";

const ASK_AGAIN_MS = 500;
/** The same failure is told again after so long. */
const QUIET_MS = 10_000;

export class Arrival {
  readonly partitions: readonly TopicPartition[];
  readonly #consumer: Consumer;
  readonly #stats: Stats;
  readonly #wake: () => void;
  #state: "asking" | "failed" | "known" | "waiting" = "asking";
  #standings: Standing[] = [];
  #failure: unknown = null;
  #askAt = Infinity;
  #toldAt = -Infinity;

  constructor(
    partitions: readonly TopicPartition[],
    { consumer, stats, wake }: { consumer: Consumer; stats: Stats; wake: () => void },
  ) {
    this.partitions = partitions;
    this.#consumer = consumer;
    this.#stats = stats;
    this.#wake = wake;
    void this.#ask();
  }

  /** When the brokers are asked again. */
  get nextDue(): number {
    return this.#state === "waiting" ? this.#askAt : Infinity;
  }

  /** The standings, once they are known. */
  take(now: number): Standing[] | null {
    if (this.#state === "failed") {
      this.#state = "waiting";
      this.#askAt = now + ASK_AGAIN_MS;
      this.#tell(now);
    } else if (this.#state === "waiting" && now >= this.#askAt) {
      this.#state = "asking";
      void this.#ask();
    }
    return this.#state === "known" ? this.#standings : null;
  }

  async #ask(): Promise<void> {
    try {
      this.#standings = await this.#consumer.lookUp(this.partitions);
      this.#state = "known";
    } catch (error) {
      this.#failure = error;
      this.#state = "failed";
    }
    this.#wake();
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

/**
 * Partitions that were just assigned, and that are looked up before they are polled: where the group stands,
 * and how far the logs reach. Where the client would begin at another offset than is right, it is told so.
 * Each begins once it is told; the brokers are asked again for the others, until they tell.
 */
import type { Resumption } from "../core/resumption.ts";
import type { Consumer, LookedUp, Standing } from "../kafka/ports.ts";
import type { Stats } from "../stats/events.ts";
import type { Clock } from "./clock.ts";
import { describeError } from "../core/describe_error.ts";
import type { Partition } from "./partition.ts";

const ASK_AGAIN_MS = 500;
/** The topic's id is waited for so long; without it the partition begins, and its commits hold no map. */
const ID_WAIT_MS = 10_000;
/** The same failure is told again after so long. */
const QUIET_MS = 10_000;

/** A partition with where its work begins. */
export type Arrived = Standing & Resumption & { owned: Partition };

export interface ArrivalParts {
  consumer: Consumer;
  stats: Stats;
  clock: Clock;
  wake: () => void;
}

export interface ArrivalBeginning {
  resume: (standing: Standing, partition: Partition) => Resumption;
  /** They were read before, so that the client may be anywhere. */
  readBefore?: boolean;
}

export class Arrival {
  readonly #consumer: Consumer;
  readonly #stats: Stats;
  readonly #wake: () => void;
  readonly #begin: ArrivalBeginning;
  /** To be looked up, or looked up again. */
  readonly #untold: Set<Partition>;
  #asking = false;
  #asks = 0;
  /** Told, and on their way to where they begin. */
  #seeking = 0;
  #arrived: Arrived[] = [];
  #failure: unknown = null;
  #askAt = Infinity;
  readonly #clock: Clock;
  readonly #idUntil: number;
  #toldAt = -Infinity;

  constructor(
    partitions: readonly Partition[],
    { consumer, stats, clock, wake }: ArrivalParts,
    begin: ArrivalBeginning,
  ) {
    this.#untold = new Set(partitions);
    this.#consumer = consumer;
    this.#stats = stats;
    this.#clock = clock;
    this.#idUntil = clock.now() + ID_WAIT_MS;
    this.#wake = wake;
    this.#begin = begin;
    void this.#ask();
  }

  /** When the brokers are asked again. */
  get nextDue(): number {
    return this.#askAt;
  }

  /** All have arrived, were given back or lost. */
  get isOver(): boolean {
    if (this.#seeking > 0 || this.#arrived.length > 0) return false;
    for (const { leaving } of this.#untold) if (!leaving) return false;
    return true;
  }

  /** Those that have arrived since the last time. */
  take(now: number): Arrived[] {
    if (now >= this.#askAt) void this.#ask();
    else if (this.#askAt === Infinity && !this.#asking && this.#untold.size > 0) {
      this.#askAt = now + ASK_AGAIN_MS;
      this.#tell(now);
    }
    return this.#arrived.splice(0);
  }

  async #ask(): Promise<void> {
    this.#askAt = Infinity;
    this.#asking = true;
    this.#asks++;
    try {
      const wanted = [...this.#untold].filter(({ leaving }) => !leaving);
      const answers = await this.#consumer.lookUp(
        wanted.map(({ topic, partition }) => ({ topic, partition })),
      );
      answers.forEach((answer, index) => this.#note(answer, wanted[index]!));
    } catch (error) {
      this.#failure = error;
    }
    this.#asking = false;
    this.#wake();
  }

  #note(answer: LookedUp, owned: Partition): void {
    if ("error" in answer) {
      this.#failure = answer.error;
      return;
    }
    // What earlier owners have finished could not be told from what is in another log.
    if (answer.incarnationProblem && this.#clock.now() < this.#idUntil) {
      this.#failure = answer.incarnationProblem;
      return;
    }
    this.#untold.delete(owned);
    const arrived = { ...answer, ...this.#begin.resume(answer, owned), owned };
    const begun = this.#isBegunAt(arrived);
    if (begun && (owned.leaving || arrived.committed >= 0)) this.#arrived.push(arrived);
    // Without a commit librdkafka pauses for 100 ms before it looks for the log's start.
    else void this.#seek(arrived, begun);
  }

  /** `optional`: the client comes there by itself too. */
  async #seek(arrived: Arrived, optional: boolean): Promise<void> {
    const { owned, topic, partition, offset } = arrived;
    this.#seeking++;
    try {
      await this.#consumer.seek({ topic, partition }, offset);
      this.#arrived.push(arrived);
    } catch (error) {
      if (optional) this.#arrived.push(arrived);
      else {
        this.#failure = error;
        this.#untold.add(owned);
      }
    }
    this.#seeking--;
    this.#wake();
  }

  /**
   * The client begins at the commit, and at the log's start where that is out of range or missing. A commit
   * that is missing later was there, perhaps, when the client began: it goes with its topic.
   */
  #isBegunAt({ owned, committed, offset, reset }: Arrived): boolean {
    if (owned.leaving) return true;
    if (this.#begin.readBefore) return false;
    if (reset !== null) return reset.reason === "deleted";
    return committed < 0 ? this.#asks === 1 : offset === committed;
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

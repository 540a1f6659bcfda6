/**
 * Dead letters that were refused and wait to be sent again, by topic. A topic that refuses is told at once,
 * then less and less often for as long as any of its letters waits, and once more when the last of them
 * has been taken: not for each letter and each try, of which there may be thousands.
 */
import type { Stats } from "../stats/events.ts";
import type { Execution } from "./execution.ts";

/** Wait before a refused dead letter is sent again, doubling up to the second figure. */
const BACKOFF_MS = [1000, 30_000] as const;
/** Between two events about the same topic, likewise. */
const TELL_MS = [10_000, 300_000] as const;

interface RefusingTopic {
  /** Letters that wait. */
  waiting: number;
  tellAt: number;
  told: number;
}

interface Refused {
  topic: string;
  times: number;
}

export class Refusals {
  readonly #stats: Stats;
  readonly #letters = new Map<Execution, Refused>();
  readonly #topics = new Map<string, RefusingTopic>();

  constructor(stats: Stats) {
    this.#stats = stats;
  }

  /** Returns how long the letter is to wait. */
  refused(execution: Execution, deadLetterTopic: string, reason: string, now: number): number {
    let letter = this.#letters.get(execution);
    let topic = this.#topics.get(deadLetterTopic);
    if (!topic) this.#topics.set(deadLetterTopic, topic = { waiting: 0, tellAt: now, told: 0 });
    if (!letter) {
      this.#letters.set(execution, letter = { topic: deadLetterTopic, times: 0 });
      topic.waiting++;
    }
    const retryInMs = doubling(BACKOFF_MS, letter.times++);
    if (now >= topic.tellAt) {
      topic.tellAt = now + doubling(TELL_MS, topic.told++);
      const { waiting } = topic;
      this.#stats.event({
        event: "dead-letter-refused",
        deadLetterTopic,
        reason,
        waiting,
        retryInMs,
      });
    }
    return retryInMs;
  }

  /** The broker has acknowledged the letter. */
  taken(execution: Execution): void {
    const topic = this.forget(execution);
    if (topic) this.#stats.event({ event: "dead-letter-accepted", deadLetterTopic: topic });
  }

  /** It is no longer ours. Returns the topic of which it was the last that waited. */
  forget(execution: Execution): string | null {
    const letter = this.#letters.get(execution);
    if (!letter) return null;
    this.#letters.delete(execution);
    const topic = this.#topics.get(letter.topic)!;
    if (--topic.waiting > 0) return null;
    this.#topics.delete(letter.topic);
    return letter.topic;
  }
}

function doubling([least, most]: readonly [number, number], times: number): number {
  return Math.min(most, least * 2 ** times);
}

/** One contender that waits for messages of a topic of its own, and what is seen of it from outside. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { CpuClock } from "../cpu_clock.ts";
import { OwnProcess } from "./article_processes.ts";
import type { PromptSender, Sending } from "./latency_sender.ts";
import { store } from "./places.ts";

/** To join its group and start the first message. */
const START_LIMIT_MS = 60_000;
/** From the last send of a round to the start of all its messages. */
const ROUND_LIMIT_MS = 10_000;

/** A message whose task has started, at `startedAt` by the clock of `now`. */
export interface Started extends Sending {
  startedAt: number;
}

export class Listener {
  readonly cpu: CpuClock;
  readonly #process: OwnProcess;
  readonly #topic: string;
  readonly #sendings = new Map<number, Sending>();
  #nextId = 0;
  #started: Started[] = [];
  #settled: () => void = () => {};

  private constructor(command: readonly string[], topic: string) {
    const folder = join(store, "latency");
    mkdirSync(folder, { recursive: true });
    this.#topic = topic;
    this.#process = new OwnProcess({
      command,
      cwd: store,
      log: join(folder, `${topic}.log`),
      environment: { BENCH_STARTS: "1" },
    }, true);
    this.cpu = new CpuClock(this.#process.pid!);
    createInterface({ input: this.#process.stdout }).on("line", (line) => this.#hear(line));
  }

  /** Resolves when its first message has started. Throws a sentence if none does in time. */
  static async start(
    command: readonly string[],
    topic: string,
    sender: PromptSender,
  ): Promise<Listener> {
    const listener = new Listener(command, topic);
    try {
      listener.send(sender);
      await listener.settle(START_LIMIT_MS);
      return listener;
    } catch (error) {
      await listener.end();
      throw error;
    }
  }

  send(sender: PromptSender): void {
    const id = this.#nextId++;
    this.#sendings.set(id, sender.send(this.#topic, id));
  }

  /** All messages since the last call, when the last of them has started; throws otherwise. */
  async settle(limitMs = ROUND_LIMIT_MS): Promise<Started[]> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`${this.#sendings.size} messages not started within ${limitMs / 1000} s`));
      }, limitMs);
    });
    try {
      const settled = new Promise<void>((resolve) => this.#settled = resolve);
      if (this.#sendings.size > 0) await Promise.race([settled, late, this.#process.failed]);
    } finally {
      clearTimeout(timer);
    }
    const started = this.#started;
    this.#started = [];
    return started;
  }

  async end(): Promise<void> {
    await this.#process.kill();
  }

  /** A line is the id of a message and when it started; others are what a client says of itself. */
  #hear(line: string): void {
    const [, id, startedAt] = /^(\d+) ([\d.]+)$/.exec(line) ?? [];
    const sending = this.#sendings.get(Number(id));
    if (sending === undefined) return;
    this.#started.push(Object.assign(sending, { startedAt: Number(startedAt) }));
    this.#sendings.delete(Number(id));
    if (this.#sendings.size === 0) this.#settled();
  }
}

/**
 * The one outside observer of the article's table: workers tell it over TCP which jobs are done, a line of ids at
 * a time, and it stamps their arrival. All contenders pay the same for it.
 *
 * One round is observed at a time. Ids rise over all rounds, so what comes late, or twice, is told from the rest.
 */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { BenchRow } from "../../src/config/bench_row.ts";

/** Milliseconds, monotonic: of this process alone, as all that is compared is stamped here. */
export const now = () => performance.now();

export interface Round extends BenchRow {
  firstId: number;
}

interface Observed {
  round: Round;
  seen: Set<number>;
  /** How many jobs of each request are not done. */
  left: number[];
  /** When the last job of each request was done. */
  doneAt: number[];
  finish: (doneAt: number[]) => void;
}

export class Observer implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #observed: Observed | null = null;
  #nextId = 0;

  private constructor() {
    this.#server = createServer((socket) => this.#listen(socket));
  }

  static async open(): Promise<Observer> {
    const observer = new Observer();
    await new Promise<void>((resolve) => observer.#server.listen(0, "127.0.0.1", resolve));
    return observer;
  }

  /** Where workers report. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Begins to observe a round of its own ids; resolves `done` with the time of each request's last job. */
  expect(row: BenchRow): { round: Round; done: Promise<number[]> } {
    const round = { ...row, firstId: this.#nextId };
    this.#nextId += row.jobs * row.requests;
    const done = new Promise<number[]>((finish) => {
      const left = Array.from({ length: row.requests }, () => row.jobs);
      this.#observed = { round, seen: new Set(), left, doneAt: [], finish };
    });
    return { round, done };
  }

  /** Jobs of the round at hand that are done. */
  get doneJobs(): number {
    return this.#observed?.seen.size ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #listen(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    // A worker that is killed resets its connection; that it ended is noticed elsewhere.
    socket.on("error", () => {});
    let rest = "";
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      const at = now();
      const lines = (rest + chunk).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        for (const id of line.split(" ")) this.#note(Number(id), at);
      }
    });
  }

  #note(id: number, at: number): void {
    const observed = this.#observed;
    if (observed === null) return;
    const { round, seen, left, doneAt } = observed;
    const request = Math.floor((id - round.firstId) / round.jobs);
    if (left[request] === undefined || seen.has(id)) return;
    seen.add(id);
    if (--left[request] > 0) return;
    doneAt[request] = at;
    if (seen.size === round.jobs * round.requests) observed.finish(doneAt);
  }
}

/** Time on a core of a process and all its threads, as the kernel's scheduler counts it. Linux only. */
import { readdirSync, readFileSync } from "node:fs";

export class CpuClock {
  readonly #tasks: string;
  /** Nanoseconds by thread. What a thread used stays when it ends: runtimes end those that idle. */
  readonly #seen = new Map<string, number>();

  constructor(pid: number) {
    this.#tasks = `/proc/${pid}/task`;
  }

  /** Never falls. Lacks what a thread used between the last call and its end. Throws when the process is gone. */
  seconds(): number {
    for (const thread of readdirSync(this.#tasks)) {
      const [onCore] = readFileSync(`${this.#tasks}/${thread}/schedstat`, "utf8").split(" ");
      this.#seen.set(thread, Number(onCore));
    }
    return this.#seen.values().reduce((sum, one) => sum + one, 0) / 1e9;
  }
}

import type { Clock } from "../../../src/worker/clock.ts";

/** Time that passes only when a test says so. */
export class FakeClock implements Clock {
  #ms = 0;

  now(): number {
    return this.#ms;
  }

  wall(): number {
    return Date.UTC(2026, 0, 1) + this.#ms;
  }

  advance(ms: number): void {
    this.#ms += ms;
  }
}

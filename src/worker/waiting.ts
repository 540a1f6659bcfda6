/**
 * Messages that this process has taken and that do not run.
 *
 * - due: one lacks nothing but a slot;
 * - delayed: for its next attempt, or for a refused dead letter to be sent again;
 * - behind: an earlier message of its key is not finished (`order: "key"`);
 * - parked: the breaker of its task is open (breakers.ts);
 * - keeping: its dead letter is written, and its key stays taken (`onDead: "block"`).
 *
 * Invariants:
 * - a message is in at most one of these places; `due` counts the first, `Holdings.waiting` the others;
 * - a key is let go with the message that holds it, and by nothing else: what was stopped keeps it;
 * - nothing of a partition that leaves is left here.
 */
import { DelayQueue } from "../core/delay_queue.ts";
import { KeyOrder } from "../core/key_order.ts";
import type { Execution } from "./execution.ts";
import type { Holdings } from "./holdings.ts";
import type { TaskState } from "./task_state.ts";

export class Waiting {
  readonly #tasks: readonly TaskState[];
  readonly #holdings: Holdings;
  readonly #delays = new DelayQueue<Execution>();
  readonly #behind = new Set<Execution>();
  readonly #keeping = new Set<Execution>();
  /** Over all tasks. */
  due = 0;

  constructor(tasks: readonly TaskState[], holdings: Holdings) {
    this.#tasks = tasks;
    this.#holdings = holdings;
  }

  /** When the first delay is over; `Infinity` when nothing is delayed. */
  get nextDue(): number {
    return this.#delays.nextDue;
  }

  // --- due

  /** Under an open breaker it is parked instead. */
  becomeDue(execution: Execution): void {
    if (execution.task.breakerOpen) return this.park(execution);
    execution.state = "due";
    execution.task.ready.push(execution);
    this.due++;
  }

  /** Starts what is due, in order, while its task has a slot. */
  startDue(hasSlot: (task: TaskState) => boolean, start: (execution: Execution) => void): void {
    if (this.due === 0) return;
    for (const task of this.#tasks) {
      let started = 0;
      try {
        while (started < task.ready.length && hasSlot(task)) {
          this.due--;
          start(task.ready[started++]!);
        }
      } finally {
        if (started > 0) task.ready.splice(0, started);
      }
    }
  }

  // --- delayed

  delay(execution: Execution, until: number): void {
    this.#holdings.enterWaiting(execution);
    this.#delays.push(until, execution);
  }

  /** Those whose delay is over become due; `send` gets the dead letters that were refused before. */
  wakeDelayed(now: number, send: (execution: Execution) => void): void {
    for (
      let execution = this.#delays.take(now);
      execution;
      execution = this.#delays.take(now)
    ) {
      this.#holdings.leaveWaiting(execution);
      if (execution.state === "refused") send(execution);
      else this.becomeDue(execution);
    }
  }

  // --- under an open breaker

  park(execution: Execution): void {
    execution.state = "parked";
    execution.task.parked.append(execution);
    this.#holdings.enterWaiting(execution);
  }

  /** The first that is parked, or `null`. */
  takeParked({ parked }: TaskState): Execution | null {
    const { first } = parked;
    if (first) this.#leaveParked(first);
    return first;
  }

  /** Its breaker has opened: what is due waits with the others. */
  parkDue(task: TaskState): void {
    this.due -= task.ready.length;
    for (const execution of task.ready.splice(0)) this.park(execution);
  }

  /** Its breaker has closed. */
  unpark(task: TaskState): void {
    for (const execution of task.parked) {
      this.#leaveParked(execution);
      this.becomeDue(execution);
    }
  }

  #leaveParked(execution: Execution): void {
    execution.task.parked.remove(execution);
    this.#holdings.leaveWaiting(execution);
  }

  // --- in the order of their keys

  /** True when a message just taken may run; otherwise it waits for the earlier ones of its key. */
  admit(execution: Execution): boolean {
    if (!execution.task.ordered) return true;
    const key = execution.batch.keyBytesText(execution.index);
    if (key === null) return true;
    execution.orderKey = key;
    if (orderOf(execution).take(key, execution)) return true;
    execution.state = "behind";
    this.#behind.add(execution);
    this.#holdings.enterWaiting(execution);
    return false;
  }

  /** Its dead letter is written: it stays unfinished, and so nothing after it of its key runs. */
  keepKey(execution: Execution): void {
    execution.state = "keeping";
    this.#keeping.add(execution);
    this.#holdings.enterWaiting(execution);
  }

  /** Gives back all that it holds; the next of its key becomes due. */
  letGo(execution: Execution): void {
    this.#holdings.release(execution);
    if (execution.orderKey === null) return;
    const next = orderOf(execution).release(execution.orderKey);
    if (!next) return;
    this.#behind.delete(next);
    this.#holdings.leaveWaiting(next);
    this.becomeDue(next);
  }

  // --- leaving

  /** Lets go of what waits on partitions that leave; `forget` is told of each that was delayed. */
  forgetLeaving(forget: (execution: Execution) => void): void {
    // Those behind others go first: a key that is let go below must not wake one that leaves.
    for (const execution of this.#behind) {
      if (!execution.partition.leaving) continue;
      this.#behind.delete(execution);
      orderOf(execution).drop(execution.orderKey!, execution);
      this.#holdings.leaveWaiting(execution);
      this.#holdings.release(execution);
    }
    for (const execution of this.#keeping) {
      if (!execution.partition.leaving) continue;
      this.#keeping.delete(execution);
      this.#holdings.leaveWaiting(execution);
      this.letGo(execution);
    }
    this.#delays.remove((execution) => {
      if (!execution.partition.leaving) return false;
      this.#holdings.leaveWaiting(execution);
      forget(execution);
      this.letGo(execution);
      return true;
    });
    for (const { parked, ready } of this.#tasks) {
      for (const execution of parked) {
        if (!execution.partition.leaving) continue;
        this.#leaveParked(execution);
        this.letGo(execution);
      }
      for (let at = ready.length - 1; at >= 0; at--) {
        const execution = ready[at]!;
        if (!execution.partition.leaving) continue;
        ready.splice(at, 1);
        this.due--;
        this.letGo(execution);
      }
    }
  }
}

/** Each task has an order of its own in each partition, also where tasks share a topic. */
function orderOf({ partition, task }: Execution): KeyOrder<Execution> {
  let order = partition.keyOrders.get(task);
  if (!order) partition.keyOrders.set(task, order = new KeyOrder());
  return order;
}

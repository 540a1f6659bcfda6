/** What the worker keeps of one task. */
import { Breaker, type BreakerPolicy } from "../core/breaker.ts";
import { LinkedList } from "../core/linked_list.ts";
import type { TaskLoad } from "../core/room.ts";
import type { Stats, TaskRecorder } from "../stats/events.ts";
import type { Task } from "../task/task.ts";
import type { Execution } from "./execution.ts";

export class TaskState implements TaskLoad {
  readonly task: Task;
  /** Its place among the tasks of the module. */
  readonly index: number;
  readonly name: string;
  readonly stats: Stats;
  readonly recorder: TaskRecorder;
  readonly limit: number;
  readonly timeoutMs: number;
  /** Messages of one key run one after another. */
  readonly ordered: boolean;
  /** Attempts within their time limit, by start: the limit is one for all, so the first is due first. */
  readonly running = new LinkedList<Execution>();
  /** Due, in order, for want of a slot. */
  readonly ready: Execution[] = [];
  readonly breaker: Breaker;
  /** What its open breaker keeps from running; the first is the next probe. */
  readonly parked = new LinkedList<Execution>();
  /** The one message that runs under an open breaker, if one does. */
  probe: Execution | null = null;
  /** Of which kind the next probe is to be. */
  nextProbe: "new" | "parked" = "parked";
  /** New messages that its breaker lets in. */
  admits: 0 | 1 | typeof Infinity = Infinity;
  /** Slots taken: the running, and those past their limit that have not settled. */
  inFlight = 0;
  /** Slots that are free again from the next turn on (slots.ts). */
  instant = 0;
  waiting = 0;

  constructor(task: Task, index: number, stats: Stats, policy: BreakerPolicy) {
    this.task = task;
    this.index = index;
    this.name = task.name;
    this.stats = stats;
    this.recorder = stats.task(task.name, task.topic);
    this.limit = task.settings.concurrency ?? Infinity;
    this.timeoutMs = task.settings.timeoutMs;
    this.breaker = new Breaker(policy);
    this.ordered = task.settings.order === "key";
  }

  /** Its breaker is open, or lets no more than probes through. */
  get breakerOpen(): boolean {
    return this.breaker.state !== "closed";
  }

  get due(): number {
    return this.ready.length;
  }
}

/** What the worker keeps of one task. */
import { LinkedList } from "../core/linked_list.ts";
import type { TaskLoad } from "../core/room.ts";
import type { TaskRecorder } from "../stats/events.ts";
import type { Task } from "../task/task.ts";
import type { Execution } from "./execution.ts";

export class TaskState implements TaskLoad {
  readonly task: Task;
  /** Its place among the tasks of the module. */
  readonly index: number;
  readonly name: string;
  readonly recorder: TaskRecorder;
  readonly limit: number;
  readonly timeoutMs: number;
  /** Messages of one key run one after another. */
  readonly ordered: boolean;
  /** Attempts within their time limit, by start: the limit is one for all, so the first is due first. */
  readonly running = new LinkedList<Execution>();
  /** Due, in order, for want of a slot. */
  readonly ready: Execution[] = [];
  /** Slots taken: the running, and those past their limit that have not settled. */
  inFlight = 0;
  waiting = 0;

  constructor(task: Task, index: number, recorder: TaskRecorder) {
    this.task = task;
    this.index = index;
    this.name = task.name;
    this.recorder = recorder;
    this.limit = task.settings.concurrency ?? Infinity;
    this.timeoutMs = task.settings.timeoutMs;
    this.ordered = task.settings.order === "key";
  }

  get due(): number {
    return this.ready.length;
  }
}

/** Which task takes which message. */
import type { Batch } from "../kafka/batch.ts";
import { encode, ENCODED } from "./message.ts";
import type { Task } from "./task.ts";

/** One topic and the tasks that are bound to it: they share its head, and so its backpressure. */
export interface Lane {
  /** Number in the poll, from 0. */
  readonly id: number;
  readonly topic: string;
  readonly tasks: readonly Task[];
  /** By `ce_type`. */
  readonly byType: ReadonlyMap<string, Task>;
  /** One of those, found without making a text of the header: mostly it is the only one. */
  readonly first: { readonly type: Uint8Array; readonly task: Task } | null;
  /** The task that takes every type, if there is one. */
  readonly any: Task | null;
}

export type Hook = (context: import("./context.ts").Context) => unknown;

export interface Hooks {
  setup?: () => unknown;
  teardown?: () => unknown;
  beforeRun?: Hook;
  afterRun?: Hook;
}

export interface TaskModule {
  /** The file, as the user wrote it. */
  readonly file: string;
  readonly tasks: readonly Task[];
  readonly hooks: Hooks;
}

/** Groups tasks by topic. The tasks' names and types are unique by now. */
export function makeLanes(tasks: readonly Task[]): Lane[] {
  const byTopic = new Map<string, Task[]>();
  for (const task of tasks) {
    const sharing = byTopic.get(task.topic);
    if (sharing) sharing.push(task);
    else byTopic.set(task.topic, [task]);
  }
  return [...byTopic].map(([topic, sharing], id) => {
    const byType = new Map<string, Task>();
    for (const task of sharing) for (const type of task.types) byType.set(type, task);
    const [known] = byType;
    const first = known ? { type: encode(known[0]), task: known[1] } : null;
    return { id, topic, tasks: sharing, byType, first, any: byType.get("*") ?? null };
  });
}

/**
 * The task for message `index`: by its `ce_type`; without one, the only task of its topic. A structured
 * CloudEvent has its type inside, which `structuredType` takes out. A string tells why there is none.
 */
export function route(
  lane: Lane,
  batch: Batch,
  index: number,
  structuredType: string | null,
): Task | string {
  const { first } = lane;
  if (first && batch.headerEquals(index, ENCODED.type, first.type)) return first.task;
  const type = batch.headerText(index, ENCODED.type) ?? structuredType;
  if (type === null) {
    if (lane.any) return lane.any;
    if (lane.tasks.length === 1) return lane.tasks[0]!;
    return `it has no ce_type, and topic "${lane.topic}" has ${lane.tasks.length} tasks`;
  }
  return lane.byType.get(type) ?? lane.any ??
    `its ce_type "${type}" names no task of this module`;
}

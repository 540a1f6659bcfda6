/** How many messages may be taken now: the decisions behind back-pressure. */

export interface TaskLoad {
  /** The task's own bound on attempts in flight; `Infinity` without one. */
  limit: number;
  inFlight: number;
  /** Next attempts that are due and only lack a slot; they go before new messages. */
  due: number;
  /** Messages taken that wait for their next attempt, for their key or for their dead letter. */
  waiting: number;
  /** A message of it may have to wait as soon as it is taken, for an earlier one of its key. */
  ordered: boolean;
  /** Messages that its breaker lets in: `Infinity` while that is closed, else 1 for a probe, or 0. */
  admits: number;
}

export interface WorkerLoad {
  limit: number;
  inFlight: number;
  due: number;
  waiting: number;
  maxWaiting: number;
  heldBytes: number;
  maxHeldBytes: number;
}

/** Messages the worker as a whole may take: 0 at the bound of slots or of bytes. */
export function workerRoom(load: WorkerLoad): number {
  if (load.heldBytes >= load.maxHeldBytes) return 0;
  return Math.max(0, load.limit - load.inFlight - load.due);
}

/**
 * Messages one topic may hand out. Tasks that share a topic share its head, so the fullest of them
 * decides. Once as many wait as may wait, topics whose tasks are waiting give nothing; others go on.
 */
export function laneRoom(tasks: readonly TaskLoad[], worker: WorkerLoad): number {
  let room = workerRoom(worker);
  const full = worker.waiting >= worker.maxWaiting;
  for (const task of tasks) {
    if (full && task.waiting > 0) return 0;
    // They take no slots while they wait, so slots alone would not bound how many are taken.
    if (task.ordered && !full) room = Math.min(room, worker.maxWaiting - worker.waiting);
    room = Math.min(room, task.limit - task.inFlight - task.due, task.admits);
  }
  return Math.max(0, room);
}

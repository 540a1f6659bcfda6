/** Decides how the rows between the panel's overview and its footer are shared. */

/** Lines for each table, titles included; 0 leaves it out. */
export interface RowPlan {
  tasks: number;
  topics: number;
  held: number;
  /** Whether there is room for empty lines between the parts. */
  gaps: boolean;
}

export interface RowNeeds {
  rows: number;
  tasks: number;
  topics: number;
}

/** A title, one row and the line that counts the others. */
const LEAST = 3;
const MOST_HELD = 3;

/**
 * Everything with empty lines between and at both ends; when that is too much, without them; when that
 * is too much, the held messages shrink to one, then tasks and topics share the rest, tasks first.
 */
export function planRows({ rows, tasks, topics }: RowNeeds): RowPlan {
  const all = {
    tasks: tasks === 0 ? 0 : tasks + 1,
    topics: topics === 0 ? 0 : topics + 1,
    held: topics === 0 ? 0 : Math.min(topics, MOST_HELD) + 1,
  };
  const needed = all.tasks + all.topics + all.held;
  const gaps = 2 + [all.tasks, all.topics, all.held].filter((lines) => lines > 0).length;
  if (needed + gaps <= rows) return { ...all, gaps: true };
  if (needed <= rows) return { ...all, gaps: false };
  const held = rows >= (tasks === 0 ? LEAST : 2 * LEAST) + 2 ? Math.min(all.held, 2) : 0;
  const rest = Math.max(0, rows - held);
  const topicsLeast = tasks === 0 || rest >= 2 * LEAST ? Math.min(all.topics, LEAST) : 0;
  const wanted = Math.max(rest - all.topics, Math.ceil(rest * 0.6));
  const forTasks = Math.max(0, Math.min(all.tasks, wanted, rest - topicsLeast));
  return { tasks: forTasks, topics: Math.min(all.topics, rest - forTasks), held, gaps: false };
}

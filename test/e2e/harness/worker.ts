/** `taskc run` on a project, under a group of its own, told as JSON. */
import { executable, Started } from "./executable.ts";
import type { StartOptions } from "./executable.ts";
import type { Project } from "./project.ts";

export class Worker extends Started {
  readonly group: string;

  constructor(folder: Project, group: string, args: readonly string[], options: StartOptions) {
    super(
      executable,
      ["run", "tasks.ts", "--group", group, "--stats", "json", ...args],
      { cwd: folder.folder, ...options },
    );
    this.group = group;
  }

  /** What it told besides figures, for the message of a failed assertion. */
  events(): string {
    const events = this.lines.stderr.filter((line) => !/"type":"(stats|summary)"/.test(line));
    return [`worker ${this.pid}:`, ...events].join("\n  ");
  }

  /** All events that it has told, in their order. */
  get told(): Record<string, unknown>[] {
    return this.lines.stderr.filter((line) => line.startsWith(`{"type":"event"`))
      .map((line) => JSON.parse(line));
  }

  /** Resolves with the first event of this name, also one told before. */
  async waitForEvent(name: string): Promise<Record<string, unknown>> {
    return JSON.parse(await this.waitForLine(new RegExp(`"event":"${name}"`)));
  }
}

/** One group per project: workers of one project share the work, and none meets another test's. */
export function groupOf(folder: Project): string {
  return folder.folder.split("/").at(-1) ?? "";
}

export function runWorker(
  folder: Project,
  args: readonly string[] = [],
  options: StartOptions = {},
): Worker {
  return new Worker(folder, groupOf(folder), args, options);
}

/** Where the design puts the messages that are given up. */
export function deadLetterTopic(group: string, origin: string): string {
  return `${group}.${origin}.dead`;
}

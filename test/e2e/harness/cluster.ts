/** Clusters of a test's own, and what scripts/kafka can do to one. */
import { execFile } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { uniqueName } from "./broker.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
/** Where scripts/test stops every cluster, should a test not come to it. */
const clusters = process.env.TASKC_TEST_CLUSTERS ?? `${root}.build/kafka`;

export interface Answer {
  code: number;
  stdout: string;
  stderr: string;
}

export class Cluster implements AsyncDisposable {
  readonly folder: string;
  /** Set for scripts/kafka beside what is set already. */
  environment: Record<string, string> = {};

  constructor(folder = `${clusters}/${uniqueName("test")}`) {
    this.folder = folder;
  }

  /** The one that scripts/test has started for all; not to be disposed of. */
  static readonly main = new Cluster(`${clusters}/main`);

  /** Starts a cluster with these arguments. */
  static async start(...args: string[]): Promise<Cluster> {
    const cluster = new Cluster();
    await cluster.do("start", ...args);
    return cluster;
  }

  /**
   * Starts a broker none of whose files can grow beyond a size: the write that would fails as on a full
   * disk does. A restart lifts the limit. Indexes alone take 10 MiB.
   */
  static async startWithFilesUpTo(mebibytes: number): Promise<Cluster> {
    const cluster = new Cluster();
    await new Promise<void>((resolve, reject) => {
      const script = `ulimit -f ${mebibytes * 1024} && exec "$0" start --dir "$1"`;
      execFile(
        "bash",
        ["-c", script, `${root}scripts/kafka`, cluster.folder],
        (error) => error ? reject(error) : resolve(),
      );
    });
    return cluster;
  }

  run(...args: string[]): Promise<Answer> {
    return new Promise((resolve) => {
      execFile(
        `${root}scripts/kafka`,
        [...args, "--dir", this.folder],
        { env: { ...process.env, ...this.environment } },
        (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
      );
    });
  }

  /** The same for what has to go well. Returns what was printed. */
  async do(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...args);
    if (code !== 0) throw new Error(`scripts/kafka ${args.join(" ")}: exit ${code}\n${stderr}`);
    return stdout.trimEnd();
  }

  /** Its bootstrap servers. */
  address(listener = "plain"): Promise<string> {
    return this.do("address", "--listener", listener);
  }

  /** The state of each broker, in their order. */
  async states(): Promise<string[]> {
    const { stdout } = await this.run("status");
    return stdout.trimEnd().split("\n").filter(Boolean).map((line) => line.split("\t")[2] ?? "");
  }

  /** Brokers of this cluster that run, whatever the script thinks. */
  processes(): string[] {
    return readdirSync("/proc").filter((pid) => /^\d+$/.test(pid)).filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(`${this.folder}/`);
      } catch {
        return false;
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run("stop");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

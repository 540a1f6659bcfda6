/** One process, seen from outside: how long it lived, its time on a core, its memory, and what it said. */
import { readdirSync, readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";

export interface ProcessOutcome {
  /** `null`: a signal ended it. */
  exitCode: number | null;
  timedOut: boolean;
  /** From before its start until its exit has been noticed. */
  seconds: number;
  /** From before its start to its first output; `null`: there was none. */
  firstOutputSeconds: number | null;
  /** Of the process and of all its children that have ended: user and system. */
  cpuSeconds: number;
  /** Resident at most, with its children; sampled, so a peak in the very end may be missed. */
  peakBytes: number;
  stdout: string;
  stderr: string;
}

interface ChildProcess {
  pid: number;
  exited: Promise<number>;
  exitCode: number | null;
  /** `undefined` where a file takes it. */
  stdout: ReadableStream<Uint8Array> | undefined;
  stderr: ReadableStream<Uint8Array>;
  kill(signal: "SIGKILL"): void;
  resourceUsage(): { cpuTime: { total: bigint } } | undefined;
}
/** As much of Bun as is used here; Node's own interface to processes tells nothing of their time on a core. */
declare const Bun: {
  file(path: string): object;
  spawn(
    command: readonly string[],
    options: {
      cwd: string;
      env: Record<string, string | undefined>;
      stdin: "ignore" | object;
      stdout: "pipe" | object;
      stderr: "pipe";
    },
  ): ChildProcess;
};

const SAMPLE_MS = 50;

let running: ChildProcess | null = null;

/** For whoever ends this process early, so that nothing is left behind. */
export function killRunning(): void {
  running?.kill("SIGKILL");
}

export interface ProcessOptions {
  cwd: string;
  env: Record<string, string | undefined>;
  timeLimitSeconds: number;
  /** The file that it reads; nothing without one. */
  input?: string;
  /** The file that takes what it prints; `stdout` of the outcome is empty then. */
  output?: string;
}

export async function runMeasured(
  command: readonly string[],
  { cwd, env, timeLimitSeconds, input, output: printed }: ProcessOptions,
): Promise<ProcessOutcome> {
  const started = performance.now();
  const child = Bun.spawn(command, {
    cwd,
    env,
    stdin: input === undefined ? "ignore" : Bun.file(input),
    stdout: printed === undefined ? "pipe" : Bun.file(printed),
    stderr: "pipe",
  });
  running = child;
  let firstOutputSeconds: number | null = null;
  const noteOutput = () => firstOutputSeconds ??= (performance.now() - started) / 1000;
  const output = Promise.all([
    child.stdout ? readText(child.stdout, noteOutput) : "",
    new Response(child.stderr).text(),
  ]);
  let peakBytes = 0;
  let timedOut = false;
  const sampling = setInterval(() => {
    peakBytes = Math.max(peakBytes, residentPeakBytes(child.pid));
  }, SAMPLE_MS);
  const limit = setTimeout(() => {
    timedOut = true;
    child.kill("SIGKILL");
  }, timeLimitSeconds * 1000);
  await child.exited;
  running = null;
  const seconds = (performance.now() - started) / 1000;
  clearInterval(sampling);
  clearTimeout(limit);
  const [stdout, stderr] = await output;
  return {
    exitCode: child.exitCode,
    timedOut,
    seconds,
    firstOutputSeconds,
    cpuSeconds: Number(child.resourceUsage()?.cpuTime.total ?? 0n) / 1e6,
    peakBytes,
    stdout,
    stderr,
  };
}

/** Why what a process has done does not count, with its last words; `null`: it has ended well. */
export function failureOf(
  { exitCode, timedOut, seconds, stdout, stderr }: ProcessOutcome,
): string | null {
  const lastWords = lastWordsOf(stderr) || lastWordsOf(stdout) || "no output";
  if (timedOut) return `no end within ${seconds.toFixed(0)} s: ${lastWords}`;
  return exitCode === 0 ? null : `exit code ${exitCode}: ${lastWords}`;
}

/** The last line that names an error, since Node.js goes on with its own version; otherwise the very last. */
function lastWordsOf(text: string): string {
  const lines = text.trimEnd().split("\n");
  return (lines.findLast((line) => /^\w*error\b/i.test(line)) ?? lines.at(-1)!).trim();
}

async function readText(
  stream: ReadableStream<Uint8Array>,
  note: () => void,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of stream) {
    note();
    text += decoder.decode(bytes, { stream: true });
  }
  return text;
}

/**
 * What the kernel has seen of a process since it runs its present program, and of its descendants. The figure
 * that comes with its exit would not do: a process that is started by a larger one inherits that one's peak.
 */
function residentPeakBytes(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const own = Number(/^VmHWM:\s*(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
    return childrenOf(pid).reduce(
      (sum, child) => sum + residentPeakBytes(child),
      own,
    );
  } catch {
    // It has just ended.
    return 0;
  }
}

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" ")
      .filter(Boolean).map(
        Number,
      )
  );
}

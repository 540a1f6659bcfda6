/**
 * `--metrics`: whether the worker is well, over HTTP, for those who start and stop it.
 *
 * - `/healthz`: 200 while the loop turns and the worker is not stalled: otherwise a restart may help;
 * - `/readyz`: 200 when it has joined its group, reaches a broker, has its topics and is not leaving.
 *
 * Both answer 503 with the reasons as JSON. A blocked event loop answers nothing, which is an answer too.
 */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { formatListenAddress, type ListenAddress } from "../config/listen_address.ts";
import { EnvironmentError } from "../errors.ts";
import type { KafkaConsumer } from "../kafka/consumer.ts";
import type { Statistics } from "../kafka/statistics.ts";
import type { WorkerEvent } from "../stats/events.ts";
import { describeStall } from "../worker/stall_watch.ts";
import type { Worker } from "../worker/worker.ts";

/** A loop that makes no turn for so long, although timers and this server run, has died. */
const LOOP_DEAD_MS = 10_000;

/**
 * Whether the worker is a member of its group. An assignment says so at once. One that is empty comes to
 * no event, and under KIP-848 not even to librdkafka's callback: then its statistics say so, some seconds
 * later. A loss ends it, and statistics from before no longer count.
 */
export class Membership {
  readonly #consumer: Pick<KafkaConsumer, "protocol" | "statistics">;
  /** Topics of the module that were deleted and are not back. */
  readonly goneTopics = new Set<string>();
  #assigned = false;
  #outdated: Statistics | null = null;

  constructor(consumer: Pick<KafkaConsumer, "protocol" | "statistics">) {
    this.#consumer = consumer;
  }

  note(event: WorkerEvent): void {
    if (event.event === "topic-gone") this.goneTopics.add(event.topic);
    if (event.event === "topic-back") this.goneTopics.delete(event.topic);
    if (event.event !== "rebalance") return;
    if (event.change === "assigned") this.#assigned = true;
    if (event.change !== "lost") return;
    this.#assigned = false;
    this.#outdated = this.#consumer.statistics;
  }

  get joined(): boolean {
    const { protocol, statistics } = this.#consumer;
    if (this.#assigned) return true;
    if (!statistics || statistics === this.#outdated) return false;
    return statistics.coordinatorUp && (protocol === "consumer" || statistics.settled);
  }
}

/** What is asked of the worker, as far as it is there. */
export interface Observed {
  worker: Pick<Worker, "beat" | "broker" | "phase" | "stall"> | null;
  membership: Pick<Membership, "joined" | "goneTopics"> | null;
}

/** Why it is not well; empty when it is. */
export function healthProblems({ worker }: Observed): string[] {
  if (!worker) return [];
  const problems: string[] = [];
  const { overdueMs } = worker.beat;
  const { stalled } = worker.stall;
  if (overdueMs >= LOOP_DEAD_MS) {
    problems.push(`the loop has not turned for ${Math.round(overdueMs / 1000)} s`);
  }
  if (stalled) problems.push(describeStall(stalled, stalled.forMs));
  return problems;
}

/** Why it does not take work; empty when it does. */
export function readinessProblems({ worker, membership }: Observed): string[] {
  if (!worker) return ["the worker is starting"];
  if (worker.phase !== "running") return ["the worker is leaving"];
  const problems: string[] = [];
  if (!membership?.joined) problems.push("the worker has not joined its group");
  if (worker.broker.state === "down") problems.push("no broker can be reached");
  for (const topic of membership?.goneTopics ?? []) problems.push(`topic "${topic}" is gone`);
  return problems;
}

export interface HealthServer {
  /** With the port that was chosen. */
  readonly address: string;
  close(): void;
}

/** Reasons for each of the two answers; none of them when all is well. */
export interface HealthSource {
  health(): string[];
  readiness(): string[];
}

/** That of one worker. */
export function healthOf(observed: () => Observed): HealthSource {
  return {
    health: () => healthProblems(observed()),
    readiness: () => readinessProblems(observed()),
  };
}

/** Listens, or throws an `EnvironmentError` that says why it cannot. */
export async function serveHealth(
  address: ListenAddress,
  source: HealthSource,
): Promise<HealthServer> {
  const server = createServer((request, response) => {
    // Not by `URL`, which throws at what some clients send ("//").
    const [path] = /^[^?#]*/.exec(request.url ?? "")!;
    const problems = path === "/healthz"
      ? source.health()
      : path === "/readyz"
      ? source.readiness()
      : null;
    if (request.method !== "GET" && request.method !== "HEAD") answer(response, 405);
    else if (!problems) answer(response, 404);
    else answer(response, problems.length === 0 ? 200 : 503, problems);
  });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(address.port, address.host, resolve);
    });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new EnvironmentError(
      `Cannot serve health at "${formatListenAddress(address)}": ${REASONS[code ?? ""] ?? message}`,
      { hint: "Give --metrics an address of this machine with a free port, or port 0", cause },
    );
  }
  // A client that breaks off is no concern of the worker's, nor does it keep the process alive.
  server.on("error", () => {});
  server.unref();
  const { port } = server.address() as AddressInfo;
  return {
    address: formatListenAddress({ host: address.host, port }),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "the port is in use",
  EADDRNOTAVAIL: "this machine does not have the address",
  EACCES: "the port needs more rights",
  ENOTFOUND: "the host name is not known",
};

function answer(response: ServerResponse, status: number, problems: string[] = []): void {
  const body = { status: status === 200 ? "ok" : "failing", reasons: problems };
  response.writeHead(status, {
    "content-type": "application/json",
    "cache-control": "no-store",
  });
  response.end(status === 200 || status === 503 ? `${JSON.stringify(body)}\n` : "");
}

/** Toxiproxy between workers and brokers, one proxy for each broker; what its toxics do is in its README. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { freePort } from "../../scripts/free_port.ts";
import type { Cluster } from "./cluster.ts";
import { until } from "./waiting.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Toxic {
  type: "latency" | "timeout" | "reset_peer" | "bandwidth";
  attributes: Record<string, number>;
}

export class Proxies implements AsyncDisposable {
  readonly #server: ChildProcess;
  readonly #api: string;
  readonly #names: string[];

  private constructor(server: ChildProcess, api: string, names: string[]) {
    this.#server = server;
    this.#api = api;
    this.#names = names;
  }

  static async start(cluster: Cluster): Promise<Proxies> {
    const program = execFileSync(`${root}scripts/toxiproxy`, { encoding: "utf8" }).trim();
    const port = String(await freePort());
    const server = spawn(program, ["-host", "127.0.0.1", "-port", port], { stdio: "ignore" });
    const names = cluster.brokers.map((broker) => `broker-${broker}`);
    const proxies = new Proxies(server, `http://127.0.0.1:${port}`, names);
    await until(
      "Toxiproxy",
      () => fetch(`${proxies.#api}/version`).then(({ ok }) => ok, () => false),
    );
    for (const [at, name] of names.entries()) {
      await proxies.#post("/proxies", {
        name,
        listen: cluster.proxied[at],
        upstream: cluster.behind[at],
        enabled: true,
      });
    }
    return proxies;
  }

  /** Both directions of a broker's connections, or of all brokers'. */
  async add(toxic: Toxic, broker?: number): Promise<void> {
    const names = broker === undefined ? this.#names : [this.#names[broker - 1]!];
    for (const name of names) {
      for (const stream of ["upstream", "downstream"]) {
        await this.#post(`/proxies/${name}/toxics`, { ...toxic, name: `${stream}-toxic`, stream });
      }
    }
  }

  /** Takes all toxics away. */
  async heal(): Promise<void> {
    await this.#post("/reset", {});
  }

  async #post(path: string, body: unknown): Promise<void> {
    const answer = await fetch(this.#api + path, { method: "POST", body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`Toxiproxy refuses ${path}: ${await answer.text()}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return new Promise((resolve) => {
      this.#server.once("exit", () => resolve());
      this.#server.kill("SIGKILL");
    });
  }
}

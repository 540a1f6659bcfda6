/**
 * RabbitMQ and Redis for the article's table: processes of our own, on free ports of 127.0.0.1, with their data in
 * one folder. What the system runs as services is another matter, and is not touched.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { freePort } from "../free_port.ts";
import { OwnProcess } from "./article_processes.ts";

const READY_WITHIN_MS = 60_000;
const RETRY_MS = 100;
/** Debian's command on PATH changes the user first, when root calls it. */
const RABBITMQ = "/usr/lib/rabbitmq/bin/rabbitmq-server";

export class Servers implements AsyncDisposable {
  readonly #folder: string;
  readonly #processes: OwnProcess[] = [];
  readonly #folders: string[] = [];
  #rabbitmq: Promise<string> | null = null;
  #redis: Promise<number> | null = null;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The address of a RabbitMQ that is started at the first call. */
  rabbitmq(): Promise<string> {
    return this.#rabbitmq ??= this.#startRabbitmq();
  }

  /** The port of a Redis that is started at the first call. */
  redis(): Promise<number> {
    return this.#redis ??= this.#startRedis();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#processes.toReversed()) await server.stop();
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true });
  }

  async #startRabbitmq(): Promise<string> {
    const folder = this.#makeFolder("rabbitmq");
    const [port, distribution, epmd] = [await freePort(), await freePort(), await freePort()];
    const [environmentFile, plugins] = [join(folder, "env.conf"), join(folder, "plugins")];
    // In place of those in /etc.
    writeFileSync(environmentFile, "");
    writeFileSync(plugins, "[].\n");
    const erlang = { ERL_EPMD_ADDRESS: "127.0.0.1", ERL_EPMD_PORT: String(epmd) };
    // RabbitMQ would start one that stays.
    this.#start(["epmd"], { folder, environment: erlang, name: "epmd" });
    const server = this.#start([RABBITMQ], {
      folder,
      name: "rabbitmq",
      environment: {
        ...erlang,
        // Erlang keeps its cookie there.
        HOME: folder,
        RABBITMQ_CONF_ENV_FILE: environmentFile,
        RABBITMQ_CONFIG_FILE: join(folder, "rabbitmq"),
        RABBITMQ_ADVANCED_CONFIG_FILE: join(folder, "advanced"),
        RABBITMQ_ENABLED_PLUGINS_FILE: plugins,
        RABBITMQ_NODENAME: `article-${port}@localhost`,
        RABBITMQ_NODE_IP_ADDRESS: "127.0.0.1",
        RABBITMQ_NODE_PORT: String(port),
        RABBITMQ_DIST_PORT: String(distribution),
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "-kernel inet_dist_use_interface {127,0,0,1}",
        RABBITMQ_MNESIA_BASE: join(folder, "mnesia"),
        RABBITMQ_GENERATED_CONFIG_DIR: join(folder, "config"),
        RABBITMQ_LOG_BASE: folder,
        RABBITMQ_PID_FILE: join(folder, "pid"),
      },
    });
    await Promise.race([waitForAnswer(port, "AMQP\0\0\x09\x01"), server.failed]);
    return `amqp://guest:guest@127.0.0.1:${port}//`;
  }

  async #startRedis(): Promise<number> {
    const folder = this.#makeFolder("redis");
    const port = await freePort();
    const settings = { bind: "127.0.0.1", port, dir: folder, save: "", appendonly: "no" };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const server = this.#start(["redis-server", ...args], { folder, name: "redis" });
    await Promise.race([waitForAnswer(port, "PING\r\n"), server.failed]);
    return port;
  }

  /** Of one server's data, which goes with it. */
  #makeFolder(name: string): string {
    const folder = join(this.#folder, name);
    mkdirSync(folder, { recursive: true });
    this.#folders.push(folder);
    return folder;
  }

  #start(
    command: string[],
    { folder, name, environment = {} }: {
      folder: string;
      name: string;
      environment?: Record<string, string>;
    },
  ): OwnProcess {
    const log = join(this.#folder, `${name}.log`);
    const server = new OwnProcess({ command, environment, cwd: folder, log });
    this.#processes.push(server);
    return server;
  }
}

/** Resolves when the server answers to what a client says first. */
async function waitForAnswer(port: number, greeting: string): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (!await answers(port, greeting)) {
    if (performance.now() > deadline) throw new Error(`Nothing answers on port ${port}`);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

function answers(port: number, greeting: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const end = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.on("connect", () => socket.write(greeting, "latin1"));
    socket.on("data", () => end(true));
    socket.on("error", () => end(false));
    socket.on("close", () => end(false));
  });
}

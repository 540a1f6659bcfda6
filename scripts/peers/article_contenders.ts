/** Who takes part in the article's table, and how each is started. */
import { join } from "node:path";
import { root, store } from "./places.ts";
import { OwnProcess } from "./article_processes.ts";
import { ClientSender, type KafkaSender, type Sender } from "./article_sender.ts";
import type { Servers } from "./article_servers.ts";

export interface Surroundings {
  brokers: string;
  kafka: KafkaSender;
  servers: Servers;
  /** Address of the observer. */
  observer: string;
  /** For logs and data. */
  folder: string;
  /** Of topics, groups and queues: a contender that is started again begins with an empty one. */
  queue: string;
}

export interface Contender {
  name: string;
  title: string;
  /** So slow where jobs wait, or where they are very many, that it takes part there in one round only. */
  slowWithIo: boolean;
  slowWithMany: boolean;
  note?: string;
  start(surroundings: Surroundings): Promise<Running>;
}

export interface Running {
  sender: Sender;
  /** Rejects when one of its processes ends by itself. */
  failed: Promise<never>;
  kill(): Promise<void>;
}

const workers = join(import.meta.dirname!, "workers");
/** Without compiled files beside the source. */
const python = [join(store, "article-python", "bin", "python"), "-B"];
/** Jobs that one process runs at once: more than any row has. */
const CONCURRENCY = 10_000;

export const CONTENDERS: readonly Contender[] = [
  {
    name: "taskc",
    title: "taskc",
    ...{ slowWithIo: false, slowWithMany: false },
    start: (surroundings) =>
      startOnKafka(surroundings, [
        ...[join(root, "dist", "taskc"), "run", join(workers, "taskc_jobs.ts")],
        ...["--brokers", surroundings.brokers, "--group", surroundings.queue],
        ...["--concurrency", String(CONCURRENCY), "--stats", "json"],
      ]),
  },
  geventLoop("before", { title: "Python loop, blocking poll", slowWithIo: true }),
  geventLoop("after", { title: "Python loop, zero-timeout poll", slowWithIo: false }),
  celery(1000, { prefetchMultiplier: 4, slowWithIo: true }),
  celery(7000, { prefetchMultiplier: 1, slowWithIo: false }),
  {
    ...{ name: "bullmq", title: "BullMQ", slowWithIo: false, slowWithMany: true },
    start: startBullmq,
  },
];

function geventLoop(
  loop: "before" | "after",
  { title, slowWithIo }: Pick<Contender, "title" | "slowWithIo">,
): Contender {
  return {
    name: `loop-${loop}`,
    title,
    slowWithIo,
    slowWithMany: false,
    start: (surroundings) =>
      startOnKafka(surroundings, [
        ...[...python, join(workers, "gevent_loop.py"), loop],
        ...[surroundings.brokers, surroundings.queue],
      ]),
  };
}

async function startOnKafka(
  { kafka, observer, folder, queue }: Surroundings,
  command: readonly string[],
): Promise<Running> {
  // The topic has to be there first: a consumer that finds none asks again only much later.
  const sender = await kafka.to(queue);
  const worker = new OwnProcess({
    ...{ command, cwd: folder, log: join(folder, `${queue}.log`) },
    environment: { ARTICLE_OBSERVER: observer, ARTICLE_TOPIC: queue },
  });
  return { sender, failed: worker.failed, kill: () => worker.kill() };
}

function celery(
  pool: number,
  { prefetchMultiplier, slowWithIo }: { prefetchMultiplier: number; slowWithIo: boolean },
): Contender {
  const args = [
    ...["-m", "celery", "-A", "celery_app", "worker", "--pool", "gevent"],
    ...["--concurrency", String(pool), "--prefetch-multiplier", String(prefetchMultiplier)],
    // All of that is talk with other workers, and there are none.
    ...["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"],
  ];
  return {
    name: `celery-${pool}`,
    title: `Celery, pool of ${pool.toLocaleString("en")}`,
    slowWithIo,
    slowWithMany: true,
    note:
      "Celery runs with broker_heartbeat=0. With gevent and its defaults, Celery 5.7.0 waits 0.1 s " +
      "after each message: 10 jobs a second, a defect that says nothing of its speed.",
    start: async (surroundings) => {
      const environment = { ARTICLE_RABBITMQ: await surroundings.servers.rabbitmq() };
      const named = [...args, "--hostname", `${surroundings.queue}@localhost`];
      return await startWithClient(surroundings, environment, {
        cwd: workers,
        worker: [...python, ...named],
        sender: [...python, join(workers, "celery_sender.py")],
      });
    },
  };
}

async function startBullmq(surroundings: Surroundings): Promise<Running> {
  const environment = { ARTICLE_REDIS_PORT: String(await surroundings.servers.redis()) };
  return await startWithClient(surroundings, environment, {
    cwd: join(store, "bullmq"),
    worker: ["node", join(workers, "bullmq_worker.mjs")],
    sender: ["node", join(workers, "bullmq_sender.mjs")],
  });
}

/** A worker, and a sender of the same project in another process. */
async function startWithClient(
  { observer, folder, queue }: Surroundings,
  ofServer: Record<string, string>,
  { cwd, worker, sender }: Record<"worker" | "sender", string[]> & { cwd: string },
): Promise<Running> {
  const start = {
    ...{ cwd, log: join(folder, `${queue}.log`) },
    environment: { ...ofServer, ARTICLE_OBSERVER: observer, ARTICLE_QUEUE: queue },
  };
  const client = await ClientSender.start({ ...start, command: sender });
  const work = new OwnProcess({ ...start, command: worker });
  const failed = Promise.race([client.failed, work.failed]);
  // It may end while nobody waits for anything of it; the next round tells.
  failed.catch(() => {});
  return {
    sender: client,
    failed,
    kill: async () => {
      await Promise.all([client.kill(), work.kill()]);
    },
  };
}

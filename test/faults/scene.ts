/**
 * One fault's surroundings: a topic of its own, a sender with a steady load, and a group for each protocol
 * that reads it. Both groups meet the same fault at the same time.
 */
import { LogReader } from "./log_reader.ts";
import { type Cluster, offsetsPartition } from "./cluster.ts";
import { deadLetterTopic, readDeadLetters } from "./dead_letter_reader.ts";
import type { Commit } from "./commit_record.ts";
import type { Observer } from "./observer.ts";
import type { Proxies } from "./proxies.ts";
import { Random } from "./random.ts";
import { type Load, Sender, type Work } from "./sender.ts";
import { decodeMetadata, MAX_METADATA } from "../../src/core/commit_metadata.ts";
import type { FinishedMap } from "./evidence.ts";
import { type Protocol, Team } from "./team.ts";
import { judge, type Verdict } from "./verdict.ts";
import { Hang, until, untilDone } from "./waiting.ts";

/** What outlives a fault. */
export interface Rig {
  cluster: Cluster;
  proxies: Proxies;
  observer: Observer;
}

export interface SceneOptions {
  name: string;
  seed: number;
  protocols: readonly Protocol[];
  /** Workers of each group at the start. */
  workers: number;
  partitions: number;
  args?: readonly string[];
  taskOptions?: string;
  /** The task takes the messages of one key one after another, and that is checked. */
  ordered?: boolean;
  broken?: boolean;
  /** When nothing goes on for so long, what is unfinished counts as lost. @default 60,000 */
  stallMs?: number;
}

export interface GroupOutcome {
  protocol: Protocol;
  verdict: Verdict;
  rebalances: number;
  /** Workers that gave up before they had joined, once all had been at their partitions. */
  restarts: number;
}

export class Scene implements AsyncDisposable {
  readonly rig: Rig;
  readonly options: SceneOptions;
  readonly random: Random;
  readonly topic: string;
  readonly sender: Sender;
  readonly log: LogReader;
  readonly teams: readonly Team[];
  /** Faults of brokers and of the network, as they are brought about. */
  brokerFaults = 0;
  networkFaults = 0;
  /** What a fault wants told beside the verdict. */
  readonly figures: Record<string, number | string> = {};

  private constructor(
    rig: Rig,
    options: SceneOptions,
    topic: string,
    { sender, log }: { sender: Sender; log: LogReader },
  ) {
    this.rig = rig;
    this.options = options;
    this.random = new Random(options.seed);
    this.sender = sender;
    this.log = log;
    this.topic = topic;
    // One coordinator for both groups, so that they meet its end together.
    const wanted = this.random.whole(0, 3);
    this.teams = options.protocols.map((protocol) => {
      let group: string;
      let salt = 0;
      do group = `${topic}-${protocol}-${salt++}`; while (offsetsPartition(group) !== wanted);
      const { args = [], broken = false, ordered = false } = options;
      const taskOptions = `${ordered ? 'order: "key",' : ""} ${options.taskOptions ?? ""}`;
      const brokers = rig.cluster.proxied;
      return new Team({ protocol, group, topic, brokers, args, taskOptions, broken });
    });
  }

  /** With all workers at their partitions, and nothing sent yet. */
  static async open(rig: Rig, options: SceneOptions): Promise<Scene> {
    const topic = `${options.name}-${options.seed}-${Date.now().toString(36)}`;
    const { partitions, seed } = options;
    await rig.cluster.createTopic(topic, partitions);
    const sender = await Sender.connect({
      brokers: rig.cluster.direct,
      topic,
      partitions,
      random: new Random(seed ^ 0x5eed),
    });
    const log = await LogReader.connect(rig.cluster.direct, topic, partitions);
    const scene = new Scene(rig, options, topic, { sender, log });
    try {
      for (const team of scene.teams) for (let n = 0; n < options.workers; n++) team.start();
      if (!options.broken) await scene.settled();
      // The brokers have just started, or have had another fault.
      for (const team of scene.teams) team.restarts = 0;
    } catch (error) {
      const told = scene.told();
      await scene[Symbol.asyncDispose]();
      throw new Error(`${error instanceof Error ? error.message : error}\n${told}`);
    }
    return scene;
  }

  /** Runs something for each group at once. */
  async each(act: (team: Team) => Promise<unknown>): Promise<void> {
    await Promise.all(this.teams.map(act));
  }

  settled(): Promise<void> {
    return this.each((team) => team.settled(this.options.partitions));
  }

  /** Resolves when each group has finished so many messages more. */
  async moreWork(messages: number): Promise<void> {
    await this.each(async (team) => {
      team.ledger.read();
      const before = team.ledger.finished.size;
      await until(`${team.title}: ${messages} more messages to finish`, () => {
        team.ledger.read();
        return team.ledger.finished.size >= before + messages;
      });
    });
  }

  load(rate: number, { keys = 300, work = mixed }: Partial<Omit<Load, "rate">> = {}): void {
    this.sender.start({ rate, keys, work });
  }

  /** Ends the load, lets all work come to its end, and judges each group. */
  async finish(): Promise<GroupOutcome[]> {
    await this.sender.stop();
    await until(
      "the log to be read",
      () => [...this.sender.ends()].every(([at, end]) => (this.log.ends.get(at) ?? 0) >= end),
    );
    const hung: string[] = [];
    await this.each(async (team) => {
      // What went wrong may have left one frozen, which would not hear that it is to end.
      for (const worker of team.running) team.wake(worker);
      const end = this.#allDone(team).catch((error) => {
        if (!(error instanceof Hang)) throw error;
        hung.push(`${team.title}: ${error.message}`);
      });
      await end;
      await Promise.all(team.running.map((worker) => team.terminate(worker)));
      team.ledger.read();
    });
    const { cluster } = this.rig;
    const letters = await Promise.all(
      this.teams.map(({ options: { group } }) =>
        readDeadLetters(cluster, deadLetterTopic(group, this.topic))
      ),
    );
    return this.teams.map((team, at) => {
      const verdict = judge({
        acknowledged: this.sender.acknowledged,
        records: this.log.records,
        lines: team.ledger.lines,
        commits: this.rig.observer.of(team.options.group, this.topic),
        kills: team.kills,
        endings: team.endings,
        changes: team.changes,
        dead: team.dead,
        letters: letters[at]!,
        restarts: team.restarts,
        ordered: this.options.ordered ?? false,
        disturbed: this.brokerFaults + this.networkFaults > 0,
        readMap,
      });
      verdict.violations.push(...hung, ...team.badEnds);
      if (this.sender.refused > 0) verdict.violations.push(`${this.sender.refused} were not sent`);
      const { changes, options: { protocol }, restarts } = team;
      return { protocol, verdict, rebalances: changes.length, restarts };
    });
  }

  told(): string {
    return this.teams.map((team) => team.told()).join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rig.proxies.heal();
    await Promise.all(this.teams.map((team) => team[Symbol.asyncDispose]()));
    await this.sender[Symbol.asyncDispose]();
    await this.log[Symbol.asyncDispose]();
    await this.rig.cluster.deleteTopic(this.topic).catch(() => {});
  }

  /** All that the sender was promised has finished, and the commits are at the ends: no lag is left. */
  async #allDone(team: Team): Promise<void> {
    const { acknowledged } = this.sender;
    const { stallMs } = this.options;
    const read = () => {
      team.ledger.read();
      return team.ledger.lines.length;
    };
    const allFinished = () => {
      if (acknowledged.size > team.ledger.finished.size + team.dead.length) return false;
      const dead = new Set(team.dead.map(({ partition, offset }) => `${partition}@${offset}`));
      return [...acknowledged].every(([id, { partition, offset }]) =>
        team.ledger.finished.has(id) || dead.has(`${partition}@${offset}`)
      );
    };
    await untilDone("all messages finished", allFinished, read, stallMs);
    const { ends } = this.log;
    const { group } = team.options;
    const committed = (partition: number) =>
      this.rig.observer.committed(group, this.topic, partition)?.offset ?? 0;
    await untilDone(
      "all committed",
      () => [...ends].every(([partition, end]) => committed(partition) === end),
      () => this.rig.observer.commits.length,
      stallMs,
    );
  }
}

/** Mostly quick, some slow, a few that fail at first. */
export function mixed(random: Random): Work {
  const kind = random.next();
  const ms = kind < 0.02 ? random.whole(500, 1500) : random.whole(5, 100);
  return kind > 0.98 ? { ms, failures: 1 } : { ms };
}

/** The map of a commit of taskc's; one that cannot be read counts as none, as it does for taskc. */
function readMap({ metadata, offset }: Commit): FinishedMap | null {
  // The client that writes it adds a NUL.
  const text = metadata.replace(/\0$/, "");
  const read = decodeMetadata(offset, text);
  if (!read || "problem" in read) return null;
  const offsets = read.finished.flatMap(({ from, to }) =>
    Array.from({ length: to - from }, (_, at) => from + at)
  );
  return { offsets, hasRoom: text.length < MAX_METADATA - 100 };
}

/**
 * The outside observer: reads the brokers' own log of commits (__consumer_offsets), without joining any
 * group. So it sees each commit that ever counted, in order, with the broker's time of it; asking for
 * the committed offset again and again would miss those in between.
 */
import { type Cluster, OFFSETS_PARTITIONS, OFFSETS_TOPIC } from "./cluster.ts";
import { type Commit, readCommit } from "./commit_record.ts";
import { closeReader, newReader, readFromStart } from "./reader.ts";

export class Observer implements AsyncDisposable {
  /** Of all groups, those of one group and partition in their order. */
  readonly commits: Commit[] = [];
  readonly #latest = new Map<string, Commit>();
  #close = () => Promise.resolve();

  private constructor() {}

  static async connect(cluster: Cluster): Promise<Observer> {
    const observer = new Observer();
    const reader = await newReader(cluster.direct, 20, ({ key, value }) => {
      const commit = readCommit(key as Uint8Array | null | undefined, value);
      if (commit) observer.#note(commit);
    });
    observer.#close = () => closeReader(reader);
    // A client with a group, though it joins none, makes the brokers create the topic.
    await cluster.commitLogReady();
    readFromStart(reader, OFFSETS_TOPIC, OFFSETS_PARTITIONS);
    return observer;
  }

  #note(commit: Commit): void {
    this.commits.push(commit);
    this.#latest.set(`${commit.group} ${commit.topic} ${commit.partition}`, commit);
  }

  /** What a group has committed of a partition; `undefined` before the first. */
  committed(group: string, topic: string, partition: number): Commit | undefined {
    return this.#latest.get(`${group} ${topic} ${partition}`);
  }

  of(group: string, topic: string): Commit[] {
    return this.commits.filter((commit) => commit.group === group && commit.topic === topic);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}

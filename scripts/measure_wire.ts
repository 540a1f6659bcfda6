/**
 * Sends messages straight over Kafka's protocol, on a connection that stays open: what a client does before a
 * message is on its way, and when it wakes for the answer, is then no part of what is measured.
 */
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import { encodeProduce } from "../test/e2e/harness/wire_format.ts";
import { now } from "./measure_rig.ts";

export class WireSender {
  readonly #socket: Socket;
  readonly #sentAt: number[] = [];
  /** Milliseconds from each send to the broker's answer. */
  readonly answeredMs: number[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    let pending = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 4 && pending.length >= 4 + pending.readInt32BE(0)) {
        pending = pending.subarray(4 + pending.readInt32BE(0));
        this.answeredMs.push(now() - this.#sentAt.shift()!);
      }
    });
  }

  /** `broker` is the leader of all partitions that are sent to. */
  static open(broker: string): Promise<WireSender> {
    const [host, port] = broker.split(":");
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), host!, () => resolve(new WireSender(socket)));
      socket.on("error", reject);
    });
  }

  /** `value` gets the time of the send. */
  send(topic: string, partition: number, value: (at: number) => unknown): void {
    const at = now();
    const records = [{ value: JSON.stringify(value(at)) }];
    this.#socket.write(encodeProduce(topic, partition, records));
    this.#sentAt.push(at);
  }

  close(): void {
    this.#socket.destroy();
  }
}

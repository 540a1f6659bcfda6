/**
 * Questions that the package asks through an admin client. That one is made of another client and uses it as it
 * is: when this is gone meanwhile, so is the memory that the question works on. So a client is closed only when
 * nothing is asked through it any more.
 */
import { KafkaError } from "../errors.ts";
import { loadRdKafka, type RdKafka, settleWithin } from "./rdkafka.ts";

export type AdminClient = ReturnType<RdKafka["AdminClient"]["createFrom"]>;

/** How a method of the admin client answers; it comes last among its arguments. */
type Callback = (...answer: unknown[]) => void;

/**
 * State: how many questions wait for their answer, and whether the client is being closed. Invariant: `#ended` is
 * set only while it is, and called when none waits.
 */
export class Questions {
  #waiting = 0;
  #closing = false;
  #ended: (() => void) | null = null;

  /** The same admin client, whose calls are counted; when its client is being closed, they throw. */
  count<Admin extends object>(admin: Admin): Admin {
    return new Proxy(admin, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== "function") return method;
        return (...args: unknown[]) => {
          if (this.#closing) throw new KafkaError("The Kafka client is being closed");
          const answer = args.pop() as Callback;
          this.#waiting++;
          try {
            method.call(target, ...args, (...result: unknown[]) => {
              this.#answered();
              answer(...result);
            });
          } catch (error) {
            this.#answered();
            throw error;
          }
        };
      },
    });
  }

  /** From now on nothing is asked. False when a question still waits after `timeoutMs`. */
  async close(timeoutMs: number): Promise<boolean> {
    this.#closing = true;
    if (this.#waiting === 0) return true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ended = new Promise<true>((resolve) => this.#ended = () => resolve(true));
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), timeoutMs);
    });
    return await Promise.race([ended, late]).finally(() => clearTimeout(timer));
  }

  #answered(): void {
    this.#waiting--;
    if (this.#waiting === 0) this.#ended?.();
  }
}

interface Asked {
  questions: Questions;
  admin: AdminClient;
}

const known = new WeakMap<object, Asked>();

/**
 * The admin client of this client. It lives as long as the client does: one that nothing refers to is collected
 * while it waits, and the answer never comes.
 */
export async function adminOf(client: object): Promise<AdminClient> {
  const rdkafka = await loadRdKafka();
  let asked = known.get(client);
  if (!asked) {
    const questions = new Questions();
    const admin = questions.count(rdkafka.AdminClient.createFrom(client as never));
    known.set(client, asked = { questions, admin });
  }
  return asked.admin;
}

/**
 * Disconnects a client when nothing is asked through it any more, all within `timeoutMs`. With a question that is
 * not answered by then it stays as it is until the process ends.
 */
export async function disconnectWithin(
  timeoutMs: number,
  client: object,
  disconnect: (leftMs: number, done: () => void) => void,
): Promise<void> {
  const until = performance.now() + timeoutMs;
  const answered = await known.get(client)?.questions.close(timeoutMs) ?? true;
  if (!answered) return;
  const leftMs = Math.max(0, until - performance.now());
  await settleWithin(leftMs, (done) => disconnect(leftMs, done));
}

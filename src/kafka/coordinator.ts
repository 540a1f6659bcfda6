/** Questions to a group's coordinator, which may be moving, loading or just coming into being. */
import { KafkaError } from "../errors.ts";

/** Kafka's COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE and NOT_COORDINATOR. */
const MOVING = new Set([14, 15, 16]);
const RETRY_FOR_MS = 8000;
const PAUSE_MS = 100;

/** Asks again while the coordinator is not ready, for at most 8 s. */
export async function retryWhileCoordinatorMoves<T>(ask: () => Promise<T>): Promise<T> {
  const until = performance.now() + RETRY_FOR_MS;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const code = error instanceof KafkaError ? error.kafkaCode : undefined;
      if (!MOVING.has(code ?? 0) || performance.now() > until) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

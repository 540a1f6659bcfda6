/** When a failed attempt is followed by another. Pure: the random number comes in as a value. */

export interface RetryPolicy {
  /** Attempts in all, the first included; 1 or more. */
  attempts: number;
  /** Milliseconds before the second attempt. */
  min: number;
  /** Upper bound of every wait, milliseconds. */
  max: number;
  /** The wait grows by this factor with each attempt; 1 or more. */
  factor: number;
  jitter: "full" | "none";
}

export const DEFAULT_RETRY_POLICY: Readonly<RetryPolicy> = {
  attempts: 5,
  min: 1000,
  max: 300_000,
  factor: 2,
  jitter: "full",
};

/**
 * Milliseconds to wait after attempt number `attempt` (from 1) has failed, or `null` when it was the
 * last. `random` is in [0, 1). With full jitter the wait is spread evenly from 0 to the exponential
 * bound ("Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
 */
export function nextDelay(policy: RetryPolicy, attempt: number, random: number): number | null {
  if (attempt >= policy.attempts) return null;
  // After enough attempts the growth is infinite, and that times zero is no number.
  const growth = policy.min === 0 ? 1 : policy.factor ** (attempt - 1);
  const bound = Math.min(policy.max, policy.min * growth);
  return Math.round(policy.jitter === "full" ? bound * random : bound);
}

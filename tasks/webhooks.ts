/**
 * Webhook delivery with retries.
 *
 * Each message is one event for one subscriber. What the subscriber answers decides what comes next:
 *
 *     2xx                      delivered
 *     410                      the subscriber is gone: discarded, and counted as such
 *     408, 425, 429, 5xx       tried again: when Retry-After says so, else by the policy below
 *     any other                a dead letter at once: the same request would get the same answer
 *     no answer in 15 s        tried again
 *
 * A delivery may arrive twice (a subscriber can fail after its work was done), so each has an
 * idempotency key that stays the same in every attempt.
 *
 *     taskc broker tasks/webhooks.ts &             # or your own Kafka, and --create-topics below
 *     export TASKC_BROKERS=127.0.0.1:33445         # the address that it printed
 *     taskc send tasks/webhooks.ts deliverWebhook \
 *       '{ "url": "https://example.org/hooks", "event": "order.paid", "data": { "order": 7 } }'
 *     taskc run tasks/webhooks.ts
 */
import { DeadLetter, Discard, RetryAfter, task, z } from "taskc";

export const deliverWebhook = task({
  schema: z.object({
    url: z.url({ protocol: /^https?$/ }),
    event: z.string().min(1),
    data: z.json(),
  }),
  concurrency: 200,
  timeout: "15s",
  retry: { attempts: 6, min: "1s", max: "5m" },
  run: async ({ url, event, data }, { id, attempt, signal, log }) => {
    const response = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "idempotency-key": id,
        "webhook-event": event,
        "webhook-attempt": String(attempt),
      },
      body: JSON.stringify(data),
      // A subscriber that moved has to say so to us, and not to each request.
      redirect: "manual",
      signal,
    });
    // Unread, an answer would hold its connection.
    const answer = (await response.text()).slice(0, 200);
    if (response.ok) return;

    const reason = `${url} answered ${response.status}: ${answer}`;
    if (response.status === 410) throw new Discard(reason);
    if (!isTemporary(response.status)) throw new DeadLetter(reason);
    const waitMs = retryAfterMs(response.headers.get("retry-after"), Date.now());
    if (waitMs === null) throw new Error(reason);
    log.info("The subscriber asks for time", { url, waitMs });
    throw new RetryAfter(waitMs, reason);
  },
});

function isTemporary(status: number): boolean {
  return status >= 500 || [408, 425, 429].includes(status);
}

/** Nobody may keep a message, and so the watermark of its partition, for longer. */
const LONGEST_WAIT_MS = 300_000;

/**
 * Milliseconds that a Retry-After header asks for, in seconds or as a date (RFC 9110, section 10.2.3);
 * `null` without one that can be read.
 */
function retryAfterMs(header: string | null, now: number): number | null {
  if (header === null) return null;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), LONGEST_WAIT_MS);
}

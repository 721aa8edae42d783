import { setTimeout as delay } from 'node:timers/promises';

/** How long to wait between tries, milliseconds. */
export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

const DEFAULT_BACKOFF: Backoff = { firstMs: 100, maxMs: 5_000 };

/** The wait before try `attempt` (1 is the first retry): doubling, with full jitter over its upper half. */
export function backoffDelay(attempt: number, { firstMs, maxMs }: Backoff, random: () => number = Math.random): number {
  const ceiling = Math.min(maxMs, firstMs * 2 ** Math.min(attempt - 1, 30));
  return ceiling / 2 + random() * (ceiling / 2);
}

interface RetryOptions {
  readonly isRetryable: (error: unknown) => boolean;
  readonly onRetry?: (error: unknown, attempt: number) => void;
  readonly signal: AbortSignal;
  readonly backoff?: Backoff;
}

/** Calls until it succeeds, fails for good, or the signal aborts (then with the signal's reason). */
export async function retry<T>(call: () => Promise<T>, options: RetryOptions): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    options.signal.throwIfAborted();
    try {
      return await call();
    } catch (error) {
      if (!options.isRetryable(error)) throw error;
      options.onRetry?.(error, attempt);
    }
    await delay(backoffDelay(attempt, options.backoff ?? DEFAULT_BACKOFF), undefined, { signal: options.signal });
  }
}

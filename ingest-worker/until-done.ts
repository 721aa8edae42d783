import { UpstreamError } from '../src/platform/errors.js';
import type { Logger } from '../src/platform/logger.js';
import { retry } from '../src/platform/retry.js';

interface UntilDoneOptions {
  /** What is being done, for the log. */
  readonly task: string;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/**
 * Calls until an upstream has done it, since a batch is neither split nor dropped for an outage. One that refuses is
 * tried again as well, for whoever mends it (a view that throws, a full disk), and reported as an error.
 * Throws any other error, and the signal's reason once it aborts.
 */
export const untilDone = <T>(call: () => Promise<T>, { task, logger, signal }: UntilDoneOptions): Promise<T> =>
  retry(call, {
    isRetryable: (error) => error instanceof UpstreamError && !signal.aborted,
    onRetry: (error, attempt) => {
      const refused = error instanceof UpstreamError && !error.retryable;
      const level = refused ? 'error' : 'warn';
      logger[level]({ error, task, attempt }, refused ? 'refused, will try again' : 'failed, will try again');
    },
    signal,
  });

import { UpstreamError } from '../src/platform/errors.js';
import type { Logger } from '../src/platform/logger.js';
import { retry } from '../src/platform/retry.js';
import type { Hold } from './hold.js';

interface UntilDoneOptions {
  /** What is being done, for the log. */
  readonly task: string;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Raised by a refusal until it is done. */
  readonly hold?: Hold | undefined;
}

/**
 * Calls until an upstream has done it, since a batch is neither split nor dropped for an outage. One that refuses is
 * tried again as well, for whoever mends it (a view that throws, a full disk), and reported as an error.
 * Throws any other error, and the signal's reason once it aborts.
 */
export async function untilDone<T>(
  call: () => Promise<T>,
  { task, logger, signal, hold }: UntilDoneOptions,
): Promise<T> {
  const result = await retry(call, {
    isRetryable: (error) => error instanceof UpstreamError && !signal.aborted,
    onRetry: (error, attempt) => {
      if (!(error instanceof UpstreamError) || error.retryable) {
        logger.warn({ error, task, attempt }, 'failed, will try again');
        return;
      }
      hold?.refused(task, error);
      logger.error({ error, task, attempt }, 'refused, held until it is mended');
    },
    signal,
  });
  hold?.done(task);
  return result;
}

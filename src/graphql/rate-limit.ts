import type { Logger } from '../platform/logger.js';
import { rateLimited } from './errors.js';

interface RateLimitOptions {
  /** Of one asker, over all gateways. */
  readonly perMinute: number;
  /** Takes requests off what an asker has left in a window that all gateways share: as many as asked for, fewer, or none. */
  readonly take: (asker: string, amount: number, windowMs: number) => Promise<Taken>;
  /** How long that may take before requests go on without it, milliseconds. */
  readonly patienceMs: number;
  readonly logger: Logger;
}

interface Taken {
  readonly granted: number;
  readonly windowEndsInMs: number;
}

/** What an asker may still ask of this gateway before the shared count is asked again. */
interface Lease {
  left: number;
  /** Whether the shared count had none left. */
  readonly isLast: boolean;
  /** End of the window, by the monotonic clock, milliseconds. */
  readonly until: number;
}

const WINDOW_MS = 60_000;
/** A lease is this part of a window's requests: so few of them ask for one, and no gateway hoards. */
const LEASES_PER_WINDOW = 1_000;
/** How often a count that did not answer is tried again, milliseconds. */
const RETRY_MS = 1_000;

/**
 * Counts requests by asker: a user's id, or the address of somebody without a token. The count is kept in Redis; a gateway
 * takes a few requests of an asker off it at a time, so that hardly any request waits for it. While Redis is away everything is let through, and nothing waits.
 */
export class RateLimit {
  readonly #leases = new Map<string, Lease>();
  readonly #asking = new Map<string, Promise<Lease | undefined>>();
  readonly #leaseSize: number;
  #isAway = false;
  #retryAt = 0;
  #sweepAt = 0;

  constructor(private readonly options: RateLimitOptions) {
    this.#leaseSize = Math.ceil(options.perMinute / LEASES_PER_WINDOW);
  }

  /** Counts one request. Fails with RATE_LIMITED where the asker has none left in this window. */
  async count(asker: string): Promise<void> {
    let lease = this.#current(asker);
    while (lease === undefined || (lease.left === 0 && !lease.isLast)) {
      if (this.#isAway) {
        this.#tryAgain(asker);
        return;
      }
      lease = await this.#ask(asker);
    }
    if (lease.left === 0) this.#refuse(lease);
    lease.left -= 1;
  }

  #refuse({ until }: Lease): never {
    const seconds = Math.max(1, Math.ceil((until - performance.now()) / 1000));
    throw rateLimited(`More than ${this.options.perMinute} requests in a minute: wait ${seconds} s.`, seconds);
  }

  #current(asker: string): Lease | undefined {
    const lease = this.#leases.get(asker);
    return lease !== undefined && lease.until > performance.now() ? lease : undefined;
  }

  /** Those who ask for one asker at a time share the answer. Undefined where there was none. */
  #ask(asker: string): Promise<Lease | undefined> {
    let asking = this.#asking.get(asker);
    if (asking === undefined) {
      asking = this.#take(asker).finally(() => this.#asking.delete(asker));
      this.#asking.set(asker, asking);
    }
    return asking;
  }

  async #take(asker: string): Promise<Lease | undefined> {
    const { take, patienceMs, logger } = this.options;
    try {
      const { granted, windowEndsInMs } = await within(patienceMs, take(asker, this.#leaseSize, WINDOW_MS));
      const lease = { left: granted, isLast: granted === 0, until: performance.now() + windowEndsInMs };
      this.#sweep();
      this.#leases.set(asker, lease);
      if (this.#isAway) logger.info('requests are counted again');
      this.#isAway = false;
      return lease;
    } catch (error) {
      if (!this.#isAway) logger.warn({ error }, 'requests cannot be counted: all are let through until they can');
      this.#isAway = true;
      this.#retryAt = performance.now() + RETRY_MS;
      return undefined;
    }
  }

  /** Nobody waits for it. */
  #tryAgain(asker: string): void {
    if (performance.now() < this.#retryAt) return;
    this.#retryAt = Number.POSITIVE_INFINITY;
    void this.#ask(asker);
  }

  /** Once a window, what has ended is forgotten. */
  #sweep(): void {
    const now = performance.now();
    if (now < this.#sweepAt) return;
    this.#sweepAt = now + WINDOW_MS;
    for (const [asker, { until }] of this.#leases) if (until <= now) this.#leases.delete(asker);
  }
}

function within<Result>(patienceMs: number, running: Promise<Result>): Promise<Result> {
  let late: NodeJS.Timeout | undefined;
  const impatience = new Promise<never>((_resolve, reject) => {
    late = setTimeout(() => reject(new Error(`no answer within ${patienceMs} ms`)), patienceMs);
  });
  return Promise.race([running, impatience]).finally(() => clearTimeout(late));
}

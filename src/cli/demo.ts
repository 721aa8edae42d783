import { setTimeout as delay } from 'node:timers/promises';
import type { UpConfig } from '../config.js';
import { UpstreamError } from '../platform/errors.js';
import type { Lifecycle } from '../platform/lifecycle.js';
import type { Logger } from '../platform/logger.js';
import { type Backoff, retry } from '../platform/retry.js';
import { RedisNames } from '../records/names.js';
import { seedDemo } from '../simulation/history.js';
import { simulate } from '../simulation/simulate.js';
import { PostgresDatabase } from '../stores/postgres/database.js';
import { RedisDatabase } from '../stores/redis/database.js';
import { StreamProducer } from '../stores/redis/producer.js';

interface DemoOptions {
  readonly postgresUrl: string;
  readonly redisUrl: string;
  readonly config: UpConfig;
  readonly logger: Logger;
  readonly lifecycle: Lifecycle;
  readonly signal: AbortSignal;
}

/** Attempts a second: often enough to see the page move, and not so many that the hours before look empty. */
const RATE = 0.5;
/** So long after this process began, the start no longer waits for the history: ready is promised within 20 s. */
const READY_BY_MS = 16_000;
const PATIENCE_AT_LEAST_MS = 1_000;
const POLL_MS = 50;
const RETRY: Backoff = { firstMs: 500, maxMs: 1_000 };

type Feed = Omit<Parameters<typeof simulate>[0], 'rate'>;

/**
 * Puts the demo's history in, and keeps live traffic coming from then on, until the signal. Resolves to whether all of
 * the history is in: on a slow machine the rest of it follows in the background.
 */
export async function startDemo(options: DemoOptions): Promise<boolean> {
  const { config, logger, lifecycle, signal } = options;
  const postgres = new PostgresDatabase(options.postgresUrl, { applicationName: 'ethhook-demo', maxConnections: 1 });
  lifecycle.push('demo connection to Postgres', () => postgres.close());
  const redis = new RedisDatabase(options.redisUrl, { applicationName: 'ethhook-demo' });
  lifecycle.push('demo connection to Redis', () => redis.close());
  const producer = new StreamProducer(redis, new RedisNames(config.STREAM_PREFIX));

  const now = Date.now();
  const { ATTEMPTS_RETENTION_DAYS: attemptsRetentionDays } = config;
  const feed: Feed = { postgres, producer, logger, signal };
  const onStreams = insist(feed, () => seedDemo({ ...feed, now, attemptsRetentionDays }));
  const inStores = onStreams.then(() => insist(feed, () => untilTaken(producer, signal)));
  const patienceMs = Math.max(PATIENCE_AT_LEAST_MS, READY_BY_MS - performance.now());
  const isIn = await Promise.race([inStores.then(() => true), delay(patienceMs, false, { signal })]);

  const live = onStreams
    .then(() => insist(feed, () => simulate({ ...feed, rate: RATE })))
    .catch((error: unknown) => {
      if (!signal.aborted) logger.error({ error }, 'the demo has ended');
    });
  lifecycle.push('demo', () => live);
  return isIn;
}

/** Tries again for as long as a server is away. */
const insist = <T>({ logger, signal }: Feed, call: () => Promise<T>): Promise<T> =>
  retry(call, {
    isRetryable: (error) => error instanceof UpstreamError && error.retryable,
    onRetry: (error) => logger.warn({ error }, 'the demo is held up'),
    signal,
    backoff: RETRY,
  });

/** Waits until every group has taken in all that is on the streams. */
async function untilTaken(producer: StreamProducer, signal: AbortSignal): Promise<void> {
  while (!(await producer.isTakenIn())) await delay(POLL_MS, undefined, { signal });
}

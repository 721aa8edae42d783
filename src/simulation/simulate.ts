import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { UpstreamError, UserError } from '../platform/errors.js';
import type { Logger } from '../platform/logger.js';
import { retry } from '../platform/retry.js';
import type { Endpoint } from '../records/configuration.js';
import type { PostgresDatabase } from '../stores/postgres/database.js';
import { activeEndpoints, insertSimulatedTenants } from '../stores/postgres/simulated-tenants.js';
import type { StreamProducer, Traffic } from '../stores/redis/producer.js';
import { EventFeed } from './feed.js';
import { LiveTraffic } from './live-traffic.js';
import { Random } from './random.js';
import { simulatedTenant, subscriberOf } from './tenant.js';

export interface SimulateOptions {
  readonly postgres: PostgresDatabase;
  readonly producer: StreamProducer;
  /** Delivery attempts a second. */
  readonly rate: number;
  /** Made-up users to spread the traffic over; without it, whoever has an active endpoint. */
  readonly users?: number;
  /** Ends the traffic by itself after so long. Default: never. */
  readonly durationMs?: number;
  readonly logger: Logger;
  /** Ends the traffic; what is under way gets its outcome first. */
  readonly signal: AbortSignal;
}

/** What was put on the streams; an attempt counts once, however many entries it took. */
export interface SimulateReport {
  readonly events: number;
  readonly attempts: number;
}

const TICK_MS = 50;
/** After a longer pause, as of a machine that slept, only so much is made up for. */
const CATCH_UP_MAX_MS = 10_000;
const FAREWELL_MAX_MS = 2_000;
const ENDPOINTS_MAX = 10_000;

/**
 * Keeps traffic coming until its end or the signal, at the asked rate on the whole: what a slow moment has held up follows.
 * While Redis is away it waits and tries again. Throws a UserError where there is no active endpoint.
 */
export async function simulate(options: SimulateOptions): Promise<SimulateReport> {
  const { postgres, producer, rate, users, durationMs = Number.POSITIVE_INFINITY, logger, signal } = options;
  const endpoints = await endpointsOf(postgres, users);
  const name = `simulation:${randomUUID()}`;
  const traffic = new LiveTraffic(new EventFeed(endpoints.map(subscriberOf)), new Random(name));
  let sequence = 0;
  const send = async (records: Traffic, until: AbortSignal): Promise<void> => {
    if (records.events.length + records.attempts.length === 0) return;
    sequence++;
    await retry(() => producer.add(name, sequence, records), {
      isRetryable: (error) => error instanceof UpstreamError && error.retryable,
      onRetry: (error, attempt) => logger.warn({ error, attempt }, 'simulated traffic is held up'),
      signal: until,
    });
  };
  logger.info({ rate, endpoints: endpoints.length }, 'simulated traffic has begun');
  try {
    let elapsed = 0;
    for (let last = Date.now(); !signal.aborted && elapsed < durationMs; ) {
      await delay(TICK_MS, undefined, { signal });
      const now = Date.now();
      elapsed = Math.min(elapsed + Math.min(now - last, CATCH_UP_MAX_MS), durationMs);
      last = now;
      await send(traffic.advance(now, Math.floor((elapsed * rate) / 1000)), signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  await send(traffic.finish(), AbortSignal.timeout(FAREWELL_MAX_MS));
  await producer.forget(name);
  logger.info(traffic.report, 'simulated traffic has ended');
  return traffic.report;
}

async function endpointsOf(postgres: PostgresDatabase, users: number | undefined): Promise<Endpoint[]> {
  if (users !== undefined) {
    const tenants = Array.from({ length: users }, (_, index) => simulatedTenant(index + 1, Date.now()));
    await insertSimulatedTenants(postgres, {
      users: tenants.map(({ user }) => user),
      applications: tenants.flatMap(({ applications }) => applications),
      endpoints: tenants.flatMap(({ endpoints }) => endpoints),
    });
    const userIds = tenants.map(({ user }) => user.id);
    return activeEndpoints(postgres, { userIds, limit: ENDPOINTS_MAX });
  }
  const endpoints = await activeEndpoints(postgres, { limit: ENDPOINTS_MAX });
  if (endpoints.length === 0) {
    throw new UserError(
      'There is nobody to simulate traffic for: the database has no active endpoint.\nAdd one, or pass --users to make some up.',
    );
  }
  return endpoints;
}

import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../platform/logger.js';
import { DAY_MS, HOUR_MS } from '../records/time-range.js';
import { ConfigurationStore } from '../stores/postgres/configuration-store.js';
import type { PostgresDatabase } from '../stores/postgres/database.js';
import { insertSimulatedTenants } from '../stores/postgres/simulated-tenants.js';
import type { StreamProducer } from '../stores/redis/producer.js';
import { DEMO_USER, demoTenant, subscriberOf } from './tenant.js';
import { historyOf } from './traffic.js';

export interface SeedOptions {
  readonly postgres: PostgresDatabase;
  readonly producer: StreamProducer;
  /** Milliseconds since 1970: where the history ends, on the first start. */
  readonly now: number;
  /** What is older is left out: no store would take it. */
  readonly attemptsRetentionDays: number;
  /** Waits while there are more entries on a stream than this. Default 400, about 60 MB. */
  readonly maxLength?: number;
  readonly logger: Logger;
  /** Stops the seeding, which a later call finishes. */
  readonly signal: AbortSignal;
}

/** What this call has put on the streams. */
export interface SeedReport {
  readonly events: number;
  readonly attempts: number;
}

/** An hour is left between the oldest record and the end of its retention, for it to arrive in. */
const HISTORY_MS = 30 * DAY_MS - HOUR_MS;
/** How long a record may take to its entry. */
const ARRIVAL_MS = 60_000;
const CHUNK_MS = 6 * HOUR_MS;
const ROOM_POLL_MS = 50;

/**
 * Makes the demo tenant, and puts 30 days of its history on the streams: each record once, however often this is called
 * and wherever an earlier call was killed. The history begins when the demo user signed up, which Postgres remembers;
 * it is made anew from that time, alike on each call, in numbered chunks that are added once. The newest come first:
 * they are what is looked at first.
 */
export async function seedDemo(options: SeedOptions): Promise<SeedReport> {
  const { postgres, producer, now, attemptsRetentionDays, logger, signal } = options;
  const signedUpAt = await signUp(postgres, now - HISTORY_MS);
  const until = signedUpAt + HISTORY_MS;
  const oldest = now - attemptsRetentionDays * DAY_MS + ARRIVAL_MS;
  const subscribers = demoTenant(signedUpAt)
    .endpoints.filter(({ isActive }) => isActive)
    .map(subscriberOf);
  const name = `demo-history:${signedUpAt}`;
  const done = await producer.lastSequence(name);
  const report = { events: 0, attempts: 0 };
  for (let chunk = done + 1; ; chunk++) {
    const to = until - (chunk - 1) * CHUNK_MS;
    const range = { from: Math.max(signedUpAt, to - CHUNK_MS), to };
    if (range.from >= to || range.from < oldest) break;
    const traffic = historyOf(subscribers, signedUpAt, range, until);
    await roomOnStreams(producer, options.maxLength ?? 400, signal);
    if (!(await producer.add(name, chunk, traffic))) continue;
    report.events += traffic.events.length;
    report.attempts += traffic.attempts.length;
  }
  logger.info({ ...report, from: new Date(signedUpAt), to: new Date(until) }, 'demo history is on the streams');
  return report;
}

/** Makes the tenant where it is missing. Resolves to when its user signed up, at the first call. */
async function signUp(postgres: PostgresDatabase, createdAt: number): Promise<number> {
  const { user, applications, endpoints } = demoTenant(createdAt);
  await insertSimulatedTenants(postgres, { users: [user], applications, endpoints });
  const [stored] = await new ConfigurationStore(postgres).usersById([DEMO_USER.id]);
  return stored?.createdAt ?? createdAt;
}

async function roomOnStreams(producer: StreamProducer, maxLength: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  while ((await producer.length()) > maxLength) await delay(ROOM_POLL_MS, undefined, { signal });
}

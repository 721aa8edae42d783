import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { signToken } from '../src/cli/sign-token.js';
import type { AttemptRecord } from '../src/records/attempt.js';
import { RedisNames } from '../src/records/names.js';
import { DAY_MS } from '../src/records/time-range.js';
import { Random } from '../src/simulation/random.js';
import { PostgresDatabase } from '../src/stores/postgres/database.js';
import type { RedisDatabase } from '../src/stores/redis/database.js';
import { monotonicMs, type Sent } from './live-latencies.js';
import type { BenchServers } from './servers.js';

/** A user of the data set, and the attempts of theirs that were put on the stream. */
export interface LiveUser {
  readonly userId: string;
  readonly endpointId: string;
  readonly token: string;
  /** In the order sent. Of all there were so far, only those of the side that is being measured. */
  sent: Sent[];
  /** Attempts of all sides. */
  attempts: number;
}

/** All users of the data set, the one with a third of all attempts first. */
export async function liveUsers({ postgresUrl }: BenchServers, secret: string): Promise<LiveUser[]> {
  const postgres = new PostgresDatabase(postgresUrl, { applicationName: 'bench', maxConnections: 1 });
  try {
    const rows = await postgres.query<{ userId: string; endpointId: string }>({
      name: 'bench_live_users',
      text: `SELECT users.id AS "userId", min(endpoint.id::text) AS "endpointId"
        FROM users
        JOIN applications AS application ON application.user_id = users.id
        JOIN endpoints AS endpoint ON endpoint.application_id = application.id
        GROUP BY users.id ORDER BY length(users.email), users.email`,
    });
    return await Promise.all(
      rows.map(async ({ userId, endpointId }) => ({
        userId,
        endpointId,
        token: await signToken({ secret, userId, now: Date.now(), ttlMs: DAY_MS }),
        sent: [],
        attempts: 0,
      })),
    );
  } finally {
    await postgres.close();
  }
}

/** Entries a second of a few attempts each, by users as skewed as in the data set. */
const ENTRIES_PER_SECOND = 10;
const ATTEMPTS_PER_ENTRY = 3;

export interface Traffic {
  /** How long it lasts. */
  readonly seconds: number;
  /** How often every user has an attempt. */
  readonly everyUserSeconds: number;
}

/** What the traffic is, for people. */
export const trafficText = ({ everyUserSeconds }: Traffic): string =>
  `${ENTRIES_PER_SECOND} entries a second of ${ATTEMPTS_PER_ENTRY} attempts each by users as skewed as in the data set, and every ${everyUserSeconds} s an entry with one attempt of every user, so that every subscriber is due a message`;

/** Puts entries on the stream, all attempts within one hour, and notes what was sent when. */
export async function sendTraffic(
  redis: RedisDatabase,
  users: readonly LiveUser[],
  { hour, seconds, everyUserSeconds }: Traffic & { readonly hour: number },
  signal: AbortSignal,
): Promise<void> {
  const key = new RedisNames('ethhook').stream('delivery_attempts');
  const random = new Random(1);
  const add = async (owners: readonly LiveUser[]): Promise<void> => {
    const records = owners.map((owner) => JSON.stringify(attemptOf(owner, hour)));
    const at = monotonicMs();
    for (const owner of owners) {
      owner.attempts += 1;
      owner.sent.push({ attempts: owner.attempts, at });
    }
    await redis.command('XADD', key, '*', 'records', records.join('\n'));
  };
  const begun = monotonicMs();
  for (let entry = 0; entry < seconds * ENTRIES_PER_SECOND; entry++) {
    await delay(begun + (entry * 1000) / ENTRIES_PER_SECOND - monotonicMs(), undefined, { signal });
    await add(Array.from({ length: ATTEMPTS_PER_ENTRY }, () => skewed(users, random.fraction())));
    if (entry % (everyUserSeconds * ENTRIES_PER_SECOND) === 7) await add(users);
  }
}

/** A third of all is the first user's; of the others the lower ones have more. */
function skewed(users: readonly LiveUser[], share: number): LiveUser {
  const place = share < 1 / 3 ? 0 : 1 + Math.floor((users.length - 1) * ((share - 1 / 3) * 1.5) ** 2);
  const user = users[place];
  if (user === undefined) throw new Error(`there is no user ${place}`);
  return user;
}

function attemptOf(
  { userId, endpointId }: LiveUser,
  hour: number,
): Record<keyof AttemptRecord, string | number | null> {
  const createdAt = new Date(hour).toISOString();
  return {
    id: randomUUID(),
    event_id: randomUUID(),
    endpoint_id: endpointId,
    user_id: userId,
    attempt_number: 1,
    status: 'success',
    http_status_code: 200,
    response_time_ms: 120,
    error_message: null,
    created_at: createdAt,
    updated_at: createdAt,
  };
}

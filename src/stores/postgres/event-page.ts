import type { EventRecord } from '../../records/event.js';
import { HOUR_MS, type TimeRange } from '../../records/time-range.js';
import type { EventPageQuestion } from '../analytics-store.js';
import { type EventOwnership, type NewestAttempts, walkEvents } from '../event-walk.js';
import { ATTEMPTS_OF_USERS, timestamp } from './attempts-of-users.js';
import type { PostgresQueries } from './database.js';
import { EVENT_COLUMNS } from './events-by-key.js';

/** Of a user with no more attempts than this all are followed to their events at once, which are looked up by their ids. */
export const MANY_ATTEMPTS = 20_000;

/** Newest first: see {@link walkEvents}. */
export const eventPage = (
  database: PostgresQueries,
  question: EventPageQuestion,
  manyAttempts: number = MANY_ATTEMPTS,
): Promise<EventRecord[]> =>
  walkEvents(question, {
    fewAttempts: manyAttempts,
    manyAttempts,
    firstLookMs: HOUR_MS,
    isTimeOfHelp: false,
    newestAttempts: (window, limit) => newestAttempts(database, question, window, limit),
    eventsOf: (window, ownership, limit) => eventsOfWindow(database, { ...question, limit }, window, ownership),
  });

async function newestAttempts(
  database: PostgresQueries,
  { userId }: EventPageQuestion,
  { from, to }: TimeRange,
  limit: number,
): Promise<NewestAttempts> {
  const [row] = await database.query<NewestAttempts>({
    name: 'newest_attempts',
    text: `
      SELECT count(*) AS attempts, coalesce(floor(extract(epoch FROM min(created_at)) * 1000), 0) AS oldest,
        coalesce(floor(extract(epoch FROM max(created_at)) * 1000), 0) AS newest
      FROM (
        (
          SELECT created_at FROM delivery_attempts
          WHERE user_id = $1::uuid AND created_at >= $2::timestamptz AND created_at < $3::timestamptz
          ORDER BY created_at DESC
          LIMIT $4
        )
        UNION ALL
        (
          SELECT attempt.created_at
          FROM applications AS application
          JOIN endpoints AS endpoint ON endpoint.application_id = application.id
          CROSS JOIN LATERAL (
            SELECT created_at FROM delivery_attempts
            WHERE endpoint_id = endpoint.id AND user_id IS NULL
              AND created_at >= $2::timestamptz AND created_at < $3::timestamptz
            ORDER BY created_at DESC
            LIMIT $4
          ) AS attempt
          WHERE application.user_id = $1::uuid
        )
        ORDER BY created_at DESC
        LIMIT $4
      ) AS attempt`,
    values: [userId, timestamp(from), timestamp(to), limit],
  });
  return row ?? { attempts: 0, oldest: from, newest: from };
}

/** Rows older than this system carry microseconds, which do not count in the order, and may spell hex in any case. */
function eventsOfWindow(
  database: PostgresQueries,
  { userId, attemptsRange, chainId, address, topic0, transactionHash, after, limit }: EventPageQuestion,
  window: TimeRange,
  ownership: EventOwnership,
): Promise<EventRecord[]> {
  const values: unknown[] = [[userId], timestamp(attemptsRange.from), timestamp(attemptsRange.to)];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const conditions = [
    `event.ingested_at >= ${bind(timestamp(window.from))}::timestamptz`,
    `event.ingested_at < ${bind(timestamp(window.to))}::timestamptz`,
  ];
  if (chainId !== undefined) conditions.push(`event.chain_id = ${bind(chainId)}::bigint`);
  if (address !== undefined) conditions.push(`lower(event.address) = ${bind(address)}`);
  if (topic0 !== undefined) conditions.push(`lower(event.topic0) = ${bind(topic0)}`);
  if (transactionHash !== undefined) conditions.push(`lower(event.transaction_hash) = ${bind(transactionHash)}`);
  if (after !== undefined) {
    const place = `(${bind(timestamp(after.time))}::timestamptz, ${bind(after.id)}::uuid)`;
    conditions.push(`(date_trunc('milliseconds', event.ingested_at), event.id) < ${place}`);
  }
  return database.query<EventRecord>({
    name: 'event_page',
    text: `
      SELECT ${EVENT_COLUMNS}
      FROM events AS event
      WHERE ${ownership === 'by user' ? OWNED_BY_USER : OWNED_BY_EVENT} AND ${conditions.join(' AND ')}
      ORDER BY date_trunc('milliseconds', event.ingested_at) DESC, event.id DESC
      LIMIT ${bind(limit)}`,
    values,
  });
}

const OWNED_BY_USER = `event.id IN (SELECT event_id FROM ${ATTEMPTS_OF_USERS})`;

/** OFFSET 0 keeps the planner from collecting all attempts of the user first. */
const OWNED_BY_EVENT = `EXISTS (
        SELECT FROM delivery_attempts AS attempt
        LEFT JOIN endpoints AS endpoint ON endpoint.id = attempt.endpoint_id AND attempt.user_id IS NULL
        LEFT JOIN applications AS application ON application.id = endpoint.application_id
        WHERE attempt.event_id = event.id AND coalesce(attempt.user_id, application.user_id) = ANY($1::uuid[])
          AND attempt.created_at >= $2::timestamptz AND attempt.created_at < $3::timestamptz
        OFFSET 0
      )`;

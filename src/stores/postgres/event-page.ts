import type { EventRecord } from '../../records/event.js';
import type { EventPageQuestion } from '../analytics-store.js';
import { ATTEMPTS_OF_USERS, timestamp } from './attempts-of-users.js';
import type { PostgresQueries } from './database.js';
import { EVENT_COLUMNS } from './events-by-key.js';

/**
 * Finds the events through the user's attempts, which have an index for that; those of a transaction by its own index, and
 * whose they are by theirs. Rows older than this system carry microseconds, which do not count in the order, and may spell hex in any case.
 */
export function eventPage(
  database: PostgresQueries,
  { userId, attemptsRange, chainId, address, topic0, transactionHash, range, after, limit }: EventPageQuestion,
): Promise<EventRecord[]> {
  const values: unknown[] = [[userId], timestamp(attemptsRange.from), timestamp(attemptsRange.to)];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const conditions = [
    `event.ingested_at >= ${bind(timestamp(range.from))}::timestamptz`,
    `event.ingested_at < ${bind(timestamp(range.to))}::timestamptz`,
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
      WHERE ${transactionHash === undefined ? OWNED_BY_USER : OWNED_BY_EVENT} AND ${conditions.join(' AND ')}
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

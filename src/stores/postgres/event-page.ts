import type { EventRecord } from '../../records/event.js';
import type { EventPageQuestion } from '../analytics-store.js';
import { ATTEMPTS_OF_USERS, timestamp } from './attempts-of-users.js';
import type { PostgresQueries } from './database.js';
import { EVENT_COLUMNS } from './events-by-key.js';

/**
 * Finds the events through the user's attempts: they have indexes for that, where events have none but that of their ids.
 * Rows older than this system carry microseconds, which do not count in the order, and may spell hex in any case.
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
      WHERE event.id IN (SELECT event_id FROM ${ATTEMPTS_OF_USERS}) AND ${conditions.join(' AND ')}
      ORDER BY date_trunc('milliseconds', event.ingested_at) DESC, event.id DESC
      LIMIT ${bind(limit)}`,
    values,
  });
}

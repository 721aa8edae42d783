import type { EventRecord } from '../../records/event.js';
import type { EventsQuestion } from '../analytics-store.js';
import { timestamp } from './attempts-of-users.js';
import type { PostgresQueries } from './database.js';

interface ResultRow extends EventRecord {
  readonly key: number;
}

/** An EventRecord from `events AS event`. Hex is given back in lower case, however old rows spell it. */
export const EVENT_COLUMNS = `event.id, event.chain_id, event.block_number, lower(event.block_hash) AS block_hash,
        lower(event.transaction_hash) AS transaction_hash, event.transaction_index, event.log_index,
        lower(event.address) AS address, lower(event.topic0) AS topic0, lower(event.topic1) AS topic1,
        lower(event.topic2) AS topic2, lower(event.topic3) AS topic3, lower(event.data) AS data,
        event.ingested_at, event.created_at`;

/** One event or null a key, in the order of the keys. */
export async function eventsByKey(
  database: PostgresQueries,
  { keys, range }: EventsQuestion,
): Promise<(EventRecord | null)[]> {
  if (keys.length === 0) return [];
  const rows = await database.query<ResultRow>({
    name: 'events_by_key',
    text: `
      SELECT key.place::integer AS key, ${EVENT_COLUMNS}
      FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS key (user_id, event_id, place)
      JOIN events AS event ON event.id = key.event_id
      WHERE EXISTS (
        SELECT FROM delivery_attempts AS attempt
        LEFT JOIN endpoints AS endpoint ON endpoint.id = attempt.endpoint_id AND attempt.user_id IS NULL
        LEFT JOIN applications AS application ON application.id = endpoint.application_id
        WHERE attempt.event_id = key.event_id
          AND coalesce(attempt.user_id, application.user_id) = key.user_id
          AND attempt.created_at >= $3::timestamptz AND attempt.created_at < $4::timestamptz
      )`,
    values: [
      keys.map(({ userId }) => userId),
      keys.map(({ eventId }) => eventId),
      timestamp(range.from),
      timestamp(range.to),
    ],
  });
  const events = new Map(rows.map(({ key, ...event }) => [key, event]));
  return keys.map((_key, index) => events.get(index + 1) ?? null);
}

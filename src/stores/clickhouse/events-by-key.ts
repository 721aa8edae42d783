import type { EventRecord } from '../../records/event.js';
import type { EventKey, EventsQuestion, QueryOptions } from '../analytics-store.js';
import type { ClickHouseDatabase } from './database.js';

const hex = (column: string): string => `concat('0x', lower(hex(event.${column}))) AS ${column}`;

/** An EventRecord from `events AS event`. */
const EVENT_COLUMNS = `id, chain_id, block_number, ${hex('block_hash')}, ${hex('transaction_hash')},
        transaction_index, log_index, ${hex('address')}, ${hex('topic0')}, ${hex('topic1')}, ${hex('topic2')},
        ${hex('topic3')}, ${hex('data')}, toUnixTimestamp64Milli(event.ingested_at) AS ingested_at,
        toUnixTimestamp64Milli(event.created_at) AS created_at`;

/** A few rows of many parts are wanted: it costs less to ask the filters of all parts before any is read. */
export const FILTERS_FIRST = { use_skip_indexes_on_data_read: 0 } as const;

/** One event or null a key, in the order of the keys. */
export async function eventsByKey(
  database: ClickHouseDatabase,
  question: EventsQuestion,
  options: QueryOptions = {},
): Promise<(EventRecord | null)[]> {
  if (question.keys.length === 0) return [];
  const [owned, events] = await Promise.all([
    ownedKeys(database, question, options),
    eventsById(database, idsOf(question.keys).eventIds, options),
  ]);
  return question.keys.map((key) => (owned.has(nameOf(key)) ? (events.get(key.eventId) ?? null) : null));
}

/**
 * Which of the keys have an attempt. FINAL merges only the rows whose keys have the event in some version, since events
 * are not what attempts are sorted by.
 */
async function ownedKeys(
  database: ClickHouseDatabase,
  { keys, range }: EventsQuestion,
  { signal }: QueryOptions,
): Promise<Set<string>> {
  const ofKeys = `user_id IN {userIds:Array(UUID)} AND event_id IN {eventIds:Array(UUID)}
          AND created_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
          AND created_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')`;
  const rows = await database.query<EventKey>({
    name: 'owned_events',
    query: `
      SELECT DISTINCT user_id AS userId, event_id AS eventId
      FROM delivery_attempts FINAL
      WHERE (user_id, created_at, id) IN (SELECT user_id, created_at, id FROM delivery_attempts WHERE ${ofKeys})
        AND ${ofKeys}`,
    params: { ...idsOf(keys), ...range },
    ...(signal === undefined ? {} : { signal }),
  });
  return new Set(rows.map(nameOf));
}

/**
 * The versions that stand, by id, wherever they lie: an event that was taken in again may be on another day and at another
 * place of the chain.
 */
export async function eventsById(
  database: ClickHouseDatabase,
  ids: readonly string[],
  { signal }: QueryOptions,
): Promise<Map<string, EventRecord>> {
  if (ids.length === 0) return new Map();
  const rows = await database.query<EventRecord>({
    name: 'events_by_id',
    query: `
      SELECT ${EVENT_COLUMNS}
      FROM events AS event
      WHERE event.id IN {eventIds:Array(UUID)}
      ORDER BY event.id, event.ingested_at
      LIMIT 1 BY event.id`,
    settings: FILTERS_FIRST,
    params: { eventIds: ids },
    ...(signal === undefined ? {} : { signal }),
  });
  return new Map(rows.map((event) => [event.id, event]));
}

const idsOf = (keys: readonly EventKey[]) => ({
  userIds: [...new Set(keys.map(({ userId }) => userId))],
  eventIds: [...new Set(keys.map(({ eventId }) => eventId))],
});

const nameOf = ({ userId, eventId }: EventKey): string => `${userId} ${eventId}`;

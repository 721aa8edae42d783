import type { EventRecord } from '../../records/event.js';
import { HOUR_MS, type TimeRange } from '../../records/time-range.js';
import type { EventPageQuestion, QueryOptions } from '../analytics-store.js';
import { type EventOwnership, type NewestAttempts, walkEvents } from '../event-walk.js';
import type { ClickHouseDatabase } from './database.js';
import { eventPlaces } from './event-places.js';
import { eventsById } from './events-by-key.js';

const COSTS = { fewAttempts: 1_000, manyAttempts: 50_000, firstLookMs: 12 * HOUR_MS, isTimeOfHelp: true };

/** Newest first: see {@link walkEvents}. */
export const eventPage = (
  database: ClickHouseDatabase,
  question: EventPageQuestion,
  options: QueryOptions = {},
): Promise<EventRecord[]> =>
  walkEvents(question, {
    ...COSTS,
    newestAttempts: (window, limit) => newestAttempts(database, question, window, limit, options),
    eventsOf: (window, ownership, limit) =>
      eventsOfWindow(database, { ...question, limit }, window, ownership, options),
  });

async function newestAttempts(
  database: ClickHouseDatabase,
  { userId }: EventPageQuestion,
  window: TimeRange,
  limit: number,
  { signal }: QueryOptions,
): Promise<NewestAttempts> {
  const [row] = await database.query<NewestAttempts>({
    name: 'newest_attempts',
    query: `
      SELECT count() AS attempts, toUnixTimestamp64Milli(min(created_at)) AS oldest,
        toUnixTimestamp64Milli(max(created_at)) AS newest
      FROM (
        SELECT created_at FROM delivery_attempts
        WHERE user_id = {userId:UUID} AND created_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
          AND created_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
        ORDER BY created_at DESC
        LIMIT {limit:UInt32}
      )`,
    params: { userId, ...window, limit },
    ...(signal === undefined ? {} : { signal }),
  });
  return row ?? { attempts: 0, oldest: window.from, newest: window.from };
}

/** An event that was taken in several times has its place where it came in first: its later versions are passed over. */
async function eventsOfWindow(
  database: ClickHouseDatabase,
  question: EventPageQuestion,
  window: TimeRange,
  ownership: EventOwnership,
  options: QueryOptions,
): Promise<EventRecord[]> {
  const page: EventRecord[] = [];
  for (let { after } = question, more = true; more; ) {
    const wanted = question.limit - page.length;
    const behind = { ...question, limit: wanted, ...(after === undefined ? {} : { after }) };
    const places = await eventPlaces(database, behind, window, ownership, options);
    const ids = places.map(({ id }) => id);
    const events = await eventsById(database, ids, options);
    for (const place of places) {
      const event = events.get(place.id);
      if (event?.ingested_at === place.time) page.push(event);
    }
    after = places.at(-1);
    more = places.length === wanted && page.length < question.limit;
  }
  return page;
}

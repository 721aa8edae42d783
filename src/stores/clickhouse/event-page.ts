import type { EventRecord } from '../../records/event.js';
import { HOUR_MS, type TimeRange, windowsBackwards } from '../../records/time-range.js';
import type { EventPageQuestion, QueryOptions } from '../analytics-store.js';
import type { ClickHouseDatabase } from './database.js';
import { EVENT_COLUMNS } from './events-by-key.js';

/** A page of a user with some hundred events a day, without many more being looked at for one with most of them. */
const FIRST_WINDOW_MS = 6 * HOUR_MS;

/**
 * Walks back from the range's end, so that a page reads no more hours than it takes to fill it. A transaction is found by
 * its index, without walking.
 */
export async function eventPage(
  database: ClickHouseDatabase,
  question: EventPageQuestion,
  options: QueryOptions = {},
): Promise<EventRecord[]> {
  const { range, after, limit, transactionHash } = question;
  const bounded = { from: range.from, to: after === undefined ? range.to : Math.min(range.to, after.time + 1) };
  const windows = transactionHash === undefined ? windowsBackwards(bounded, FIRST_WINDOW_MS) : [bounded];
  const page: EventRecord[] = [];
  for (const window of windows) {
    if (page.length >= limit) break;
    page.push(...(await eventsOfWindow(database, question, window, limit - page.length, options)));
  }
  return page;
}

/** Where one version of an event lies: its place in the list, and in the table. */
interface Place {
  readonly id: string;
  readonly chain_id: number;
  readonly block_number: number;
  readonly ingested_at: number;
}

/** An event that was taken in several times has its place where it came in first: its later versions are passed over. */
async function eventsOfWindow(
  database: ClickHouseDatabase,
  question: EventPageQuestion,
  window: TimeRange,
  limit: number,
  options: QueryOptions,
): Promise<EventRecord[]> {
  const page: EventRecord[] = [];
  for (let { after } = question, more = true; more; ) {
    const wanted = limit - page.length;
    const places = await placesOfWindow(
      database,
      { ...question, ...(after === undefined ? {} : { after }) },
      window,
      wanted,
      options,
    );
    const events = await eventsAt(database, places, options);
    for (const { id, ingested_at } of places) {
      const event = events.get(id);
      if (event?.ingested_at === ingested_at) page.push(event);
    }
    const last = places.at(-1);
    if (last !== undefined) after = { time: last.ingested_at, id: last.id };
    more = places.length === wanted && page.length < limit;
  }
  return page;
}

/** Of the user's events in the window, the newest `limit` versions. Attempts are merged by their keys, as for single events. */
function placesOfWindow(
  database: ClickHouseDatabase,
  { userId, attemptsRange, chainId, address, topic0, transactionHash, after }: EventPageQuestion,
  window: TimeRange,
  limit: number,
  { signal }: QueryOptions,
): Promise<Place[]> {
  const conditions = [`event.ingested_at >= ${time('from')}`, `event.ingested_at < ${time('to')}`];
  if (chainId !== undefined) conditions.push('event.chain_id = {chainId:UInt64}');
  if (address !== undefined) conditions.push(`event.address = ${bytes('address')}`);
  if (topic0 !== undefined) conditions.push(`event.topic0 = ${bytes('topic0')}`);
  if (transactionHash !== undefined) conditions.push(`event.transaction_hash = ${bytes('transactionHash')}`);
  if (after !== undefined) {
    conditions.push(`(event.ingested_at, toString(event.id)) < (${time('afterTime')}, {afterId:String})`);
  }
  const matching = conditions.join(' AND ');
  const attempts = `user_id = {userId:UUID} AND created_at >= ${time('attemptsFrom')} AND created_at < ${time('attemptsTo')}
            AND event_id IN (SELECT event.id FROM events AS event WHERE ${matching})`;
  return database.query<Place>({
    name: 'event_places',
    query: `
      SELECT id, chain_id, block_number, toUnixTimestamp64Milli(event.ingested_at) AS ingested_at
      FROM events AS event
      WHERE ${matching} AND event.id IN (
        SELECT event_id FROM delivery_attempts FINAL
        WHERE (user_id, created_at, id) IN (SELECT user_id, created_at, id FROM delivery_attempts WHERE ${attempts})
          AND ${attempts}
      )
      ORDER BY event.ingested_at DESC, toString(event.id) DESC
      LIMIT 1 BY event.ingested_at, event.id
      LIMIT {limit:UInt32}`,
    params: {
      userId,
      ...window,
      attemptsFrom: attemptsRange.from,
      attemptsTo: attemptsRange.to,
      chainId,
      address,
      topic0,
      transactionHash,
      afterTime: after?.time,
      afterId: after?.id,
      limit,
    },
    ...(signal === undefined ? {} : { signal }),
  });
}

/** The versions that stand, by id: found by what events are sorted by. */
async function eventsAt(
  database: ClickHouseDatabase,
  places: readonly Place[],
  { signal }: QueryOptions,
): Promise<Map<string, EventRecord>> {
  if (places.length === 0) return new Map();
  const events = await database.query<EventRecord>({
    name: 'events_at',
    query: `
      SELECT ${EVENT_COLUMNS}
      FROM events AS event
      WHERE event.chain_id IN {chainIds:Array(UInt32)} AND event.block_number IN {blockNumbers:Array(UInt64)}
        AND event.id IN {ids:Array(UUID)}
      ORDER BY event.id, event.ingested_at
      LIMIT 1 BY event.id`,
    params: {
      chainIds: [...new Set(places.map(({ chain_id }) => chain_id))],
      blockNumbers: [...new Set(places.map(({ block_number }) => block_number))],
      ids: places.map(({ id }) => id),
    },
    ...(signal === undefined ? {} : { signal }),
  });
  return new Map(events.map((event) => [event.id, event]));
}

const time = (name: 'from' | 'to' | 'attemptsFrom' | 'attemptsTo' | 'afterTime'): string =>
  `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`;

/** The bytes of a bound 0x text. */
const bytes = (name: 'address' | 'topic0' | 'transactionHash'): string => `unhex(substring({${name}:String}, 3))`;

import type { TimeRange } from '../../records/time-range.js';
import type { EventPageQuestion, ListPosition, QueryOptions } from '../analytics-store.js';
import type { EventOwnership } from '../event-walk.js';
import type { ClickHouseDatabase } from './database.js';
import { FILTERS_FIRST } from './events-by-key.js';

/**
 * Of the user's events in the window, the places of the newest `limit` versions. FINAL merges only attempts whose keys
 * have such an event in some version, since events are not what attempts are sorted by.
 */
export function eventPlaces(
  database: ClickHouseDatabase,
  question: EventPageQuestion,
  window: TimeRange,
  ownership: EventOwnership,
  { signal }: QueryOptions,
): Promise<ListPosition[]> {
  const { userId, attemptsRange, chainId, address, topic0, transactionHash, after, limit } = question;
  const conditions = [`event.ingested_at >= ${time('from')}`, `event.ingested_at < ${time('to')}`];
  if (chainId !== undefined) conditions.push('event.chain_id = {chainId:UInt64}');
  if (address !== undefined) conditions.push(`event.address = ${bytes('address')}`);
  if (topic0 !== undefined) conditions.push(`event.topic0 = ${bytes('topic0')}`);
  if (transactionHash !== undefined) conditions.push(`event.transaction_hash = ${bytes('transactionHash')}`);
  if (after !== undefined) {
    conditions.push(`(event.ingested_at, toString(event.id)) < (${time('afterTime')}, {afterId:String})`);
  }
  const matching = conditions.join(' AND ');
  return database.query<ListPosition>({
    name: 'event_places',
    query: `
      SELECT toUnixTimestamp64Milli(event.ingested_at) AS time, id
      FROM events AS event
      WHERE ${matching} AND event.id IN (${ownership === 'by event' ? eventsOfAttemptsOf(matching) : EVENTS_OF_USER})
      ORDER BY event.ingested_at DESC, toString(event.id) DESC
      LIMIT 1 BY event.ingested_at, event.id
      LIMIT {limit:UInt32}`,
    settings: FILTERS_FIRST,
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

const time = (name: 'from' | 'to' | 'attemptsFrom' | 'attemptsTo' | 'afterTime'): string =>
  `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`;

/** The bytes of a bound 0x text. */
const bytes = (name: 'address' | 'topic0' | 'transactionHash'): string => `unhex(substring({${name}:String}, 3))`;

const OF_USER = `user_id = {userId:UUID} AND created_at >= ${time('attemptsFrom')} AND created_at < ${time('attemptsTo')}`;

const EVENTS_OF_USER = `SELECT event_id FROM delivery_attempts FINAL WHERE ${OF_USER}`;

function eventsOfAttemptsOf(matching: string): string {
  return `
        SELECT event_id FROM delivery_attempts FINAL
        WHERE (user_id, created_at, id) IN (
            SELECT user_id, created_at, id FROM delivery_attempts
            WHERE ${OF_USER} AND event_id IN (SELECT event.id FROM events AS event WHERE ${matching})
          )
          AND ${OF_USER}`;
}

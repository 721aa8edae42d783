import type { EventRecord } from '../../records/event.js';
import { HOUR_MS, type TimeRange, windowsBackwards } from '../../records/time-range.js';
import type { EventPageQuestion, QueryOptions } from '../analytics-store.js';
import type { ClickHouseDatabase } from './database.js';
import { type EventOwnership, eventPlaces } from './event-places.js';
import { eventsById } from './events-by-key.js';

/** A user with no more attempts than this has all their events looked up by id. */
const FEW_ATTEMPTS = 1_000;
/** So many attempts are read sooner than each is looked up by its event. */
const MANY_ATTEMPTS = 50_000;
/** An event is tried more than once now and then: attempts a wanted event that the first window should hold. */
const ATTEMPTS_AN_EVENT = 2;
const FIRST_PACE_WINDOW_MS = 12 * HOUR_MS;
/** How many times wider the first window is where a filter leaves few events of it, and a next one may be. */
const MAX_GROWTH = 16;

/**
 * Walks back from the range's end in windows of `ingested_at`. Which events of a window are the user's is asked of all
 * their attempts, whenever those were: that an event is not theirs takes the same proof as that it is. How wide the windows
 * are is guessed by how close the user's attempts follow one another, so that a page looks at few events for one with
 * a third of all as for one with a handful a day. A transaction is found by its index, without walking.
 */
export async function eventPage(
  database: ClickHouseDatabase,
  question: EventPageQuestion,
  options: QueryOptions = {},
): Promise<EventRecord[]> {
  const { range, after, limit, transactionHash } = question;
  const to = after === undefined ? range.to : Math.min(range.to, after.time + 1);
  if (range.from >= to) return [];
  const plan: Plan =
    transactionHash === undefined
      ? await planOf(database, question, to, options)
      : { width: to - range.from, ownership: 'by event' };
  const page: EventRecord[] = [];
  let { width } = plan;
  for (let end = to; end > range.from && page.length < limit; ) {
    const window = { from: Math.max(range.from, end - width), to: end };
    const wanted = limit - page.length;
    const found = await eventsOfWindow(database, { ...question, limit: wanted }, window, plan.ownership, options);
    page.push(...found);
    end = window.from;
    width *= growth(found.length, wanted);
  }
  return page;
}

interface Plan {
  /** Of the first window, milliseconds. */
  readonly width: number;
  readonly ownership: EventOwnership;
}

/** A guess decides how long the answer takes, not what it is. */
async function planOf(
  database: ClickHouseDatabase,
  question: EventPageQuestion,
  to: number,
  options: QueryOptions,
): Promise<Plan> {
  const { attemptsRange, range, limit, address, topic0 } = question;
  const enough = limit * ATTEMPTS_AN_EVENT;
  const before = { from: attemptsRange.from, to: Math.min(to, attemptsRange.to) };
  let counted = 0;
  let newest: number | undefined;
  for (const window of windowsBackwards(before, FIRST_PACE_WINDOW_MS)) {
    const found = await newestAttempts(database, question, window, enough - counted, options);
    counted += found.attempts;
    if (found.attempts > 0) newest ??= found.newest;
    if (counted < enough || newest === undefined) continue;
    const pace = counted / Math.max(newest - found.oldest, 1);
    const isMany = pace * (attemptsRange.to - attemptsRange.from) > MANY_ATTEMPTS;
    const width = (to - found.oldest) * (address === undefined && topic0 === undefined ? 1 : MAX_GROWTH);
    return { width, ownership: isMany ? 'by event' : 'by user' };
  }
  const { attempts } = await newestAttempts(database, question, attemptsRange, FEW_ATTEMPTS + 1, options);
  return { width: to - range.from, ownership: attempts > FEW_ATTEMPTS ? 'by event' : 'by user' };
}

/** How many times wider the next window is than one that held only some of the events wanted. */
const growth = (found: number, wanted: number): number =>
  Math.min(MAX_GROWTH, Math.max(2, Math.ceil((2 * (wanted - found)) / Math.max(found, 1))));

interface NewestAttempts {
  readonly attempts: number;
  readonly oldest: number;
  readonly newest: number;
}

/** How many of the user's newest attempts of a window there are, up to a limit, and when the first and the last of those were. */
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

import type { EventRecord } from '../records/event.js';
import { type TimeRange, windowsBackwards } from '../records/time-range.js';
import type { EventPageQuestion } from './analytics-store.js';

/** How the user's events are told from others': by the attempts of the window's events, or by all attempts of the user. */
export type EventOwnership = 'by event' | 'by user';

/** How many of the user's newest attempts of a window there are, up to a limit, and when the first and the last of those were. */
export interface NewestAttempts {
  readonly attempts: number;
  readonly oldest: number;
  readonly newest: number;
}

/** What a store is asked on the way back, and what it finds cheap. */
export interface EventWalk {
  /** A user with no more attempts than this has all their events looked up by those, without walking. */
  readonly fewAttempts: number;
  /** So many attempts are read sooner than each event of a window is looked up. */
  readonly manyAttempts: number;
  /** How far back the newest attempts are looked for first, milliseconds. */
  readonly firstLookMs: number;
  /** Whether less is read where it is known when the events of a user's attempts came in. */
  readonly isTimeOfHelp: boolean;
  newestAttempts(window: TimeRange, limit: number): Promise<NewestAttempts>;
  /** The newest events of the user's in a window of `ingested_at`, at most `limit`. */
  eventsOf(window: TimeRange, ownership: EventOwnership, limit: number): Promise<EventRecord[]>;
}

/** An event is tried more than once now and then: attempts a wanted event that the first window should hold. */
const ATTEMPTS_AN_EVENT = 2;
/** How many times wider the first window is where a filter leaves few events of it, and a next one may be. */
const MAX_GROWTH = 16;

/**
 * Walks back from the range's end in windows of `ingested_at`. Which events of a window are the user's is asked of all
 * their attempts, whenever those were: that an event is not theirs takes the same proof as that it is. How wide the windows
 * are is guessed by how close the user's attempts follow one another, so that a page looks at few events for one with
 * a third of all as for one with a handful a day. A transaction is found by its index, without walking.
 */
export async function walkEvents(question: EventPageQuestion, walk: EventWalk): Promise<EventRecord[]> {
  const { range, after, limit, transactionHash } = question;
  const to = after === undefined ? range.to : Math.min(range.to, after.time + 1);
  if (range.from >= to) return [];
  const plan: Plan =
    transactionHash === undefined
      ? await planOf(question, to, walk)
      : { width: to - range.from, ownership: 'by event' };
  const page: EventRecord[] = [];
  let { width } = plan;
  for (let end = to; end > range.from && page.length < limit; ) {
    const window = { from: Math.max(range.from, end - width), to: end };
    const wanted = limit - page.length;
    const found = await walk.eventsOf(window, plan.ownership, wanted);
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
  { attemptsRange, range, limit, address, topic0 }: EventPageQuestion,
  to: number,
  walk: EventWalk,
): Promise<Plan> {
  const { fewAttempts, manyAttempts, firstLookMs, isTimeOfHelp } = walk;
  const all = to - range.from;
  const enough = limit * ATTEMPTS_AN_EVENT;
  const before = { from: attemptsRange.from, to: Math.min(to, attemptsRange.to) };
  let counted = 0;
  let newest: number | undefined;
  for (const window of windowsBackwards(before, firstLookMs)) {
    const found = await walk.newestAttempts(window, enough - counted);
    counted += found.attempts;
    if (found.attempts > 0) newest ??= found.newest;
    if (counted < enough || newest === undefined) continue;
    const pace = counted / Math.max(newest - found.oldest, 1);
    const isMany = pace * (attemptsRange.to - attemptsRange.from) > manyAttempts;
    const width = (to - found.oldest) * (address === undefined && topic0 === undefined ? 1 : MAX_GROWTH);
    return isMany ? { width, ownership: 'by event' } : { width: isTimeOfHelp ? width : all, ownership: 'by user' };
  }
  const { attempts } = await walk.newestAttempts(attemptsRange, fewAttempts + 1);
  return { width: all, ownership: attempts > fewAttempts ? 'by event' : 'by user' };
}

/** How many times wider the next window is than one that held only some of the events wanted. */
const growth = (found: number, wanted: number): number =>
  Math.min(MAX_GROWTH, Math.max(2, Math.ceil((2 * (wanted - found)) / Math.max(found, 1))));

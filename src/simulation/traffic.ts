import type { AttemptRecord } from '../records/attempt.js';
import type { EventRecord } from '../records/event.js';
import { DAY_MS, HOUR_MS, type TimeRange } from '../records/time-range.js';
import type { Traffic } from '../stores/redis/producer.js';
import { EventFeed, type Subscriber } from './feed.js';
import { MAX_ATTEMPTS, type Outcome, outcomeOf } from './health.js';
import { Random } from './random.js';

/** Waits before the second, third, ... attempt of a delivery, milliseconds. */
export const RETRY_DELAYS_MS: readonly number[] = [30_000, 5 * 60_000, 30 * 60_000, 2 * HOUR_MS];

/** Events an hour, averaged over a week. */
const EVENTS_AN_HOUR = 40;
const BUSIEST_HOUR = 15;
const WEEKEND_ACTIVITY = 0.7;
/** One attempt in so many never hears of its outcome, because whoever made it was lost. */
const LOST_OUTCOMES = 2_000;
const SLICE_MS = 10 * 60_000;

/** How busy a time is: 1 on average over a working day, most in the afternoon, least before dawn; UTC. */
function activityAt(time: number): number {
  const hour = (time % DAY_MS) / HOUR_MS;
  const weekday = new Date(time).getUTCDay();
  const ofDay = 1 + 0.6 * Math.cos(((hour - BUSIEST_HOUR) / 24) * 2 * Math.PI);
  return ofDay * (weekday === 0 || weekday === 6 ? WEEKEND_ACTIVITY : 1);
}

/** An attempt that has only begun. */
export const pendingAttempt = (
  event: EventRecord,
  { endpoint }: Subscriber,
  attemptNumber: number,
  time: number,
  random: Random,
): AttemptRecord => ({
  id: random.uuid(time),
  event_id: event.id,
  endpoint_id: endpoint.id,
  user_id: endpoint.userId,
  attempt_number: attemptNumber,
  status: 'pending',
  http_status_code: null,
  response_time_ms: null,
  error_message: null,
  created_at: time,
  updated_at: time,
});

/** The same attempt once its outcome is known. */
export const finishedAttempt = (attempt: AttemptRecord, { durationMs, ...outcome }: Outcome): AttemptRecord => ({
  ...attempt,
  ...outcome,
  updated_at: attempt.created_at + durationMs,
});

/** What was delivered of the events of one range, by what was known at `until`: later attempts are left out. */
export function historyOf(
  subscribers: readonly Subscriber[],
  seed: string | number,
  range: TimeRange,
  until: number,
): Traffic {
  const feed = new EventFeed(subscribers);
  const events: EventRecord[] = [];
  const attempts: AttemptRecord[] = [];
  for (let from = range.from; from < range.to; from += SLICE_MS) {
    const slice = Math.min(SLICE_MS, range.to - from);
    const random = new Random('history', seed, from);
    const times = Array.from(
      { length: random.count((EVENTS_AN_HOUR * activityAt(from) * slice) / HOUR_MS) },
      () => from + random.whole(0, slice - 1),
    );
    for (const time of times.sort((a, b) => a - b)) {
      const delivery = feed.next(time, random);
      events.push(delivery.event);
      for (const subscriber of delivery.subscribers) {
        attempts.push(...attemptsOf(delivery.event, subscriber, time, until, random));
      }
    }
  }
  return { events, attempts };
}

/** All attempts of one delivery: until one succeeds, the last one has failed, or `until` is reached. */
function attemptsOf(
  event: EventRecord,
  subscriber: Subscriber,
  eventTime: number,
  until: number,
  random: Random,
): AttemptRecord[] {
  const attempts: AttemptRecord[] = [];
  let time = eventTime + random.whole(5, 60);
  for (let number = 1; number <= MAX_ATTEMPTS && time < until; number++) {
    const attempt = pendingAttempt(event, subscriber, number, time, random);
    const outcome = outcomeOf(subscriber.health, number, time, random);
    const finishedAt = time + outcome.durationMs;
    if (finishedAt >= until || random.chance(1 / LOST_OUTCOMES)) return [...attempts, attempt];
    attempts.push(finishedAttempt(attempt, outcome));
    if (outcome.status === 'success') break;
    time = finishedAt + (RETRY_DELAYS_MS[number - 1] ?? 0);
  }
  return attempts;
}

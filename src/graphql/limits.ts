import { dayCount, isTimeZone } from '../records/days.js';
import { DAY_MS, HOUR_MS, hourCount, resolveRange, type TimeRange } from '../records/time-range.js';
import { badUserInput, queryTooComplex } from './errors.js';

/** What a single request may ask for at most. */
export interface Limits {
  /** The largest `first` of a list. */
  readonly maxPageSize: number;
  /** The longest range of `hourlyStats`, in hours it touches. */
  readonly maxHourlyRangeHours: number;
  /** The longest range of `dailyStats`, in days it touches. */
  readonly maxDailyRangeDays: number;
}

/** A range as the client gave it: open ends may be missing or null. */
interface RangeInput {
  readonly from?: number | null;
  readonly to?: number | null;
}

/** The range that is meant, not clamped to the retention. Throws BAD_USER_INPUT unless `from` is before `to`. */
export function checkedRange(input: RangeInput | null | undefined, now: number): TimeRange {
  const range = resolveRange(
    {
      ...(typeof input?.from === 'number' ? { from: input.from } : {}),
      ...(typeof input?.to === 'number' ? { to: input.to } : {}),
    },
    now,
  );
  if (range.from < range.to) return range;
  const [from, to] = [range.from, range.to].map((time) => new Date(time).toISOString());
  throw badUserInput(`range: from (${from}) must be before to (${to}), which is now when left out.`);
}

/** Throws QUERY_TOO_COMPLEX where a range touches more hours than one answer may list. */
export function checkHourly(range: TimeRange, { maxHourlyRangeHours }: Limits): TimeRange {
  const hours = hourCount(range);
  if (hours <= maxHourlyRangeHours) return range;
  throw queryTooComplex(
    `hourlyStats: the range touches ${hours} hours, at most ${maxHourlyRangeHours} are answered: ask for a shorter range.`,
  );
}

/** Throws BAD_USER_INPUT for an unknown time zone, QUERY_TOO_COMPLEX where a range touches more of its days than one answer may list. */
export function checkDaily(range: TimeRange, timeZone: string, { maxDailyRangeDays }: Limits): TimeRange {
  if (!isTimeZone(timeZone)) {
    throw badUserInput('timeZone: must be a time zone of the IANA database, such as UTC or Europe/Berlin.');
  }
  const days = dayCount(range, timeZone);
  if (days <= maxDailyRangeDays) return range;
  throw queryTooComplex(
    `dailyStats: the range touches ${days} days, at most ${maxDailyRangeDays} are answered: ask for a shorter range.`,
  );
}

/** Throws BAD_USER_INPUT unless a page of this size may be asked for. */
export function checkedPageSize(first: number, { maxPageSize }: Limits): number {
  if (first >= 1 && first <= maxPageSize) return first;
  throw badUserInput(`first: must be from 1 to ${maxPageSize}, but is ${first}.`);
}

/** All that is kept: back to the retention, and the hour that an attempt's time may lie ahead. */
export const everythingKept = (now: number, retentionDays: number): TimeRange => ({
  from: now - retentionDays * DAY_MS,
  to: now + HOUR_MS + 1,
});

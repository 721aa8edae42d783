import { dayCount, isTimeZone } from '../../records/days.js';
import { hourCount, type TimeRange } from '../../records/time-range.js';
import { badUserInput, queryTooComplex } from '../errors.js';
import { type Limits, type RangeInput, rangeOf } from '../limits.js';

/** A field's arguments by their names, coerced and with their defaults. */
export type Arguments = Readonly<Record<string, unknown>>;

/** Throws QUERY_TOO_COMPLEX for a list of too many items, BAD_USER_INPUT for a page or a range that cannot be. */
export function checkArguments(args: Arguments, limits: Limits, now: number): void {
  for (const [name, value] of Object.entries(args)) {
    if (name === 'first' && typeof value === 'number') checkPageSize(value, limits);
    if (name === 'range' && isObject(value)) checkedRange(value, now);
    if (Array.isArray(value) && value.length > limits.maxListItems) {
      throw queryTooComplex(
        `${name}: has ${value.length} items, at most ${limits.maxListItems} are read: ask in several requests.`,
      );
    }
    if (isObject(value)) checkArguments(value, limits, now);
  }
}

/** The range that an argument means. Throws BAD_USER_INPUT unless `from` is before `to`. */
export function checkedRange(input: unknown, now: number): TimeRange {
  const range = rangeOf(isObject(input) ? timesOf(input) : undefined, now);
  if (range.from < range.to) return range;
  const [from, to] = [range.from, range.to].map((time) => new Date(time).toISOString());
  throw badUserInput(`range: from (${from}) must be before to (${to}), which is now when left out.`);
}

/** How many hours an answer lists. Throws QUERY_TOO_COMPLEX where they are too many. */
export function checkedHours(range: TimeRange, { maxHourlyRangeHours }: Limits): number {
  const hours = hourCount(range);
  if (hours <= maxHourlyRangeHours) return hours;
  throw queryTooComplex(
    `hourlyStats: the range touches ${hours} hours, at most ${maxHourlyRangeHours} are answered: ask for a shorter range.`,
  );
}

/** How many days an answer lists. Throws BAD_USER_INPUT for an unknown time zone, QUERY_TOO_COMPLEX where they are too many. */
export function checkedDays(range: TimeRange, timeZone: unknown, { maxDailyRangeDays }: Limits): number {
  if (typeof timeZone !== 'string' || !isTimeZone(timeZone)) {
    throw badUserInput('timeZone: must be a time zone of the IANA database, such as UTC or Europe/Berlin.');
  }
  const days = dayCount(range, timeZone);
  if (days <= maxDailyRangeDays) return days;
  throw queryTooComplex(
    `dailyStats: the range touches ${days} days, at most ${maxDailyRangeDays} are answered: ask for a shorter range.`,
  );
}

function checkPageSize(first: number, { maxPageSize }: Limits): void {
  if (first >= 1 && first <= maxPageSize) return;
  throw badUserInput(`first: must be from 1 to ${maxPageSize}, but is ${first}.`);
}

const timesOf = ({ from, to }: Arguments): RangeInput => ({
  from: typeof from === 'number' ? from : null,
  to: typeof to === 'number' ? to : null,
});

const isObject = (value: unknown): value is Arguments =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

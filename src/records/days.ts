import { DAY_MS, type TimeRange } from './time-range.js';

/** A calendar day of a time zone: it lasts until the next one begins, 23 or 25 hours where the clocks change. */
export interface Day {
  /** `YYYY-MM-DD`. */
  readonly date: string;
  /** Its first instant, milliseconds since 1970: not always a midnight, since clocks may skip one. */
  readonly start: number;
}

/** Zones keep one offset before this; it also spares Intl the years before the first. */
const FIRST_OFFSET_AT = Date.UTC(1800, 0, 1);
const SECOND_MS = 1_000;

/** Whether a text names a time zone of the IANA database. */
export function isTimeZone(text: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** How many calendar days of the zone a range touches. */
export function dayCount({ from, to }: TimeRange, timeZone: string): number {
  const localTime = clockOf(timeZone);
  return from < to ? (startOfDate(localTime(to - 1)) - startOfDate(localTime(from))) / DAY_MS + 1 : 0;
}

/** Every day of the zone that a range touches, in order. Days that a zone left out of its calendar have no instant. */
export function daysOf(range: TimeRange, timeZone: string): Day[] {
  const localTime = clockOf(timeZone);
  const first = startOfDate(localTime(range.from));
  const days = Array.from({ length: dayCount(range, timeZone) }, (_, index) => first + index * DAY_MS).map(
    (midnight): Day => ({ date: dateOf(midnight), start: firstInstant(midnight, localTime) }),
  );
  return days.filter(({ start }, index) => start !== days[index + 1]?.start);
}

/** What a clock of the zone shows at an instant, as if that were UTC. */
type Clock = (time: number) => number;

function clockOf(timeZone: string): Clock {
  const format = new Intl.DateTimeFormat('en', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (time) => {
    const wholeSecond = Math.floor(Math.max(time, FIRST_OFFSET_AT) / SECOND_MS) * SECOND_MS;
    const shown: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
    for (const { type, value } of format.formatToParts(wholeSecond)) shown[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = shown;
    return time + Date.UTC(year, month - 1, day, hour, minute, second) - wholeSecond;
  };
}

/**
 * The first instant that a clock shows this local midnight or, where it skips that, a later time. Between the offsets of a
 * day before and a day behind lies at most one change of the clocks: the instant is searched there, to the second.
 */
function firstInstant(midnight: number, localTime: Clock): number {
  const offsets = [midnight - DAY_MS, midnight + DAY_MS].map((time) => localTime(time) - time);
  let before = midnight - Math.max(...offsets) - SECOND_MS;
  let reached = midnight - Math.min(...offsets);
  if (before + SECOND_MS === reached) return reached;
  while (reached - before > SECOND_MS) {
    const middle = before + Math.floor((reached - before) / 2 / SECOND_MS) * SECOND_MS;
    if (localTime(middle) >= midnight) reached = middle;
    else before = middle;
  }
  return reached;
}

const startOfDate = (localTime: number): number => Math.floor(localTime / DAY_MS) * DAY_MS;

/** The part before the T: years beyond 9999 and below 0 have more digits. */
function dateOf(localTime: number): string {
  const [date = ''] = new Date(localTime).toISOString().split('T');
  return date;
}

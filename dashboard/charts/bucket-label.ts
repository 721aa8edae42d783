import { clock, dayAndClock, weekday } from '../format/times.js';

const HOUR_MS = 3_600_000;

/** Sat 21 Nov, 14:00 to 15:00; of a day: Sat 21 Nov. */
export const bucketLabel = (start: number, isHourly: boolean, zone: string): string =>
  isHourly ? `${dayAndClock(start, zone)} to ${clock(start + HOUR_MS, zone)}` : weekday(start, zone);

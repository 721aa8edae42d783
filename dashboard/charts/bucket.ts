import type { LiveSubscription } from '../api/operations.js';
import { clock, dayAndClock, weekday } from '../format/times.js';

const HOUR_MS = 3_600_000;

/** The numbers of an hour or of a day. */
export interface Bucket extends Omit<LiveSubscription['hourlyStats'], 'hour'> {
  /** Milliseconds. */
  readonly start: number;
}

/** Sat 21 Nov, 14:00; of a day: Sat 21 Nov. */
export const startLabel = (start: number, isHourly: boolean, zone: string): string =>
  isHourly ? dayAndClock(start, zone) : weekday(start, zone);

/** Sat 21 Nov, 14:00 to 15:00; of a day: Sat 21 Nov. */
export const bucketLabel = (start: number, isHourly: boolean, zone: string): string =>
  startLabel(start, isHourly, zone) + (isHourly ? ` to ${clock(start + HOUR_MS, zone)}` : '');

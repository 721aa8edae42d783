import { setTimeout as delay } from 'node:timers/promises';
import { rollupDifferences } from '../../stores/clickhouse/rollup-differences.js';
import type { MoveServices } from '../move-services.js';
import type { SumDifference } from './report.js';

const USERS = 1_000;
const LOOK_EVERY_MS = 250;
const LOOKS = 8;

/**
 * Compares both rollups of a day with its attempts. What differs is looked at again for as long as the worker's audit
 * may take to mend it, milliseconds: inserts on their way and corrected statuses are no differences. Fails with an
 * UpstreamError.
 */
export async function compareSums(
  { clickhouse, signal }: MoveServices,
  day: number,
  patienceMs: number,
): Promise<SumDifference[]> {
  const deadline = performance.now() + patienceMs;
  let found = await rollupDifferences(clickhouse, { day, userIds: null, signal }, USERS);
  for (let looks = 1; found.length > 0 && (looks < LOOKS || performance.now() < deadline); looks++) {
    await delay(LOOK_EVERY_MS, undefined, { signal });
    const userIds = found.map(({ userId }) => userId);
    found = await rollupDifferences(clickhouse, { day, userIds, signal }, USERS);
  }
  return found.map(({ userId, hours, daily, hourlyAttempts, dailyAttempts }) => ({
    day,
    userId,
    rollups: [...(hours.length > 0 ? (['hourly'] as const) : []), ...(daily ? (['daily'] as const) : [])],
    attempts: hours.length > 0 ? hourlyAttempts : dailyAttempts,
  }));
}

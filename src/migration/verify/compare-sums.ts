import { setTimeout as delay } from 'node:timers/promises';
import { type RollupDifference, rollupDifferences } from '../../stores/clickhouse/rollup-differences.js';
import type { MoveServices } from '../move-services.js';
import type { SumDifference } from './report.js';

interface ComparedDay {
  readonly differences: readonly SumDifference[];
  /** Whether the comparison ended before the last user, because those of so many differ: there may be more. */
  readonly cutShort: boolean;
}

/** Named at most, of one day. */
const NAMED_USERS = 1_000;
const USERS_AT_ONCE = 1_000;
const ALL_USERS = 0xffff_ffff;
const LOOK_EVERY_MS = 250;
const LOOKS = 8;

/**
 * Compares both rollups of a day with its attempts. What differs is looked at again for as long as the worker's audit
 * may take to mend it, milliseconds: inserts on their way and corrected statuses are no differences. Fails with an
 * UpstreamError.
 */
export async function compareSums(services: MoveServices, day: number, patienceMs: number): Promise<ComparedDay> {
  const { clickhouse, signal } = services;
  const deadline = performance.now() + patienceMs;
  const suspects = await rollupDifferences(clickhouse, { day, userIds: null, signal }, ALL_USERS);
  const differences: SumDifference[] = [];
  for (let at = 0; at < suspects.length; at += USERS_AT_ONCE) {
    if (differences.length >= NAMED_USERS) return { differences, cutShort: true };
    const lasting = await stillDiffering(services, day, suspects.slice(at, at + USERS_AT_ONCE), deadline);
    differences.push(...lasting.map((found) => differenceOf(day, found)));
  }
  return { differences, cutShort: false };
}

async function stillDiffering(
  { clickhouse, signal }: MoveServices,
  day: number,
  suspects: readonly RollupDifference[],
  deadline: number,
): Promise<readonly RollupDifference[]> {
  let found = suspects;
  for (let looks = 1; found.length > 0 && (looks < LOOKS || performance.now() < deadline); looks++) {
    await delay(LOOK_EVERY_MS, undefined, { signal });
    const userIds = found.map(({ userId }) => userId);
    found = await rollupDifferences(clickhouse, { day, userIds, signal }, userIds.length);
  }
  return found;
}

const differenceOf = (
  day: number,
  { userId, hours, daily, hourlyAttempts, dailyAttempts }: RollupDifference,
): SumDifference => ({
  day,
  userId,
  rollups: [...(hours.length > 0 ? (['hourly'] as const) : []), ...(daily ? (['daily'] as const) : [])],
  attempts: hours.length > 0 ? hourlyAttempts : dailyAttempts,
});

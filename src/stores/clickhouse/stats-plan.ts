import { HOUR_MS, splitWholeHours, type TimeRange } from '../../records/time-range.js';

/**
 * Where a range's counters come from: all of them from the attempts, or the whole hours from the rollups and the cut
 * hours at the ends from the attempts.
 */
export type StatsPlan = { readonly source: 'attempts' } | { readonly source: 'rollups'; readonly whole: TimeRange };

/**
 * Ranges with this many whole hours or more are read from the rollups. Below it one pass over the attempts costs less
 * than the rollups, the cut hours and the pending attempts together (docs/decisions/0001-stats-plan.md).
 */
export const ROLLUPS_FROM_HOURS = 14 * 24;

/** Chooses by the range alone, so that the same question is always answered from the same rows. */
export function planStats(range: TimeRange, rollupsFromHours: number = ROLLUPS_FROM_HOURS): StatsPlan {
  const { whole } = splitWholeHours(range);
  const wholeHours = (whole.to - whole.from) / HOUR_MS;
  return wholeHours > 0 && wholeHours >= rollupsFromHours ? { source: 'rollups', whole } : { source: 'attempts' };
}

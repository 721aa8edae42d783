import { HOUR_MS, splitWholeHours, type TimeRange } from '../../records/time-range.js';
import type { DeliveryStatsQuestion } from '../analytics-store.js';

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

/**
 * Chooses by the ranges alone, so that the same question is always answered from the same rows. Scopes may have ranges of
 * their own: where their whole hours are not those of the question, only the attempts know how to count for all of them.
 */
export function planStats(
  { range, scopes }: Pick<DeliveryStatsQuestion, 'range' | 'scopes'>,
  rollupsFromHours: number = ROLLUPS_FROM_HOURS,
): StatsPlan {
  const { whole } = splitWholeHours(range);
  const wholeHours = (whole.to - whole.from) / HOUR_MS;
  const areShared = scopes.every((scope) => scope.range === undefined || hasWholeHours(scope.range, whole));
  return wholeHours > 0 && wholeHours >= rollupsFromHours && areShared
    ? { source: 'rollups', whole }
    : { source: 'attempts' };
}

function hasWholeHours(range: TimeRange, { from, to }: TimeRange): boolean {
  const { whole } = splitWholeHours(range);
  return whole.from === from && whole.to === to;
}

import { describe, expect, test } from '@jest/globals';
import { HOUR_MS, type TimeRange } from '../../src/records/time-range.js';
import { planStats, ROLLUPS_FROM_HOURS, type StatsPlan } from '../../src/stores/clickhouse/stats-plan.js';

const T = Date.UTC(2026, 0, 15);
const at = (hour: number, millisecond = 0): number => T + hour * HOUR_MS + millisecond;

const planOf = (range: TimeRange, rollupsFromHours?: number, own: readonly TimeRange[] = []): StatsPlan =>
  planStats({ range, scopes: own.map((range) => ({ userId: 'a', range })) }, rollupsFromHours);

describe('the source of a range’s counters', () => {
  test('is the attempts below the threshold, and the rollups from it on', () => {
    expect(planOf({ from: at(0), to: at(4, -1) }, 4)).toEqual({ source: 'attempts' });
    expect(planOf({ from: at(0), to: at(4) }, 4)).toEqual({ source: 'rollups', whole: { from: at(0), to: at(4) } });
  });

  test('is chosen by whole hours, so that cut ones do not count', () => {
    expect(planOf({ from: at(0, 1), to: at(5, -1) }, 4)).toEqual({ source: 'attempts' });
    expect(planOf({ from: at(0, 1), to: at(5, 1) }, 4)).toEqual({
      source: 'rollups',
      whole: { from: at(1), to: at(5) },
    });
  });

  test('is the attempts where no hour is whole, whatever the threshold', () => {
    expect(planOf({ from: at(0, 1), to: at(1, 1) }, 0)).toEqual({ source: 'attempts' });
  });

  test('is the rollups where scopes count in ranges of their own only if all share the whole hours', () => {
    const range = { from: at(0, 1), to: at(5, 9) };
    const rollups = { source: 'rollups', whole: { from: at(1), to: at(5) } };
    expect(planOf(range, 4, [{ from: at(0, 7), to: at(5) }])).toEqual(rollups);
    expect(planOf(range, 4, [range, { from: at(1), to: at(5, 1) }])).toEqual(rollups);
    expect(planOf(range, 4, [range, { from: at(1, 1), to: at(5, 1) }])).toEqual({ source: 'attempts' });
    expect(planOf(range, 4, [range, { from: at(1), to: at(5, -1) }])).toEqual({ source: 'attempts' });
  });

  test('is the attempts for a day and the rollups for a month, unless said otherwise', () => {
    expect(planOf({ from: at(-24, 1), to: at(0, 1) }).source).toBe('attempts');
    expect(planOf({ from: at(-720, 1), to: at(0, 1) }).source).toBe('rollups');
    expect(ROLLUPS_FROM_HOURS).toBeGreaterThan(24);
  });
});

import { describe, expect, test } from '@jest/globals';
import {
  clampToRetention,
  DAY_MS,
  HOUR_MS,
  hourCount,
  hoursOf,
  resolveRange,
  splitWholeHours,
  startOfDay,
  startOfHour,
  windowsBackwards,
} from '../../src/records/time-range.js';

const T = Date.UTC(2026, 0, 15);
const at = (hour: number, millisecond = 0): number => T + hour * HOUR_MS + millisecond;

describe('a range left open', () => {
  test('ends now and begins a day before its end', () => {
    expect(resolveRange({}, T)).toEqual({ from: T - DAY_MS, to: T });
    expect(resolveRange({ to: at(5) }, T)).toEqual({ from: at(5) - DAY_MS, to: at(5) });
    expect(resolveRange({ from: at(-1) }, T)).toEqual({ from: at(-1), to: T });
  });
});

describe('the retention', () => {
  test('cuts off what is older', () => {
    expect(clampToRetention({ from: T - 31 * DAY_MS, to: at(1) }, T, 30)).toEqual({ from: T - 30 * DAY_MS, to: at(1) });
    expect(clampToRetention({ from: at(-1), to: at(1) }, T, 30)).toEqual({ from: at(-1), to: at(1) });
  });

  test('leaves nothing of a range that is older as a whole', () => {
    const to = T - 40 * DAY_MS;
    expect(clampToRetention({ from: T - 50 * DAY_MS, to }, T, 30)).toEqual({ from: to, to });
  });
});

describe('the hours of a range', () => {
  test('begin on the hour, before 1970 too', () => {
    expect(startOfHour(at(3, 1))).toBe(at(3));
    expect(startOfHour(-1)).toBe(-HOUR_MS);
    expect(startOfDay(at(23, 59))).toBe(T);
  });

  test('are those it touches, the end left out', () => {
    expect(hoursOf({ from: at(1, 1), to: at(3) })).toEqual([at(1), at(2)]);
    expect(hoursOf({ from: at(1), to: at(3, 1) })).toEqual([at(1), at(2), at(3)]);
    expect(hourCount({ from: at(1, 1), to: at(1, 2) })).toBe(1);
    expect(hoursOf({ from: at(1), to: at(1) })).toEqual([]);
  });
});

describe('a range in whole and cut hours', () => {
  test.each([
    [
      'cut at both ends',
      { from: at(1, 1), to: at(4, 1) },
      [at(2), at(4)],
      [
        [at(1, 1), at(2)],
        [at(4), at(4, 1)],
      ],
    ],
    ['cut at its start', { from: at(1, 1), to: at(4) }, [at(2), at(4)], [[at(1, 1), at(2)]]],
    ['cut at its end', { from: at(1), to: at(3, 5) }, [at(1), at(3)], [[at(3), at(3, 5)]]],
    ['of whole hours', { from: at(1), to: at(4) }, [at(1), at(4)], []],
    ['within one hour', { from: at(1, 1), to: at(1, 9) }, [at(1, 1), at(1, 1)], [[at(1, 1), at(1, 9)]]],
    ['about the border of two hours', { from: at(1, 1), to: at(2, 1) }, [at(1, 1), at(1, 1)], [[at(1, 1), at(2, 1)]]],
    ['that is empty', { from: at(1, 1), to: at(1, 1) }, [at(1, 1), at(1, 1)], []],
  ])('%s', (_case, range, [wholeFrom, wholeTo], edges) => {
    expect(splitWholeHours(range)).toEqual({
      whole: { from: wholeFrom, to: wholeTo },
      edges: edges.map(([from, to]) => ({ from, to })),
    });
  });
});

describe('the windows of a range backwards', () => {
  test('double from one day and meet without a gap', () => {
    const range = { from: T - 10 * DAY_MS, to: at(1) };
    const windows = [...windowsBackwards(range)];
    expect(windows.map(({ from, to }) => (to - from) / DAY_MS)).toEqual([1, 2, 4, 3 + 1 / 24]);
    expect(windows.map(({ to }) => to)).toEqual([range.to, ...windows.slice(0, -1).map(({ from }) => from)]);
    expect(windows.at(-1)?.from).toBe(range.from);
  });

  test('are none of an empty range', () => {
    expect([...windowsBackwards({ from: T, to: T })]).toEqual([]);
    expect([...windowsBackwards({ from: at(1), to: T })]).toEqual([]);
  });
});

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { choiceFrom, DAY_MS, HOUR_MS, isHourly, LAST, rangesAt, withChoice } from '../../dashboard/range/choice.js';
import { instantOf, wallTime } from '../../dashboard/range/zone.js';

const NOW = Date.parse('2026-11-22T12:34:56.789Z');
const choiceOf = (query: string) => choiceFrom(new URLSearchParams(query));

describe('the range of a URL', () => {
  test('is the last day where the URL says nothing, or nothing that makes sense', () => {
    const day = { kind: 'last', name: '24h' };
    expect(choiceOf('')).toEqual(day);
    expect(choiceOf('range=5y')).toEqual(day);
    expect(choiceOf('range=constructor')).toEqual(day);
    expect(choiceOf('from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z')).toEqual(day);
    expect(choiceOf('from=2020-01-01T00:00:00Z&to=2026-11-01T00:00:00Z')).toEqual(day);
    expect(choiceOf('from=yesterday&to=today')).toEqual(day);
  });

  test('comes back from the URL that it was put into, and leaves the rest of it alone', () => {
    const choices = [
      ...Object.keys(LAST).map((name) => choiceOf(`range=${name}`)),
      { kind: 'between', from: NOW - DAY_MS, to: NOW } as const,
    ];
    for (const choice of choices) {
      const params = withChoice(new URLSearchParams('tz=UTC&range=7d&from=x&to=y'), choice);
      expect(choiceFrom(params)).toEqual(choice);
      expect(params.get('tz')).toBe('UTC');
    }
  });

  test('is asked for up to now, and compared with as long a time before', () => {
    expect(rangesAt(choiceOf('range=1h'), NOW)).toEqual({
      range: { from: '2026-11-22T11:34:56.789Z' },
      before: { from: '2026-11-22T10:34:56.789Z', to: '2026-11-22T11:34:56.789Z' },
    });
    expect(rangesAt({ kind: 'between', from: NOW - HOUR_MS, to: NOW }, NOW + DAY_MS)).toEqual({
      range: { from: '2026-11-22T11:34:56.789Z', to: '2026-11-22T12:34:56.789Z' },
      before: { from: '2026-11-22T10:34:56.789Z', to: '2026-11-22T11:34:56.789Z' },
    });
  });

  test('is drawn by the hour up to a month, and by the day beyond', () => {
    expect(isHourly(choiceOf('range=30d'))).toBe(true);
    expect(isHourly(choiceOf('range=90d'))).toBe(false);
  });
});

describe('wall time', () => {
  test('is the same again after it was made an instant, in any zone at any time', () => {
    const zone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe');
    const minute = fc.integer({ min: 25_000_000, max: 32_000_000 });
    fc.assert(
      fc.property(zone, minute, (name, minutes) => {
        const wall = wallTime(minutes * 60_000, name);
        expect(wallTime(instantOf(wall, name), name)).toBe(wall);
      }),
      { numRuns: 300 },
    );
  });

  test('that a clock skips is an instant beside the gap, and what is none is not a number', () => {
    expect(
      Math.abs(instantOf('2026-03-29T02:30', 'Europe/Berlin') - Date.parse('2026-03-29T01:00Z')),
    ).toBeLessThanOrEqual(HOUR_MS);
    expect(instantOf('', 'UTC')).toBeNaN();
  });
});

import { expect, test } from '@jest/globals';
import { axisCount, latency, percent, shortCount } from '../../dashboard/format/numbers.js';
import { codesIn, filterFrom, withFilter } from '../../dashboard/pages/attempt-filter.js';
import { changeOfCount, changeOfLatency, changeOfRate } from '../../dashboard/pages/change.js';
import { failureShare, troubleOf } from '../../dashboard/pages/trouble.js';

const outcomes = (attempts: number, failures: number, pending = 0) => ({ attempts, failures, pending, expired: 0 });

test('a percentage is never rounded up to a hundred', () => {
  expect([0, 50, 98.76, 99.996, 100, null].map(percent)).toEqual(['0 %', '50.0 %', '98.7 %', '99.99 %', '100 %', '–']);
});

test('counts and latencies are short and say their unit', () => {
  expect([0, 1_234, 999_999, 1_234_567].map(shortCount)).toEqual(['0', '1,234', '999,999', '1.23M']);
  expect([0, 85, 999, 1_000, 12_345, null].map(latency)).toEqual(['0 ms', '85 ms', '999 ms', '1 s', '12.3 s', '–']);
  expect([0, 0.5, 1_500].map(axisCount)).toEqual(['0', '', '1.5K']);
});

test('a change says which way it went, and whether that is good', () => {
  expect(changeOfCount(112, 100)).toEqual({ text: '↑ 12 %', said: 'up 12 %', meaning: 'neutral' });
  expect(changeOfCount(5, 0)).toBeNull();
  expect(changeOfLatency(150, 100)).toMatchObject({ text: '↑ 50 %', meaning: 'worse' });
  expect(changeOfLatency(90, 100)).toMatchObject({ text: '↓ 10 %', meaning: 'better' });
  expect(changeOfLatency(null, 100)).toBeNull();
  expect(changeOfRate(98.5, 99.7)).toMatchObject({ text: '↓ 1.2 points', meaning: 'worse' });
  expect(changeOfRate(99, 99.01)).toMatchObject({ text: 'unchanged', meaning: 'neutral' });
});

test('much that fails of much is more trouble than one failure of one, and none is none', () => {
  expect(failureShare(outcomes(10, 2, 2))).toBe(0.25);
  expect(failureShare(outcomes(2, 0, 2))).toBeNull();
  expect(troubleOf(outcomes(1_000, 300))).toBeGreaterThan(troubleOf(outcomes(1, 1)));
  expect(troubleOf(outcomes(1_000, 300))).toBeGreaterThan(troubleOf(outcomes(1_000, 200)));
  expect(troubleOf(outcomes(1_000, 0))).toBe(0);
  expect(troubleOf(outcomes(0, 0))).toBe(0);
});

test('the filter of a URL leaves out what makes no sense, and comes back from the URL that it is put into', () => {
  const filter = filterFrom(
    new URLSearchParams('status=failed,nonsense,EXPIRED&code=500,503&application=a&endpoint=e&event='),
  );
  expect(filter).toEqual({
    status: ['FAILED', 'EXPIRED'],
    code: [500, 503],
    application: 'a',
    endpoint: 'e',
    event: null,
  });
  const params = withFilter(new URLSearchParams('range=7d&event=old'), filter);
  expect(params.toString()).toBe('range=7d&status=failed%2Cexpired&code=500%2C503&application=a&endpoint=e');
  expect(filterFrom(params)).toEqual(filter);
});

test('codes are read as they are typed', () => {
  expect(codesIn('500, 503 500')).toEqual([500, 503]);
  expect(codesIn('')).toEqual([]);
  expect(codesIn('5xx')).toBeNull();
  expect(codesIn('600')).toBeNull();
});

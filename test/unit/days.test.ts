import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { dayCount, daysOf, isTimeZone } from '../../src/records/days.js';
import { HOUR_MS } from '../../src/records/time-range.js';

const range = (from: string, to: string) => ({ from: Date.parse(from), to: Date.parse(to) });
const starts = (from: string, to: string, timeZone: string) =>
  daysOf(range(from, to), timeZone).map(({ date, start }) => [date, new Date(start).toISOString()]);
const hoursOfDays = (from: string, to: string, timeZone: string) => {
  const days = daysOf(range(from, to), timeZone);
  return days.slice(1).map(({ start }, index) => [days[index]?.date, (start - (days[index]?.start ?? 0)) / HOUR_MS]);
};

describe('the days of a time zone', () => {
  test('are those that the range touches, the cut ones too', () => {
    expect(starts('2026-01-01T23:59:59.999Z', '2026-01-03T00:00:00.001Z', 'UTC')).toEqual([
      ['2026-01-01', '2026-01-01T00:00:00.000Z'],
      ['2026-01-02', '2026-01-02T00:00:00.000Z'],
      ['2026-01-03', '2026-01-03T00:00:00.000Z'],
    ]);
    expect(starts('2026-01-02T00:00:00Z', '2026-01-03T00:00:00Z', 'UTC')).toEqual([
      ['2026-01-02', '2026-01-02T00:00:00.000Z'],
    ]);
    expect(starts('2026-01-02T00:00:00Z', '2026-01-02T00:00:00Z', 'UTC')).toEqual([]);
  });

  test.each([
    ['Asia/Kolkata', '2026-01-01T18:30:00.000Z'],
    ['Asia/Kathmandu', '2026-01-01T18:15:00.000Z'],
    ['America/St_Johns', '2026-01-02T03:30:00.000Z'],
    ['Australia/Eucla', '2026-01-01T15:15:00.000Z'],
    ['Pacific/Kiritimati', '2026-01-01T10:00:00.000Z'],
    ['Pacific/Pago_Pago', '2026-01-02T11:00:00.000Z'],
  ])('begin at midnight in %s', (timeZone, start) => {
    const from = Date.parse(start);
    expect(daysOf({ from, to: from + 1 }, timeZone)).toEqual([{ date: '2026-01-02', start: from }]);
    expect(daysOf({ from: from - 1, to: from }, timeZone).map(({ date }) => date)).toEqual(['2026-01-01']);
  });

  test.each([
    ['Europe/Berlin', '2026-03-29', 23],
    ['Europe/Berlin', '2026-10-25', 25],
    ['America/New_York', '2026-03-08', 23],
    ['America/New_York', '2026-11-01', 25],
    ['Australia/Lord_Howe', '2026-04-05', 24.5],
    ['Australia/Lord_Howe', '2026-10-04', 23.5],
    // At midnight the clocks go forward to 1, or back to 23 of the day before.
    ['America/Santiago', '2024-09-08', 23],
    ['America/Santiago', '2024-04-06', 25],
    ['Africa/Cairo', '2024-04-26', 23],
    ['Africa/Cairo', '2024-10-31', 25],
    ['America/Havana', '2024-11-03', 25],
    ['Asia/Tehran', '2022-03-22', 23],
  ])('in %s %s has %d hours', (timeZone, date, hours) => {
    const noon = Date.parse(`${date}T12:00:00Z`);
    const days = daysOf({ from: noon - 36 * HOUR_MS, to: noon + 60 * HOUR_MS }, timeZone);
    const index = days.findIndex((day) => day.date === date);
    expect(((days[index + 1]?.start ?? 0) - (days[index]?.start ?? 0)) / HOUR_MS).toBe(hours);
  });

  test('begin at 1 where the clocks skip midnight', () => {
    expect(starts('2024-09-08T03:59:59.999Z', '2024-09-08T04:00:00.001Z', 'America/Santiago')).toEqual([
      ['2024-09-07', '2024-09-07T04:00:00.000Z'],
      ['2024-09-08', '2024-09-08T04:00:00.000Z'],
    ]);
    expect(starts('2024-04-25T21:59:59.999Z', '2024-04-25T22:00:00.001Z', 'Africa/Cairo')).toEqual([
      ['2024-04-25', '2024-04-24T22:00:00.000Z'],
      ['2024-04-26', '2024-04-25T22:00:00.000Z'],
    ]);
  });

  test('leave out the day that Samoa never had', () => {
    expect(starts('2011-12-30T00:00:00Z', '2011-12-31T12:00:00Z', 'Pacific/Apia')).toEqual([
      ['2011-12-29', '2011-12-29T10:00:00.000Z'],
      ['2011-12-31', '2011-12-30T10:00:00.000Z'],
      ['2012-01-01', '2011-12-31T10:00:00.000Z'],
    ]);
  });

  test('exist before 1970 and until the year 9999', () => {
    expect(hoursOfDays('0000-01-01T12:00:00Z', '0000-01-03T12:00:00Z', 'UTC')).toEqual([
      ['0000-01-01', 24],
      ['0000-01-02', 24],
    ]);
    expect(starts('9999-12-31T23:00:00Z', '9999-12-31T23:59:59.999Z', 'Asia/Tokyo')).toEqual([
      ['+010000-01-01', '9999-12-31T15:00:00.000Z'],
    ]);
  });

  test('follow one another without a gap in any zone, each with the date that its instants have', () => {
    const zones = Intl.supportedValuesOf('timeZone');
    const property = fc.property(
      fc.constantFrom(...zones),
      fc.integer({ min: Date.UTC(2012), max: Date.UTC(2037) }),
      fc.integer({ min: 1, max: 40 * 24 * HOUR_MS }),
      (timeZone, from, width) => {
        const to = from + width;
        const days = daysOf({ from, to }, timeZone);
        const dateAt = new Intl.DateTimeFormat('en-CA', { timeZone });
        expect(days.length).toBe(dayCount({ from, to }, timeZone));
        expect(days[0]?.start).toBeLessThanOrEqual(from);
        expect(days.at(-1)?.start).toBeLessThan(to);
        for (const [index, { date, start }] of days.entries()) {
          expect([dateAt.format(start), dateAt.format(start - 1) < date]).toEqual([date, true]);
          const next = days[index + 1]?.start;
          if (next !== undefined) expect([dateAt.format(next - 1), start < next]).toEqual([date, true]);
        }
      },
    );
    fc.assert(property, { numRuns: 100 });
  });
});

test.each([
  ['UTC', true],
  ['Asia/Kathmandu', true],
  ['America/Argentina/Buenos_Aires', true],
  ['', false],
  ['Mars/Olympus', false],
  ["UTC'; DROP TABLE", false],
])('%j is a time zone: %s', (text, known) => {
  expect(isTimeZone(text)).toBe(known);
});

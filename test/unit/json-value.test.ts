import { describe, expect, test } from '@jest/globals';
import { timeOf } from '../../src/records/json-value.js';
import { areWordsAt, hexAt, NOT_HEX, wordsOf } from '../../src/records/words.js';

const viewOf = (bytes: Buffer): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

describe('values of JSON, read from bytes', () => {
  test('four hex digits are two bytes, and with any other byte among them none', () => {
    for (let place = 0; place < 4; place++) {
      for (let byte = 0; byte < 256; byte++) {
        const text = Buffer.from('-7fA0-');
        text[1 + place] = byte;
        const digits = text.toString('latin1', 1, 5);
        const expected = /^[0-9a-f]{4}$/i.test(digits) ? Number.parseInt(digits, 16) : NOT_HEX;
        expect([digits, hexAt(viewOf(text), 1)]).toEqual([digits, expected]);
      }
    }
  });

  test.each(['four', 'fives', 'sevens!', 'eight ch', 'thirteen char'])(
    '"%s" is found where it is, and nowhere else',
    (text) => {
      const bytes = Buffer.from(`.${text}`);
      const isAt = (at: number, source = bytes): boolean =>
        areWordsAt(viewOf(source), at, wordsOf(Buffer.from(text)), text.length);
      expect([isAt(0), isAt(1), isAt(2)]).toEqual([false, true, false]);
      for (let at = 1; at < bytes.length; at++) {
        const other = Buffer.from(bytes);
        other[at] = 0x2a;
        expect(isAt(1, other)).toBe(false);
      }
    },
  );

  test('the first and the last day of every month, and only days that exist, are times', () => {
    const textOf = (year: number, month: number, day: number): string =>
      `${[year, month, day].map((part) => String(part).padStart(2, '0')).join('-')}T23:59:58.765Z`;
    for (let year = 1000; year < 3000; year++) {
      for (let month = 1; month <= 12; month++) {
        const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
        for (const day of [0, 1, last, last + 1]) {
          const json = Buffer.from(JSON.stringify(textOf(year, month, day)));
          const time = timeOf(json, 0, json.length);
          const expected = day === 0 || day > last ? Number.NaN : Date.parse(textOf(year, month, day));
          if (!Object.is(time, expected)) throw new Error(`${json} is ${time}, expected ${expected}`);
        }
      }
    }
  });
});

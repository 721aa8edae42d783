import { describe, expect, test } from '@jest/globals';
import { EntryIds } from '../../src/stores/redis/entry-ids.js';

describe('ids of entries', () => {
  const some = ['0-1', '1-1234567', '1700000000000-0', '18446744073709551615-18446744073709551615'];
  const many = Array.from({ length: 5_000 }, (_, index) => `1700000000000-${index}`);

  test.each([
    ['none', []],
    ['some', some],
    ['many', many],
  ])('are the ones that were added, as a list and as a text: %s', (_how, ids) => {
    const entryIds = new EntryIds(ids);
    expect(entryIds.count).toBe(ids.length);
    expect(entryIds.list()).toEqual(ids);
    expect(entryIds.text().toString()).toBe(ids.join(' '));
    expect(EntryIds.parse(ids.join(' ')).list()).toEqual(ids);
  });

  test('are as arguments what the protocol says', () => {
    const [all, ...more] = new EntryIds(some).asArguments(10);
    expect(more).toEqual([]);
    expect(all?.count).toBe(4);
    expect(all?.bytes.toString()).toBe(some.map((id) => `$${id.length}\r\n${id}\r\n`).join(''));
  });

  test('come as arguments of several commands, each id once and in order', () => {
    const parts = [...new EntryIds(many).asArguments(999)];
    expect(parts.map(({ count }) => count)).toEqual([999, 999, 999, 999, 999, 5]);
    const lines = parts.flatMap(({ bytes }) => bytes.toString().split('\r\n').filter(Boolean));
    expect(lines.filter((_, place) => place % 2 === 1)).toEqual(many);
    expect([...new EntryIds().asArguments(999)]).toEqual([]);
  });
});

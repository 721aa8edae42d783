import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { EntryParser } from '../../src/stores/redis/entry-parser.js';
import { idOf, type StreamEntry, streamEntry } from '../../src/stores/redis/stream-entry.js';

type Fields = readonly Buffer[];
type Given = readonly { readonly id: string; readonly fields: Fields }[];

const text = (value: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from(`$${Buffer.byteLength(value)}\r\n`), Buffer.from(value), Buffer.from('\r\n')]);
const array = (...items: readonly Buffer[]): Buffer => Buffer.concat([Buffer.from(`*${items.length}\r\n`), ...items]);
/** As Redis answers an XREADGROUP of one stream. */
const replyOf = (given: Given): Buffer =>
  array(
    array(text('{a}:events'), array(...given.map(({ id, fields }) => array(text(id), array(...fields.map(text)))))),
  );

/** What an entry says, which is gone when more comes. */
const said = ({ source, from, to, ids, idFrom, idTo, ...entry }: StreamEntry) => ({
  ...entry,
  id: idOf({ ids, idFrom, idTo }),
  value: source.subarray(from, to).toString('latin1'),
});
const expected = (given: Given) => given.map(({ id, fields }) => said(streamEntry(id, fields)));

/** Gives a parser the bytes in these pieces, an XREADGROUP being expected, and takes what has come after each. */
function parse(parser: EntryParser, pieces: readonly Buffer[]) {
  const passed: Buffer[] = [];
  const entries: ReturnType<typeof said>[] = [];
  parser.expect();
  for (const piece of pieces) {
    // The socket reads the next bytes into the same place.
    const bytes = Buffer.from(piece);
    parser.push(bytes, (rest) => passed.push(Buffer.from(rest)));
    bytes.fill(0);
    for (let entry = parser.take(); entry !== null; entry = parser.take()) entries.push(said(entry));
  }
  return { passed: Buffer.concat(passed).toString('latin1'), entries };
}

function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % bytes.length))].sort((one, other) => one - other);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

const GIVEN: Given = [
  { id: '1772366400000-0', fields: ['record', '{"id":"*2\\r\\n"}'].map((each) => Buffer.from(each)) },
  {
    id: '1772366400000-18446744073709551615',
    fields: ['from', 'me', 'rowbinary', 'a\r\nb'].map((each) => Buffer.from(each)),
  },
  { id: '0-1', fields: ['records', ''].map((each) => Buffer.from(each)) },
  { id: '5-1', fields: ['record', '1', 'record', '2', 'é', '\r\n'].map((each) => Buffer.from(each)) },
  { id: '5-2', fields: ['Record', ''].map((each) => Buffer.from(each)) },
];
const fields = fc
  .array(
    fc.tuple(
      fc.constantFrom('record', 'records', 'rowbinary', 'traceparent', 'other', ''),
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    ),
    { minLength: 1, maxLength: 3 },
  )
  .map((pairs) => pairs.flatMap(([name, value]) => [Buffer.from(name), value]));
const ids = fc.tuple(fc.nat(2 ** 31), fc.nat(9)).map(([time, sequence]) => `${time}-${sequence}`);
const replies = fc.array(fc.record({ id: ids, fields }), { minLength: 1, maxLength: 20 });

describe('replies of XREADGROUP', () => {
  test('are the same entries wherever they are cut in two, and their number is passed on', () => {
    const bytes = replyOf(GIVEN);
    for (let place = 1; place < bytes.length; place++) {
      const { passed, entries } = parse(new EntryParser(), cutAt(bytes, [place]));
      expect(passed).toBe(`:${GIVEN.length}\r\n`);
      expect(entries).toEqual(expected(GIVEN));
    }
  });

  test('are the same entries byte by byte and in any pieces, one reply after the other', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(replies, fc.array(fc.nat(), { maxLength: 30 })), { maxLength: 4 }), (all) => {
        const parser = new EntryParser();
        for (const [given, places] of all) {
          const bytes = replyOf(given);
          const pieces = places.length === 0 ? Array.from(bytes, (byte) => Buffer.of(byte)) : cutAt(bytes, places);
          expect(parse(parser, pieces)).toEqual({ passed: `:${given.length}\r\n`, entries: expected(given) });
          expect({ remaining: parser.remaining, waiting: parser.waiting }).toEqual({ remaining: 0, waiting: 0 });
        }
      }),
    );
  });

  test('tell how many entries are given before these have come', () => {
    const parser = new EntryParser();
    const bytes = replyOf(GIVEN);
    const { passed, entries } = parse(parser, [bytes.subarray(0, bytes.indexOf('\r\n*5') + 6)]);
    expect({ passed, entries, remaining: parser.remaining }).toEqual({ passed: ':5\r\n', entries: [], remaining: 5 });
  });

  test('keep the bytes of entries that wait while far more come, and of entries of any size', () => {
    const sizes = [10, 3_000_000, 10, 5_000_000, 1_500_000, 10, 900_000, 900_000, 900_000, 10];
    const given = sizes.map((size, index) => ({
      id: `${index}-0`,
      fields: [Buffer.from('record'), Buffer.alloc(size, 97 + index)],
    }));
    const bytes = replyOf(given);
    const parser = new EntryParser();
    parser.expect();
    for (let at = 0; at < bytes.length; at += 131_072) parser.push(bytes.subarray(at, at + 131_072), () => undefined);
    expect(parser.waiting).toBe(sizes.reduce((sum, size) => sum + size + 6, 0));
    for (const one of given) {
      const entry = parser.take();
      expect(entry?.source.subarray(entry.from, entry.to).equals(one.fields[1] ?? Buffer.of())).toBe(true);
    }
    expect(parser.take()).toBeNull();
  });

  test.each(['*-1\r\n', '-NOGROUP No such key\r\n', '_\r\n', ':0\r\n'])(
    'that are none (%j) go through as they are',
    (reply) => {
      const bytes = Buffer.from(reply);
      for (let place = 1; place < bytes.length; place++) {
        const parser = new EntryParser();
        expect(parse(parser, cutAt(bytes, [place]))).toEqual({ passed: reply, entries: [] });
        expect(parse(parser, [replyOf(GIVEN)])).toEqual({ passed: ':5\r\n', entries: expected(GIVEN) });
      }
    },
  );

  test('that nobody expects go through as they are, as all does that comes behind one', () => {
    const passed: Buffer[] = [];
    const parser = new EntryParser();
    parser.push(replyOf(GIVEN), (bytes) => passed.push(bytes));
    parser.expect();
    parser.push(Buffer.concat([replyOf(GIVEN), replyOf(GIVEN)]), (bytes) => passed.push(bytes));
    expect(Buffer.concat(passed)).toEqual(Buffer.concat([replyOf(GIVEN), Buffer.from(':5\r\n'), replyOf(GIVEN)]));
  });

  test('that end with their connection leave what has come, and nothing of the next one is taken for their rest', () => {
    const parser = new EntryParser();
    const bytes = replyOf(GIVEN);
    const { entries } = parse(parser, [bytes.subarray(0, bytes.indexOf('\r\n0-1') + 3)]);
    expect(entries).toEqual(expected(GIVEN.slice(0, 2)));
    parser.reset();
    const passed: Buffer[] = [];
    parser.push(Buffer.from('+OK\r\n'), (rest) => passed.push(rest));
    expect(Buffer.concat(passed).toString()).toBe('+OK\r\n');
    expect(parse(parser, [bytes])).toEqual({ passed: ':5\r\n', entries: expected(GIVEN) });
  });

  test('that are not what Redis sends are refused', () => {
    for (const bytes of ['*1\r\n$3\r\n', '*1\r\n*2\r\n$1\r\na\r\n*1\r\n*2\r\n:1\r\n', '*1\r\n*2\r\n$x\r\n']) {
      expect(() => parse(new EntryParser(), [Buffer.from(bytes)])).toThrow('Redis was expected to send');
    }
  });
});

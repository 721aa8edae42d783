import { isUtf8 } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { attemptType } from '../../src/records/attempt.js';
import { Rejected } from '../../src/records/codec.js';
import { eventType } from '../../src/records/event.js';
import { JsonRows } from '../../src/records/json-row.js';
import type { RecordType } from '../../src/records/record-type.js';
import { RowBinaryError, RowBinaryReader } from '../../src/records/row-binary.js';
import { RowCheck } from '../../src/records/row-check.js';
import { Rows } from '../../src/records/rows.js';
import { rowsOf } from '../support/rows.js';

const CONTEXT = { entryTime: Date.parse('2026-03-01T12:00:00.000Z'), retentionDays: 30 };

/** Nearly always what producers send; now and then rare or bad. */
const mostly = <T>(usual: fc.Arbitrary<T>, ...others: readonly fc.Arbitrary<unknown>[]): fc.Arbitrary<unknown> =>
  fc.oneof(
    { arbitrary: usual, weight: 60 },
    ...[...others, fc.jsonValue(), fc.constant(null)].map((arbitrary) => ({ arbitrary, weight: 1 })),
  );
const orNull = <T>(usual: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(usual, { nil: null });

const uuids = mostly(
  fc.uuid(),
  fc.uuid().map((id) => id.toUpperCase()),
  fc.constantFrom('', '6f9619ff-8b86-4011-b42d-00c04fc964f', '6f9619ff_8b86-4011-b42d-00c04fc964ff', 'g'.repeat(36)),
);
const bytesOf = (bytes: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((array) => `0x${Buffer.from(array).toString('hex')}`);
const badHex = (bytes: number): fc.Arbitrary<string> =>
  fc.constantFrom(`0X${'aB'.repeat(bytes)}`, `0x${'ag'.repeat(bytes)}`, '0x', '0x1', `1x${'ab'.repeat(bytes)}`);
const hash = mostly(bytesOf(32), badHex(32));
const [EARLIEST, LATEST] = [CONTEXT.entryTime - 30 * 86_400_000, CONTEXT.entryTime + 3_600_000];
const isoTimes = (min: number, max: number): fc.Arbitrary<string> =>
  fc.integer({ min, max }).map((time) => new Date(time).toISOString());
const times = mostly(
  isoTimes(EARLIEST, LATEST),
  isoTimes(EARLIEST - 1_000, EARLIEST + 1_000),
  isoTimes(LATEST - 1_000, LATEST + 1_000),
  fc.constantFrom(
    '2026-03-01T12:00:00Z',
    '2026-03-01T12:00:00.1Z',
    '2026-03-01T13:59:59.1239+02:00',
    '2026-02-28 12:00:00.000Z',
    '2026-02-29T12:00:00.000Z',
    '2026-02-28T24:00:00.000Z',
    '2026-02-28T23:60:00.000Z',
    '2026-02-28T23:59:60.000Z',
    '2026-13-01T12:00:00.000Z',
    '2026-02-1xT12:00:00.000Z',
    '2026-03-01T12:00:00,000Z',
    '2026-03-01T12:00:00.000z',
    'yesterday at twelve, I say',
  ),
);
const numbers = (min: number, max: number): fc.Arbitrary<unknown> =>
  mostly(
    fc.integer({ min, max }),
    fc.constantFrom(min - 1, max + 1, -0, 1.5, 1e3, 2 ** 32, 999_999_999_999_999, 2 ** 53 - 1, 2 ** 53, 1e21),
  );
const texts = mostly(
  fc.string({ maxLength: 40, unit: fc.constantFrom(...'HTTP 503, timed out after 10000 ms') }),
  fc.string({ maxLength: 40 }),
  fc.constantFrom('', 'a"b', 'a\\b', 'a\nb', 'a\0b', 'ż', '\ud800', '\u{1f600}', '\u007f'),
  fc.constantFrom('x'.repeat(65_536), 'x'.repeat(65_537)),
);
const statuses = mostly(
  fc.constantFrom('pending', 'success', 'failed', 'expired'),
  fc.constantFrom('Success', 'success ', ''),
);

const attempts = fc.record(
  {
    id: uuids,
    event_id: uuids,
    endpoint_id: uuids,
    user_id: uuids,
    attempt_number: numbers(1, 255),
    status: statuses,
    http_status_code: orNull(numbers(100, 599)),
    response_time_ms: orNull(numbers(0, 2 ** 32 - 1)),
    error_message: orNull(texts),
    created_at: times,
    updated_at: times,
    note: texts,
  },
  { requiredKeys: ['id', 'event_id', 'endpoint_id', 'user_id', 'attempt_number', 'status', 'created_at'] },
);
const events = fc
  .record(
    {
      id: uuids,
      chain_id: numbers(1, 2 ** 32 - 1),
      block_number: numbers(0, 2 ** 48),
      block_hash: hash,
      transaction_hash: hash,
      transaction_index: numbers(0, 2 ** 32 - 1),
      log_index: numbers(0, 2 ** 32 - 1),
      address: mostly(bytesOf(20), badHex(20)),
      data: mostly(
        fc.nat({ max: 200 }).chain(bytesOf),
        fc.constantFrom(`0x${'00'.repeat(2 ** 20)}`, `0x${'00'.repeat(2 ** 20 + 1)}`, '0x0'),
      ),
      ingested_at: times,
      created_at: times,
    },
    {
      requiredKeys: [
        'id',
        'chain_id',
        'block_number',
        'block_hash',
        'transaction_hash',
        'transaction_index',
        'log_index',
        'address',
        'data',
      ],
    },
  )
  .chain((event) =>
    mostly(fc.array(hash, { maxLength: 4 }), fc.array(orNull(hash), { maxLength: 4 })).map((topics) => ({
      ...event,
      ...Object.fromEntries((Array.isArray(topics) ? topics : []).map((topic, index) => [`topic${index}`, topic])),
    })),
  );

/** A few bytes changed, removed or repeated. */
const damaged = (texts: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> => {
  const damage = fc.tuple(fc.nat(), fc.constantFrom('change', 'remove', 'repeat'), fc.nat({ max: 255 }));
  const damages = fc.oneof(
    { arbitrary: fc.constant([]), weight: 3 },
    { arbitrary: fc.array(damage, { maxLength: 2 }), weight: 1 },
  );
  return fc.tuple(texts, damages).map(([text, all]) =>
    all.reduce((bytes, [place, kind, byte]) => {
      const at = place % Math.max(1, bytes.length);
      const [head, rest] = [bytes.subarray(0, at), bytes.subarray(at + 1)];
      const middle = { change: [byte], remove: [], repeat: [bytes[at] ?? 0, bytes[at] ?? 0] }[kind];
      return Buffer.concat([head, Buffer.from(middle), rest]);
    }, text),
  );
};
const shuffled = (record: object): fc.Arbitrary<object> =>
  fc.shuffledSubarray(Object.entries(record), { minLength: Object.keys(record).length }).map(Object.fromEntries);
const json = (records: fc.Arbitrary<object>): fc.Arbitrary<Buffer> =>
  damaged(
    fc
      .tuple(fc.oneof(records, records.chain(shuffled)), fc.constantFrom(undefined, 1))
      .map(([record, indent]) => Buffer.from(JSON.stringify(record, undefined, indent))),
  );

/** The row of a JSON text by the long way; null where it is rejected. */
function longWay<R>(type: RecordType<R>, text: Buffer): Buffer | null {
  try {
    if (!isUtf8(text)) return null;
    const value: unknown = JSON.parse(text.toString('utf8'));
    return rowsOf(type, [type.parse(value, CONTEXT)]).bytes();
  } catch (error) {
    if (error instanceof Rejected || error instanceof SyntaxError) return null;
    throw error;
  }
}

/** The same of a row, which has to end where the bytes do. */
function rowByTheLongWay<R>(type: RecordType<R>, row: Buffer): Buffer | null {
  try {
    const reader = new RowBinaryReader(row);
    const record = type.readRow(reader, CONTEXT);
    return reader.done ? rowsOf(type, [record]).bytes() : null;
  } catch (error) {
    if (error instanceof Rejected || error instanceof RowBinaryError) return null;
    throw error;
  }
}

/** Whether the fast way takes the text. Fails where it then does not do what the long way does. */
function takesJson<R>(type: RecordType<R>, text: Buffer): boolean {
  const rows = new Rows(type);
  // With something before and behind it, as a line of an entry has.
  const source = Buffer.concat([Buffer.from('"1}'), text, Buffer.from(',"2":3}')]);
  const isTaken = new JsonRows(type).append(source, 3, 3 + text.length, CONTEXT, rows.writer);
  const expected = isTaken ? longWay(type, text) : type.rowBinaryHeader;
  expect(rows.bytes().toString('hex')).toBe(expected?.toString('hex'));
  return isTaken;
}

/** The same of a row. */
function takesRow<R>(type: RecordType<R>, row: Buffer): boolean {
  const end = new RowCheck(type).endOfGood(row, 0, CONTEXT);
  if (end === -1) return false;
  const taken = Buffer.concat([type.rowBinaryHeader, row.subarray(0, end)]);
  expect(taken.toString('hex')).toBe(rowByTheLongWay(type, row.subarray(0, end))?.toString('hex'));
  return true;
}

const share = (taken: readonly boolean[]): number => taken.filter((isTaken) => isTaken).length / taken.length;

function describeType<R>(type: RecordType<R>, records: fc.Arbitrary<object>): void {
  describe(`the fast way of ${type.table}`, () => {
    test('takes of JSON only what the long way takes, and gives the same row', () => {
      const taken: boolean[] = [];
      fc.assert(
        fc.property(json(records), (text) => {
          taken.push(takesJson(type, text));
        }),
        { numRuns: 800 },
      );
      expect(share(taken)).toBeGreaterThan(0.2);
      expect(share(taken)).toBeLessThan(0.9);
    });

    test('takes of rows only what the long way takes, and what it would write', () => {
      const taken: boolean[] = [];
      const rows = json(records)
        .map((text) => longWay(type, text))
        .filter((row) => row !== null)
        .map((row) => row.subarray(type.rowBinaryHeader.length));
      fc.assert(
        fc.property(damaged(rows), (row) => {
          taken.push(takesRow(type, row));
        }),
        { numRuns: 800 },
      );
      expect(share(taken)).toBeGreaterThan(0.5);
      expect(share(taken)).toBeLessThan(1);
    });
  });
}

describeType(attemptType, attempts);
describeType(eventType, events);

test('a row of the fast way is read back as the record that was sent', () => {
  const time = new Date(CONTEXT.entryTime).toISOString();
  const ids = { id: 1, event_id: 2, endpoint_id: 3, user_id: 4 };
  const sent = {
    ...Object.fromEntries(
      Object.entries(ids).map(([name, digit]) => [name, `0190a000-0000-7000-8000-00000000000${digit}`]),
    ),
    attempt_number: 2,
    status: 'failed',
    http_status_code: 503,
    response_time_ms: null,
    error_message: 'HTTP 503',
  };
  const rows = new Rows(attemptType);
  const text = Buffer.from(JSON.stringify({ ...sent, created_at: time }));
  expect(new JsonRows(attemptType).append(text, 0, text.length, CONTEXT, rows.writer)).toBe(true);
  rows.endRow();
  expect(rows.record(0)).toEqual({ ...sent, created_at: CONTEXT.entryTime, updated_at: CONTEXT.entryTime });
});

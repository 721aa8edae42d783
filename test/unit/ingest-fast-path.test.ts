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
import { CONTEXT, generatedAttempts, generatedEvents } from '../support/generated-records.js';
import { rowsOf } from '../support/rows.js';

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

describeType(attemptType, generatedAttempts);
describeType(eventType, generatedEvents);

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

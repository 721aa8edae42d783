import { describe, expect, test } from '@jest/globals';
import { payloadsOf } from '../../ingest-worker/entry.js';
import { attemptType } from '../../src/records/attempt.js';
import { eventType } from '../../src/records/event.js';
import { RowBinaryWriter } from '../../src/records/row-binary.js';
import type { StreamEntry } from '../../src/stores/redis/stream-entry.js';
import { ATTEMPT, ENTRY_TIME, EVENT, entryOf, entryWithId, iso } from '../support/entry-samples.js';
import { decodeEntry, rowsOf as rowsWith } from '../support/rows.js';

const DAY_MS = 86_400_000;
const decode = (entry: StreamEntry) => decodeEntry(attemptType, entry, 30);
const reasonsOf = (entry: StreamEntry): string[] => decode(entry).rejected.map(({ reason }) => reason);

describe('the forms of an entry', () => {
  const json = JSON.stringify(ATTEMPT);

  test('records: blank lines do not count, each bad line is rejected alone, with its own bytes', () => {
    const lines = [json, '', ' \t\r', '[]', `${json}\r`, '{', 'null', json];
    const decoded = decode(entryOf('records', lines.join('\n')));
    expect(decoded.records.map((record) => record !== null)).toEqual([true, false, true, false, false, true]);
    expect(decoded.rejected.map(({ recordIndex, payload }) => [recordIndex, String(payload)])).toEqual([
      [1, '[]'],
      [3, '{'],
      [4, 'null'],
    ]);
  });

  test('records: a line that is not UTF-8 is rejected alone', () => {
    const bad = Buffer.from([0x7b, 0xff, 0x7d]);
    const entry = entryOf('records', Buffer.concat([Buffer.from(`${json}\n`), bad, Buffer.from(`\n${json}\n`)]));
    expect(decode(entry).records.map((record) => record !== null)).toEqual([true, false, true]);
    expect(decode(entry).rejected).toMatchObject([{ recordIndex: 1, reason: 'records: must be UTF-8', payload: bad }]);
  });

  test('an empty list of records is no record at all; an empty record is a bad one', () => {
    expect(decode(entryOf('records', '\n'))).toMatchObject({ records: [], rejected: [] });
    expect(reasonsOf(entryOf('record', ''))).toEqual(['record: must be JSON']);
  });

  test('no form, two forms and one form twice are rejected as a whole; other fields do not matter', () => {
    const wrong = /^an entry must have exactly one field of record, records, rowbinary$/;
    for (const fields of [['other', json], [], ['record', json, 'records', json], ['record', json, 'record', json]]) {
      expect(reasonsOf(entryOf(...fields))).toEqual([expect.stringMatching(wrong)]);
    }
    expect(decode(entryOf('trace', 'x', 'record', json)).records).toHaveLength(1);
    expect(String(decode(entryOf('other', json)).rejected[0]?.payload)).toBe(JSON.stringify(['other', json]));
  });

  describe('rowbinary', () => {
    const good = attemptType.parse(ATTEMPT, { entryTime: ENTRY_TIME, retentionDays: 30 });
    const rowsOf = (...records: object[]): Buffer => {
      const writer = new RowBinaryWriter();
      writer.raw(attemptType.rowBinaryHeader);
      for (const record of records) attemptType.writeRow(writer, { ...good, ...record });
      return Buffer.from(writer.bytes());
    };
    const { rowBinaryHeader } = attemptType;

    test('obeys the same rules as JSON, row by row', () => {
      const bad = [
        { attempt_number: 0 },
        { http_status_code: 99 },
        { error_message: 'a\0b' },
        { error_message: 'x'.repeat(64 * 1024 + 1) },
        { created_at: ENTRY_TIME - 30 * DAY_MS - 1 },
        { updated_at: ENTRY_TIME + 3_600_001 },
        { created_at: -1e15 },
      ];
      const entry = entryOf('rowbinary', rowsOf({}, ...bad, {}));
      const decoded = decode(entry);
      expect(decoded.records).toEqual([good, ...bad.map(() => null), good]);
      expect(decoded.rejected.map(({ reason }) => reason.split(':', 1)[0])).toEqual(
        bad.map((fields) => Object.keys(fields)[0]),
      );
      for (const { recordIndex, payload } of decoded.rejected) {
        expect(payload.equals(rowsOf(bad[recordIndex - 1] ?? {}))).toBe(true);
        expect(payloadsOf(attemptType, entry)(recordIndex).equals(payload)).toBe(true);
      }
    });

    test('a number of no status and text that is not UTF-8 are rejected alone', () => {
      const row = rowsOf({ status: 'expired', error_message: '??' });
      const status = rowBinaryHeader.length + 4 * 16 + 1;
      const badStatus = Buffer.from(row);
      badStatus[status] = 4;
      const badText = Buffer.from(row);
      badText[row.indexOf('??')] = 0xff;
      expect(reasonsOf(entryOf('rowbinary', badStatus))).toEqual([expect.stringContaining('status: ')]);
      expect(reasonsOf(entryOf('rowbinary', badText))).toEqual(['error_message: must be UTF-8']);
    });

    test('an entry that cannot be read is one dead letter, its good rows too', () => {
      const whole = rowsOf({}, {});
      const wrongNull = rowsOf({});
      wrongNull[rowBinaryHeader.length + 4 * 16 + 2] = 2;
      for (const value of [
        whole.subarray(0, -1),
        whole.subarray(0, rowBinaryHeader.length - 1),
        Buffer.concat([whole, Buffer.from([1])]),
        Buffer.from('{}'),
        Buffer.alloc(0),
        wrongNull,
        Buffer.concat([eventType.rowBinaryHeader, whole.subarray(rowBinaryHeader.length)]),
      ]) {
        const decoded = decode(entryOf('rowbinary', value));
        expect(decoded.records).toEqual([null]);
        expect(decoded.rejected).toMatchObject([{ recordIndex: 0, payload: value }]);
        expect(decoded.rejected[0]?.reason).toMatch(/^rowbinary: cannot be read, /);
      }
    });

    test('a header alone holds no record', () => {
      expect(decode(entryOf('rowbinary', rowBinaryHeader))).toMatchObject({ records: [], rejected: [] });
    });
  });

  test('no record is taken from an entry whose id is of a time that a store cannot hold, in any form', () => {
    const minimal = { ...EVENT, ingested_at: undefined };
    for (const id of ['18446744073709551615-0', '9223372036854775808-1', `${2 ** 53}-0`, '3976214400001-0']) {
      for (const [fields, count] of [
        [['record', JSON.stringify(minimal)], 1],
        [['records', `${JSON.stringify(minimal)}\n${JSON.stringify({ ...EVENT, created_at: iso(ENTRY_TIME) })}`], 2],
      ] as const) {
        const decoded = decodeEntry(eventType, entryWithId(id, ...fields), 90);
        expect(decoded.records).toEqual(Array.from({ length: count }, () => null));
        expect(decoded.rejected[0]?.reason).toBe('ingested_at: must be between 1970 and 2096');
      }
      const row = attemptType.parse(ATTEMPT, { entryTime: ENTRY_TIME, retentionDays: 30 });
      const value = Buffer.from(rowsWith(attemptType, [row]).bytes());
      expect(reasonsOf(entryWithId(id, 'rowbinary', value))).toEqual([expect.stringMatching(/^created_at: /)]);
    }
  });

  test('a time before 1970 is not taken though the entry and the retention would have it', () => {
    const fields = { ...ATTEMPT, created_at: '1969-12-31T23:59:59.999Z' };
    const entry = entryWithId('5-0', 'record', JSON.stringify(fields));
    expect(reasonsOf(entry)).toEqual(['created_at: must be between 1970 and 2096']);
  });

  test('the bytes of a record are found again by its index', () => {
    const entry = entryOf('records', `\n${json}\n\n{}\n`);
    expect(String(payloadsOf(attemptType, entry)(0))).toBe(json);
    expect(String(payloadsOf(attemptType, entry)(1))).toBe('{}');
    expect(String(payloadsOf(attemptType, entryOf('record', json))(0))).toBe(json);
  });
});

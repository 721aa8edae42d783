import { describe, expect, test } from '@jest/globals';
import { payloadsOf } from '../../ingest-worker/entry.js';
import { attemptType } from '../../src/records/attempt.js';
import { eventType } from '../../src/records/event.js';
import { RowBinaryWriter } from '../../src/records/row-binary.js';
import { type StreamEntry, streamEntry } from '../../src/stores/redis/stream-entry.js';
import { decodeEntry, rowsOf as rowsWith } from '../support/rows.js';

const ENTRY_TIME = Date.parse('2026-03-01T12:00:00.000Z');
const DAY_MS = 86_400_000;
const iso = (time: number): string => new Date(time).toISOString();
const hex = (bytes: number): string => `0x${'ab'.repeat(bytes)}`;

const ATTEMPT = {
  id: '6f9619ff-8b86-4011-b42d-00c04fc964ff',
  event_id: '6f9619ff-8b86-4011-b42d-00c04fc964f0',
  endpoint_id: '6f9619ff-8b86-4011-b42d-00c04fc964f1',
  user_id: '6f9619ff-8b86-4011-b42d-00c04fc964f2',
  attempt_number: 1,
  status: 'success',
  http_status_code: 200,
  response_time_ms: 12,
  error_message: null,
  created_at: iso(ENTRY_TIME),
};
const EVENT = {
  id: ATTEMPT.event_id,
  chain_id: 1,
  block_number: 1,
  block_hash: hex(32),
  transaction_hash: hex(32),
  transaction_index: 0,
  log_index: 0,
  address: hex(20),
  topic0: hex(32),
  data: '0x',
};
const TYPES = { attempt: attemptType, event: eventType };
const GOOD: Record<keyof typeof TYPES, object> = { attempt: ATTEMPT, event: EVENT };

const entryOf = (...fields: (string | Buffer)[]): StreamEntry =>
  streamEntry(
    `${ENTRY_TIME}-0`,
    fields.map((field) => Buffer.from(field)),
  );

const decode = (entry: StreamEntry) => decodeEntry(attemptType, entry, 30);
const reasonsOf = (entry: StreamEntry): string[] => decode(entry).rejected.map(({ reason }) => reason);

function rejectionOf(kind: keyof typeof TYPES, fields: object): string | undefined {
  const entry = entryOf('record', JSON.stringify({ ...GOOD[kind], ...fields }));
  const decoded = kind === 'attempt' ? decodeEntry(attemptType, entry, 30) : decodeEntry(eventType, entry, 90);
  return decoded.rejected[0]?.reason;
}

const NOT_UUIDS = ['', 'x', 1, null, {}, '6f9619ff8b864011b42d00c04fc964ff', ` ${ATTEMPT.id}`];
const notBetween = (min: number, max: number): unknown[] => [min - 1, max + 1, min + 0.5, String(min), true, null, []];
const NOT_TIMES = [
  '',
  0,
  null,
  '2026-03-01',
  '2026-03-01T12:00:00',
  '2026-02-29T12:00:00Z',
  '2026-03-01T24:00:00Z',
  '2026-03-01T12:00:60Z',
  '2026-03-01T12:00:00+24:00',
  '1970-01-01T00:00:00Z',
  '2200-01-01T00:00:00Z',
];
const notHex = (bytes: number): unknown[] => [
  hex(bytes - 1),
  hex(bytes + 1),
  hex(bytes).slice(2),
  `0x${'g'.repeat(2 * bytes)}`,
  7,
];
const TOO_OLD_ATTEMPT = iso(ENTRY_TIME - 30 * DAY_MS - 1);
const TOO_EARLY = iso(ENTRY_TIME + 3_600_001);

const BAD: [keyof typeof TYPES, string, unknown[]][] = [
  ['attempt', 'id', NOT_UUIDS],
  ['attempt', 'event_id', NOT_UUIDS],
  ['attempt', 'endpoint_id', NOT_UUIDS],
  ['attempt', 'user_id', NOT_UUIDS],
  ['attempt', 'attempt_number', notBetween(1, 255)],
  ['attempt', 'status', ['SUCCESS', '', 'done', 1, null]],
  ['attempt', 'http_status_code', notBetween(100, 599).filter((value) => value !== null)],
  ['attempt', 'response_time_ms', notBetween(0, 2 ** 32 - 1).filter((value) => value !== null)],
  ['attempt', 'error_message', [1, {}, 'a\0b', '\ud800', 'ż'.repeat(32 * 1024 + 1), 'x'.repeat(2 * 1024 * 1024)]],
  ['attempt', 'created_at', [...NOT_TIMES, TOO_OLD_ATTEMPT, TOO_EARLY]],
  ['attempt', 'updated_at', [...NOT_TIMES, TOO_OLD_ATTEMPT, TOO_EARLY]],
  ['event', 'id', NOT_UUIDS],
  ['event', 'chain_id', notBetween(1, 2 ** 32 - 1)],
  ['event', 'block_number', [-1, 2 ** 53, 1.5, '1', null]],
  ['event', 'block_hash', notHex(32)],
  ['event', 'transaction_hash', notHex(32)],
  ['event', 'transaction_index', notBetween(0, 2 ** 32 - 1)],
  ['event', 'log_index', notBetween(0, 2 ** 32 - 1)],
  ['event', 'address', notHex(20)],
  ['event', 'topic0', notHex(32)],
  ['event', 'topic2', [hex(32)]],
  ['event', 'data', ['0x0', 'ab', '0xzz', null, hex(1024 * 1024 + 1)]],
  ['event', 'ingested_at', [...NOT_TIMES, iso(ENTRY_TIME - 90 * DAY_MS - 1), TOO_EARLY]],
  ['event', 'created_at', [...NOT_TIMES, iso(ENTRY_TIME - 90 * DAY_MS - 1), TOO_EARLY]],
];

describe('a bad value is rejected with a reason that names its field', () => {
  test.each(BAD)('%s.%s', (kind, field, values) => {
    expect(rejectionOf(kind, {})).toBeUndefined();
    for (const value of values)
      expect([value, rejectionOf(kind, { [field]: value })]).toEqual([value, expect.stringContaining(`${field}: `)]);
  });

  test.each([
    ['attempt', ['id', 'event_id', 'endpoint_id', 'user_id', 'attempt_number', 'status', 'created_at']],
    [
      'event',
      [
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
    ],
  ] as const)('a missing field of %s', (kind, names) => {
    for (const name of names) expect(rejectionOf(kind, { [name]: undefined })).toBe(`${name}: is missing`);
  });

  test('what is just inside the bounds is taken', () => {
    for (const fields of [
      { attempt_number: 255, http_status_code: 100, response_time_ms: 0, error_message: 'ż'.repeat(32 * 1024) },
      { http_status_code: 599, response_time_ms: 2 ** 32 - 1, status: 'expired' },
      { http_status_code: null, response_time_ms: null, error_message: '\u{1f600}\u2028' },
      { created_at: iso(ENTRY_TIME - 30 * DAY_MS), updated_at: iso(ENTRY_TIME + 3_600_000) },
      { http_status_code: undefined, response_time_ms: undefined, error_message: undefined, unknown: { deep: [] } },
    ]) {
      expect(rejectionOf('attempt', fields)).toBeUndefined();
    }
    for (const fields of [
      { block_number: 2 ** 53 - 1, chain_id: 2 ** 32 - 1, data: hex(1024 * 1024) },
      { topic0: null, topic1: null },
      { topic1: hex(32), topic2: hex(32), topic3: hex(32), ingested_at: undefined },
    ]) {
      expect(rejectionOf('event', fields)).toBeUndefined();
    }
  });
});

describe('the canonical record', () => {
  test('has lower-case hex, times cut to milliseconds, and the defaults of the contract', () => {
    const fields = { id: ATTEMPT.id.toUpperCase(), created_at: '2026-03-01T13:59:59.1239+02:00' };
    const [record] = decode(entryOf('record', JSON.stringify({ ...ATTEMPT, ...fields }))).records;
    const created_at = Date.parse('2026-03-01T11:59:59.123Z');
    expect(record).toEqual({ ...ATTEMPT, created_at, updated_at: created_at });
    const event = JSON.stringify({ ...EVENT, address: `0X${'AB'.repeat(20)}` });
    const topics = { topic1: null, topic2: null, topic3: null };
    expect(decodeEntry(eventType, entryOf('record', event), 90).records).toEqual([
      { ...EVENT, ...topics, ingested_at: ENTRY_TIME, created_at: ENTRY_TIME },
    ]);
  });
});

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
    for (const id of ['18446744073709551615-0', '9223372036854775808-1', String(2 ** 53), '3976214400001-0']) {
      const time = Number(id.split('-')[0]);
      for (const [fields, count] of [
        [['record', JSON.stringify(minimal)], 1],
        [['records', `${JSON.stringify(minimal)}\n${JSON.stringify({ ...EVENT, created_at: iso(ENTRY_TIME) })}`], 2],
      ] as const) {
        const decoded = decodeEntry(eventType, { ...entryOf(...fields), id, time }, 90);
        expect(decoded.records).toEqual(Array.from({ length: count }, () => null));
        expect(decoded.rejected[0]?.reason).toBe('ingested_at: must be between 1970 and 2096');
      }
      const row = attemptType.parse(ATTEMPT, { entryTime: ENTRY_TIME, retentionDays: 30 });
      const value = Buffer.from(rowsWith(attemptType, [row]).bytes());
      expect(reasonsOf({ ...entryOf('rowbinary', value), id, time })).toEqual([expect.stringMatching(/^created_at: /)]);
    }
  });

  test('a time before 1970 is not taken though the entry and the retention would have it', () => {
    const fields = { ...ATTEMPT, created_at: '1969-12-31T23:59:59.999Z' };
    const entry = { ...entryOf('record', JSON.stringify(fields)), id: '5-0', time: 5 };
    expect(reasonsOf(entry)).toEqual(['created_at: must be between 1970 and 2096']);
  });

  test('the bytes of a record are found again by its index', () => {
    const entry = entryOf('records', `\n${json}\n\n{}\n`);
    expect(String(payloadsOf(attemptType, entry)(0))).toBe(json);
    expect(String(payloadsOf(attemptType, entry)(1))).toBe('{}');
    expect(String(payloadsOf(attemptType, entryOf('record', json))(0))).toBe(json);
  });
});

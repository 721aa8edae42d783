import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ATTEMPT_STATUSES, type AttemptRecord, attemptType, attemptVersion } from '../../src/records/attempt.js';
import { parseTime, Rejected } from '../../src/records/codec.js';
import { type EventRecord, eventType, topicsOf } from '../../src/records/event.js';
import type { RecordType } from '../../src/records/record-type.js';
import { RowBinaryReader, RowBinaryWriter } from '../../src/records/row-binary.js';

const ANY_TIME = { entryTime: 3.9e12, retentionDays: 1e6 };

const time = fc.integer({ min: 0, max: 3.9e12 });
const hex = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((array) => `0x${Buffer.from(array).toString('hex')}`);
const text = fc.string({ unit: 'grapheme', maxLength: 300 }).map((value) => value.replaceAll('\0', ''));
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });

const attempts: fc.Arbitrary<AttemptRecord> = fc.record({
  id: fc.uuid(),
  event_id: fc.uuid(),
  endpoint_id: fc.uuid(),
  user_id: fc.uuid(),
  attempt_number: fc.integer({ min: 1, max: 255 }),
  status: fc.constantFrom(...ATTEMPT_STATUSES),
  http_status_code: optional(fc.integer({ min: 100, max: 599 })),
  response_time_ms: optional(fc.integer({ min: 0, max: 2 ** 32 - 1 })),
  error_message: optional(
    fc.oneof(
      text,
      text.map((value) => value.repeat(200).slice(0, 10_000).toWellFormed()),
    ),
  ),
  created_at: time,
  updated_at: time,
});

const topics = fc
  .array(hex(32), { maxLength: 4 })
  .map(([topic0 = null, topic1 = null, topic2 = null, topic3 = null]) => ({ topic0, topic1, topic2, topic3 }));
const events: fc.Arbitrary<EventRecord> = fc
  .tuple(
    fc.record({
      id: fc.uuid(),
      chain_id: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
      block_number: fc.maxSafeNat(),
      block_hash: hex(32),
      transaction_hash: hex(32),
      transaction_index: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      log_index: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      address: hex(20),
    }),
    topics,
    fc.nat({ max: 300 }).chain((bytes) => fc.record({ data: hex(bytes), ingested_at: time, created_at: time })),
  )
  .map(([before, middle, after]) => ({ ...before, ...middle, ...after }));

function roundTrips<R>(type: RecordType<R>, records: readonly R[]): void {
  const writer = new RowBinaryWriter(16);
  writer.raw(type.rowBinaryHeader);
  for (const record of records) type.writeRow(writer, record);
  const bytes = writer.bytes();
  expect(bytes.subarray(0, type.rowBinaryHeader.length).equals(type.rowBinaryHeader)).toBe(true);
  const reader = new RowBinaryReader(bytes.subarray(type.rowBinaryHeader.length));
  const read: R[] = [];
  while (!reader.done) read.push(type.readRow(reader, ANY_TIME));
  expect(read).toEqual(records);
}

describe('RowBinary', () => {
  test('gives back the records that were written, however its buffer had to grow', () => {
    fc.assert(
      fc.property(fc.array(attempts, { maxLength: 20 }), fc.array(events, { maxLength: 20 }), (some, others) => {
        roundTrips(attemptType, some);
        roundTrips(eventType, others);
      }),
      { numRuns: 60 },
    );
  });

  test('starts with the names and types of the contract', () => {
    const counted = (value: string): string => String.fromCharCode(value.length) + value;
    const headerOf = (columns: readonly (readonly [string, string])[]): string =>
      [
        String.fromCharCode(columns.length),
        ...columns.map(([name]) => counted(name)),
        ...columns.map(([, type]) => counted(type)),
      ].join('');
    const [hash, topic, instant] = ['FixedString(32)', 'Nullable(FixedString(32))', "DateTime64(3, 'UTC')"];
    expect(attemptType.rowBinaryHeader.toString('latin1')).toBe(
      headerOf([
        ['id', 'UUID'],
        ['event_id', 'UUID'],
        ['endpoint_id', 'UUID'],
        ['user_id', 'UUID'],
        ['attempt_number', 'UInt8'],
        ['status', "Enum8('pending' = 0, 'success' = 1, 'failed' = 2, 'expired' = 3)"],
        ['http_status_code', 'Nullable(UInt16)'],
        ['response_time_ms', 'Nullable(UInt32)'],
        ['error_message', 'Nullable(String)'],
        ['created_at', instant],
        ['updated_at', instant],
      ]),
    );
    expect(eventType.rowBinaryHeader.toString('latin1')).toBe(
      headerOf([
        ['id', 'UUID'],
        ['chain_id', 'UInt32'],
        ['block_number', 'UInt64'],
        ['block_hash', hash],
        ['transaction_hash', hash],
        ['transaction_index', 'UInt32'],
        ['log_index', 'UInt32'],
        ['address', 'FixedString(20)'],
        ['topic0', topic],
        ['topic1', topic],
        ['topic2', topic],
        ['topic3', topic],
        ['data', 'String'],
        ['ingested_at', instant],
        ['created_at', instant],
      ]),
    );
  });
});

describe('a JSON record', () => {
  test('means the same as the record it was made of', () => {
    const asJson = (record: object): unknown =>
      JSON.parse(
        JSON.stringify(record, (name, value) => (name.endsWith('_at') ? new Date(value).toISOString() : value)),
      );
    fc.assert(
      fc.property(attempts, events, (attempt, event) => {
        expect(attemptType.parse(asJson(attempt), ANY_TIME)).toEqual(attempt);
        expect(eventType.parse(asJson(event), ANY_TIME)).toEqual(event);
      }),
      { numRuns: 100 },
    );
  });
});

describe('a time', () => {
  test.each([
    ['2026-03-01T12:00:00Z', '2026-03-01T12:00:00.000Z'],
    ['2026-03-01t12:00:00.1z', '2026-03-01T12:00:00.100Z'],
    ['2026-03-01 12:00:00.12Z', '2026-03-01T12:00:00.120Z'],
    ['2026-03-01T12:00:00.9999999999Z', '2026-03-01T12:00:00.999Z'],
    ['2026-03-01T12:00:00.0009+00:00', '2026-03-01T12:00:00.000Z'],
    ['2026-03-01T00:30:00+05:45', '2026-02-28T18:45:00.000Z'],
    ['2026-12-31T23:30:00-01:00', '2027-01-01T00:30:00.000Z'],
    ['2024-02-29T23:59:59.999Z', '2024-02-29T23:59:59.999Z'],
    ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000Z'],
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z'],
    ['2017-01-01T05:29:60.5+05:30', '2017-01-01T00:00:00.500Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['1969-12-31T23:59:59.9996Z', '1969-12-31T23:59:59.999Z'],
  ])('%s is %s', (given, instant) => {
    expect(new Date(parseTime(given)).toISOString()).toBe(instant);
  });

  test('of any year agrees with the platform', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
        (date) => {
          expect(parseTime(date.toISOString())).toBe(date.getTime());
        },
      ),
    );
  });

  test.each([
    '2026-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-00-10T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:60:00Z',
    '2026-01-01T00:00:61Z',
    '2026-01-01T12:00:60Z',
    '2016-12-31T23:59:60+01:00',
    '2026-01-01T00:00:00+24:00',
    '2026-01-01T00:00:00+01:60',
    '2026-01-01T00:00:00',
    '2026-01-01T00:00:00.Z',
    '2026-01-01T00:00Z',
    '2026-1-1T00:00:00Z',
    '+002026-01-01T00:00:00Z',
    ' 2026-01-01T00:00:00Z',
    '2026-01-01T00:00:00Z\n',
    '٢٠٢٦-01-01T00:00:00Z',
  ])('%s is none', (given) => {
    expect(() => parseTime(given)).toThrow(Rejected);
  });
});

describe('which of several records stands', () => {
  const at = (status: AttemptRecord['status'], updated_at = 1_000) => attemptVersion({ status, updated_at });

  test('the later one, and at the same time success before failed before expired before pending', () => {
    expect([at('pending'), at('expired'), at('failed'), at('success')]).toEqual([4_000, 4_001, 4_002, 4_003]);
    expect(at('pending', 1_001)).toBeGreaterThan(at('success', 1_000));
  });
});

test('the topics that are there, in order', () => {
  expect(topicsOf({ topic0: '0xa', topic1: '0xb', topic2: null, topic3: null })).toEqual(['0xa', '0xb']);
});

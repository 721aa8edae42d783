import { describe, expect, test } from '@jest/globals';
import { attemptType } from '../../src/records/attempt.js';
import { eventType } from '../../src/records/event.js';
import type { StreamEntry } from '../../src/stores/redis/stream-entry.js';
import { ATTEMPT, ENTRY_TIME, EVENT, entryOf, hex, iso } from '../support/entry-samples.js';
import { decodeEntry } from '../support/rows.js';

const DAY_MS = 86_400_000;
const TYPES = { attempt: attemptType, event: eventType };
const GOOD: Record<keyof typeof TYPES, object> = { attempt: ATTEMPT, event: EVENT };

const decode = (entry: StreamEntry) => decodeEntry(attemptType, entry, 30);

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

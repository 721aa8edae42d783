import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BatchBuilder, rebuildBatch } from '../../ingest-worker/batch.js';
import { changedHours, noticesOf } from '../../ingest-worker/notices.js';
import { attemptKind, eventKind } from '../../ingest-worker/stream-kind.js';
import { ATTEMPT_STATUSES, attemptType, attemptVersion } from '../../src/records/attempt.js';
import type { CommittedNotice } from '../../src/stores/redis/committed.js';
import { idBefore } from '../../src/stores/redis/entry-group.js';
import { idOf, type StreamEntry, streamEntry } from '../../src/stores/redis/stream-entry.js';
import { all, recordsOf, rowsOf, standingRecords } from '../support/rows.js';

const TIME = Date.parse('2026-03-01T12:00:00.000Z');
const iso = (time: number): string => new Date(time).toISOString();
const uuid = (digit: number): string => `00000000-0000-4000-8000-00000000000${digit}`;

const attempt = (fields: object) => ({
  id: uuid(1),
  event_id: uuid(2),
  endpoint_id: uuid(3),
  user_id: uuid(4),
  attempt_number: 1,
  status: 'success',
  created_at: iso(TIME),
  ...fields,
});

const entryOf = (index: number, records: readonly object[]): StreamEntry => {
  const value = Buffer.from(records.map((record) => JSON.stringify(record)).join('\n'));
  return streamEntry(`${TIME}-${index}`, [Buffer.from('records'), value]);
};

function batchOf(entries: readonly StreamEntry[]) {
  const builder = new BatchBuilder(attemptKind, 30);
  for (const entry of entries) builder.add(entry);
  return builder.build();
}

/** Few ids, users and times, so that keys, ids and versions clash; some records are bad. */
const records = fc
  .record({
    id: fc.integer({ min: 1, max: 3 }).map(uuid),
    user_id: fc.integer({ min: 1, max: 2 }).map(uuid),
    created_at: fc.constantFrom(iso(TIME), iso(TIME - 1)),
    updated_at: fc.integer({ min: 0, max: 2 }).map((offset) => iso(TIME + offset)),
    status: fc.constantFrom(...ATTEMPT_STATUSES),
    http_status_code: fc.constantFrom(200, 500, 99),
  })
  .map(attempt);
const batches = fc
  .array(fc.array(records, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 6 })
  .map((entries) => entries.map((list, index) => entryOf(index, list)));

describe('a batch', () => {
  test('holds one record a key, of the highest version, of equal ones the last', () => {
    fc.assert(
      fc.property(batches, (entries) => {
        const batch = batchOf(entries);
        const standing = standingRecords(batch);
        const records = recordsOf(batch.rows);
        const expected = new Map<string, unknown>();
        for (const record of records) {
          const key = `${record.id}${record.user_id}${record.created_at}`;
          const rivals = records.filter(({ id, user_id, created_at }) => `${id}${user_id}${created_at}` === key);
          const highest = Math.max(...rivals.map(attemptVersion));
          expected.set(
            key,
            rivals.findLast((rival) => attemptVersion(rival) === highest),
          );
        }
        expect(new Set(standing)).toEqual(new Set(expected.values()));
        expect(standing).toHaveLength(expected.size);
      }),
    );
  });

  test('keeps the order in which ids were first used, so that an id stays with its first user', () => {
    const [owner, thief] = [uuid(4), uuid(5)];
    const later = iso(TIME + 1000);
    const batch = batchOf([
      entryOf(1, [
        attempt({ user_id: owner, status: 'pending' }),
        attempt({ user_id: thief }),
        attempt({ user_id: owner, updated_at: later }),
      ]),
    ]);
    expect(standingRecords(batch).map(({ user_id, status }) => `${user_id} ${status}`)).toEqual([
      `${owner} success`,
      `${thief} success`,
    ]);
  });

  test('is rebuilt from its manifest with the same records, whatever the retention is by then', () => {
    fc.assert(
      fc.property(batches, (entries) => {
        const batch = batchOf(entries);
        const { token, entryIds, skipped } = batch;
        const rebuilt = rebuildBatch(attemptKind, { token, entryIds, skipped, days: [] }, entries);
        expect(rebuilt).toMatchObject({ token, entryIds, recorded: true, rejected: [] });
        expect(new Set(standingRecords(rebuilt))).toEqual(new Set(standingRecords(batch)));
        expect(rebuilt.standing).toHaveLength(batch.standing.length);
        expect(rebuilt.hours).toEqual(batch.hours);
      }),
    );
  });

  test('is rebuilt without the entries that are gone', () => {
    const entries = [1, 2, 3].map((digit) => entryOf(digit, [attempt({ id: uuid(digit) }), { bad: true }]));
    const { token, entryIds, skipped } = batchOf(entries);
    const rebuilt = rebuildBatch(attemptKind, { token, entryIds, skipped, days: [] }, entries.slice(1));
    expect(standingRecords(rebuilt).map(({ id }) => id)).toEqual([uuid(2), uuid(3)]);
    const origins = Array.from(rebuilt.standing, (row) => rebuilt.entryIds.list()[rebuilt.positionOf(row).entry]);
    expect(origins).toEqual(entries.slice(1).map(idOf));
  });

  test('compares no more than a few rows of one id that thousands of users claim', () => {
    let compared = 0;
    const counting: typeof attemptKind = {
      ...attemptKind,
      hasSameKey(rows, one, other) {
        compared += 1;
        return attemptKind.hasSameKey(rows, one, other);
      },
    };
    const owners = Array.from(
      { length: 5_000 },
      (_, user) => `00000000-0000-4000-8000-${String(user).padStart(12, '0')}`,
    );
    const builder = new BatchBuilder(counting, 30);
    builder.add(
      entryOf(
        0,
        owners.map((user_id) => attempt({ user_id })),
      ),
    );
    expect(builder.build().standing).toHaveLength(owners.length);
    expect(compared).toBeLessThan(owners.length);
  });

  test('keeps of an event the record taken in first, of equal ones the first', () => {
    const hex = (bytes: number): string => `0x${'ab'.repeat(bytes)}`;
    const event = (log_index: number, ingested_at: number) => ({
      id: uuid(1),
      chain_id: 1,
      block_number: 1,
      block_hash: hex(32),
      transaction_hash: hex(32),
      transaction_index: 0,
      log_index,
      address: hex(20),
      data: '0x',
      ingested_at: iso(ingested_at),
    });
    const builder = new BatchBuilder(eventKind, 90);
    builder.add(entryOf(0, [event(1, TIME), event(2, TIME - 1), event(3, TIME - 1), event(4, TIME)]));
    expect(standingRecords(builder.build()).map(({ log_index }) => log_index)).toEqual([2]);
  });

  test('tells whose hours it changed, in messages of at most 5,000 hours', () => {
    const HOUR_MS = 3_600_000;
    const [record] = standingRecords(batchOf([entryOf(0, [attempt({})])]));
    if (record === undefined) throw new Error('expected a record');
    const many = Array.from({ length: 12_001 }, (_, index) => ({
      ...record,
      user_id: uuid(index % 2),
      created_at: TIME + Math.floor(index / 2) * HOUR_MS + 1,
    }));
    const rows = rowsOf(attemptType, [...many, ...many]);
    const hours = changedHours(attemptKind, rows, all(rows));
    const notices = noticesOf(attemptKind, hours).map((message): CommittedNotice => JSON.parse(message));
    expect(notices.map(({ users }) => Object.values(users).flat().length)).toEqual([5_000, 5_000, 2_001]);
    expect(notices.flatMap(({ users }) => users[uuid(1)] ?? [])).toEqual(
      Array.from({ length: 6_000 }, (_, index) => TIME + index * HOUR_MS),
    );
  });
});

test.each([
  ['5-3', '5-2'],
  ['5-0', '4-18446744073709551615'],
  ['5-18446744073709551615', '5-18446744073709551614'],
  ['0-1', '0-0'],
  ['0-0', '0-0'],
])('the id before %s is %s', (id, before) => {
  expect(idBefore(id)).toBe(before);
});

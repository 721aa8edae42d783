import { expect, test } from '@jest/globals';
import { attemptType } from '../../src/records/attempt.js';
import { Rows } from '../../src/records/rows.js';
import { binaryArrays } from '../../src/stores/postgres/binary-arrays.js';

const ENTRY = { entryTime: Date.UTC(2026, 0, 2), retentionDays: 30 };
const HEADER_BYTES = 20;

/** The elements of an array in Postgres' binary form. */
function elementsOf(array: Buffer): (Buffer | null)[] {
  const elements: (Buffer | null)[] = [];
  for (let at = HEADER_BYTES; at < array.length; ) {
    const length = array.readInt32BE(at);
    at += 4;
    elements.push(length === -1 ? null : array.subarray(at, at + length));
    at += Math.max(0, length);
  }
  return elements;
}

test('arrays for Postgres hold every value, of whatever length and however often they had to grow', () => {
  const messages = Array.from({ length: 200 }, (_, row) => (row % 7 === 0 ? null : `${row} `.repeat(row * 10)));
  const rows = new Rows(attemptType);
  for (const [row, error_message] of messages.entries()) {
    const attempt = {
      id: `00000000-0000-4000-8000-${String(row).padStart(12, '0')}`,
      event_id: '00000000-0000-4000-8000-000000000001',
      endpoint_id: '00000000-0000-4000-8000-000000000002',
      user_id: '00000000-0000-4000-8000-000000000003',
      attempt_number: 1 + row,
      status: row % 2 === 0 ? 'success' : 'expired',
      http_status_code: 200,
      response_time_ms: row,
      error_message,
      created_at: '2026-01-01T00:00:00.000Z',
    };
    rows.append(attemptType.parse(attempt, ENTRY));
  }
  const arrays = binaryArrays(rows, Int32Array.from(messages.keys()));
  const column = (name: keyof typeof attemptType.columns) =>
    elementsOf(arrays[attemptType.columnNames.indexOf(name)] ?? Buffer.alloc(0));

  expect(column('error_message').map((text) => text?.toString('utf8') ?? null)).toEqual(messages);
  expect(column('status').map(String)).toEqual(messages.map((_, row) => (row % 2 === 0 ? 'success' : 'expired')));
  expect(column('attempt_number').map((number) => number?.readInt32BE(0))).toEqual(messages.map((_, row) => 1 + row));
  expect(column('id').map((id) => id?.readUInt8(15) ?? -1)).toEqual(
    messages.map((_, row) => Number.parseInt(String(row).slice(-2), 16)),
  );
});

test('arrays of no rows are what Postgres takes for empty: no dimension, and nothing behind the type', () => {
  for (const array of binaryArrays(new Rows(attemptType), new Int32Array())) {
    expect(array.length).toBe(12);
    expect(array.readInt32BE(0)).toBe(0);
  }
});

import { type AttemptRecord, attemptType, STATUS_RANKS } from '../src/records/attempt.js';
import { type EventRecord, eventType } from '../src/records/event.js';
import type { StreamName } from '../src/records/names.js';
import type { RecordType } from '../src/records/record-type.js';
import { areSame, hash16 } from '../src/records/row-groups.js';
import { offsetOf, type Rows } from '../src/records/rows.js';

/** What the worker has to know of the records on one stream, which it handles as rows. */
export interface StreamKind<R> {
  readonly stream: StreamName;
  readonly type: RecordType<R>;
  /** Rows of one key, of which only one stands, have the same hash. */
  keyHash(rows: Rows<R>, row: number): number;
  hasSameKey(rows: Rows<R>, one: number, other: number): boolean;
  /** Whether a row takes the place of one with the same key that came before it. */
  replaces(rows: Rows<R>, later: number, earlier: number): boolean;
  /** The time that ClickHouse partitions by, as an offset in the row. */
  readonly partitionTime: number;
  /** Whose hour changes with a record, as offsets in the row; null where no statistics do. */
  readonly statistics: { readonly userId: number; readonly time: number } | null;
}

const eventId = offsetOf(eventType, 'id');
const ingestedAt = offsetOf(eventType, 'ingested_at');

export const eventKind: StreamKind<EventRecord> = {
  stream: 'events',
  type: eventType,
  keyHash: (rows, row) => hash16(rows.view(), rows.placeOf(row, eventId)),
  hasSameKey: (rows, one, other) => areSame(rows.view(), rows.placeOf(one, eventId), rows.placeOf(other, eventId), 16),
  replaces: (rows, later, earlier) => rows.timeOf(later, ingestedAt) < rows.timeOf(earlier, ingestedAt),
  partitionTime: ingestedAt,
  statistics: null,
};

const attemptId = offsetOf(attemptType, 'id');
const userId = offsetOf(attemptType, 'user_id');
const status = offsetOf(attemptType, 'status');
const createdAt = offsetOf(attemptType, 'created_at');
const updatedAt = offsetOf(attemptType, 'updated_at');
const ATTEMPT_KEY = [
  { offset: attemptId, bytes: 16 },
  { offset: userId, bytes: 16 },
  { offset: createdAt, bytes: 8 },
];

export const attemptKind: StreamKind<AttemptRecord> = {
  stream: 'delivery_attempts',
  type: attemptType,
  // Of the user too: one id may come with thousands of them.
  keyHash: (rows, row) =>
    hash16(rows.view(), rows.placeOf(row, attemptId)) ^
    Math.imul(hash16(rows.view(), rows.placeOf(row, userId)), 0x9e3779b1) ^
    rows.view().getInt32(rows.placeOf(row, createdAt), true),
  hasSameKey: (rows, one, other) =>
    ATTEMPT_KEY.every(({ offset, bytes }) =>
      areSame(rows.view(), rows.placeOf(one, offset), rows.placeOf(other, offset), bytes),
    ),
  replaces: (rows, later, earlier) => versionOf(rows, later) >= versionOf(rows, earlier),
  partitionTime: createdAt,
  statistics: { userId, time: createdAt },
};

/** As attemptVersion says of the record. */
const versionOf = (rows: Rows<AttemptRecord>, row: number): number =>
  rows.timeOf(row, updatedAt) * 4 + (STATUS_RANKS[rows.bytes()[rows.placeOf(row, status)] ?? 0] ?? 0);

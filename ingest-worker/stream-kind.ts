import { type AttemptRecord, attemptType, attemptVersion } from '../src/records/attempt.js';
import { type EventRecord, eventType } from '../src/records/event.js';
import type { StreamName } from '../src/records/names.js';
import type { RecordType } from '../src/records/record-type.js';
import { startOfHour } from '../src/records/time-range.js';

/** What the worker has to know of the records on one stream. */
export interface StreamKind<R> {
  readonly stream: StreamName;
  readonly type: RecordType<R>;
  /** The same for all records of which only one stands. */
  key(record: R): string;
  /** Whether a record takes the place of one with the same key that came before it. */
  replaces(later: R, earlier: R): boolean;
  /** The time that ClickHouse partitions by. */
  partitionTime(record: R): number;
  /** Whose hour changes with the record; null where no statistics do. */
  statistics(record: R): { readonly userId: string; readonly hour: number } | null;
}

export const eventKind: StreamKind<EventRecord> = {
  stream: 'events',
  type: eventType,
  key: ({ id }) => id,
  replaces: (later, earlier) => later.ingested_at < earlier.ingested_at,
  partitionTime: ({ ingested_at }) => ingested_at,
  statistics: () => null,
};

export const attemptKind: StreamKind<AttemptRecord> = {
  stream: 'delivery_attempts',
  type: attemptType,
  key: ({ id, user_id, created_at }) => `${id} ${user_id} ${created_at}`,
  replaces: (later, earlier) => attemptVersion(later) >= attemptVersion(earlier),
  partitionTime: ({ created_at }) => created_at,
  statistics: ({ user_id, created_at }) => ({ userId: user_id, hour: startOfHour(created_at) }),
};

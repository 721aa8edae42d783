import type { Batch } from '../../ingest-worker/batch.js';
import { EntryReader } from '../../ingest-worker/entry.js';
import type { RecordType } from '../../src/records/record-type.js';
import { Rows } from '../../src/records/rows.js';
import type { DeadLetter } from '../../src/stores/redis/dead-letters.js';
import type { StreamEntry } from '../../src/stores/redis/stream-entry.js';

export function rowsOf<R>(type: RecordType<R>, records: readonly R[]): Rows<R> {
  const rows = new Rows(type);
  for (const record of records) rows.append(record);
  return rows;
}

/** Every row there is. */
export const all = <R>(rows: Rows<R>): Int32Array => Int32Array.from({ length: rows.count }, (_, row) => row);

export const recordsOf = <R>(rows: Rows<R>): R[] => Array.from(all(rows), (row) => rows.record(row));

/** What a batch writes. */
export const standingRecords = <R>({ rows, standing }: Batch<R>): R[] =>
  Array.from(standing, (row) => rows.record(row));

interface DecodedEntry<R> {
  /** By the record's index in its entry; null where it was rejected. */
  readonly records: readonly (R | null)[];
  readonly rejected: readonly DeadLetter[];
}

/** The records of one entry, read as the worker reads them. */
export function decodeEntry<R>(type: RecordType<R>, entry: StreamEntry, retentionDays: number): DecodedEntry<R> {
  const rows = new Rows(type);
  const { records, rejected } = new EntryReader(type, retentionDays).read(entry, rows);
  const bad = new Set(rejected.map(({ recordIndex }) => recordIndex));
  const good = recordsOf(rows).values();
  const decoded = Array.from({ length: records }, (_, index) => (bad.has(index) ? null : (good.next().value ?? null)));
  return { records: decoded, rejected };
}

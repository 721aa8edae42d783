import { BUCKET_BITS, type RowFigures, type RowHash, rowFigures } from '../../records/history-figures.js';
import type { StreamName } from '../../records/names.js';
import type { PostgresDatabase } from './database.js';
import { canonicalText, type HistoryRange, historySource, inRange, reasonOf } from './history-rows.js';

/** One row as a person may compare it. */
export interface RowText {
  readonly id: string;
  readonly text: string;
  /** Whether ClickHouse can hold it. */
  readonly movable: boolean;
}

/**
 * The rows of a range AS hashed that are to be in ClickHouse: left out is what was listed as not to be moved, and still
 * cannot be.
 */
const hashed = (wanted: HistoryRange): string => `(
  SELECT history.id, ('x' || left(md5(convert_to(${canonicalText(wanted.table)}, 'UTF8')), 16))::bit(64)::bigint AS hash
  FROM ${historySource(wanted.table)}
  WHERE ${inRange(wanted)} AND NOT EXISTS (
    SELECT FROM backfill_rejections AS rejected
    WHERE rejected.table_name = '${wanted.table}' AND rejected.id = history.id AND ${reasonOf(wanted.table)} IS NOT NULL
  )
) AS hashed`;
const FIGURES = 'count(*) AS rows, coalesce(sum(hash), 0)::text AS sum, coalesce(bit_xor(hash), 0)::text AS xor';
const BUCKET = `((hash >> ${64 - BUCKET_BITS}) & ${2 ** BUCKET_BITS - 1})::integer`;

interface FiguresRow {
  readonly rows: number;
  readonly sum: string;
  readonly xor: string;
}

/** Fails with an UpstreamError, as everything here. */
export async function historyFigures(database: PostgresDatabase, wanted: HistoryRange): Promise<RowFigures> {
  const [row] = await database.query<FiguresRow & { sum: string }>({
    name: 'history_figures',
    text: `SELECT ${FIGURES} FROM ${hashed(wanted)}`,
  });
  return rowFigures(row?.rows ?? 0, row?.sum ?? '0', row?.xor ?? '0');
}

export async function historyBuckets(
  database: PostgresDatabase,
  wanted: HistoryRange,
): Promise<Map<number, RowFigures>> {
  const rows = await database.query<FiguresRow & { bucket: number }>({
    name: 'history_buckets',
    text: `SELECT ${BUCKET} AS bucket, ${FIGURES} FROM ${hashed(wanted)} GROUP BY 1`,
  });
  return new Map(rows.map(({ bucket, rows: count, sum, xor }) => [bucket, rowFigures(count, sum, xor)]));
}

/** The rows of some buckets. */
export function historyHashes(
  database: PostgresDatabase,
  wanted: HistoryRange,
  buckets: readonly number[],
): Promise<RowHash[]> {
  return database.query<RowHash>({
    name: 'history_hashes',
    text: `SELECT id, hash::text AS hash FROM ${hashed(wanted)} WHERE ${BUCKET} = ANY($1::integer[])`,
    values: [buckets],
  });
}

export function historyTexts(
  database: PostgresDatabase,
  table: StreamName,
  ids: readonly string[],
): Promise<RowText[]> {
  return database.query<RowText>({
    name: 'history_texts',
    text: `SELECT history.id, ${canonicalText(table)} AS text, ${reasonOf(table)} IS NULL AS movable
      FROM ${historySource(table)} WHERE history.id = ANY($1::uuid[])`,
    values: [ids],
  });
}

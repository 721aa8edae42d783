import { HISTORY, type HistoryColumn } from '../../records/history.js';
import { BUCKET_BITS, type RowFigures, type RowHash, rowFigures } from '../../records/history-figures.js';
import type { StreamName } from '../../records/names.js';
import type { TimeRange } from '../../records/time-range.js';
import { everyLocalTable, localTable, onEveryShard } from './cluster.js';
import type { ClickHouseDatabase } from './database.js';

interface WantedRows {
  readonly table: StreamName;
  readonly range: TimeRange;
  readonly signal: AbortSignal;
}

/** One row as a person may compare it. */
export interface RowText extends RowHash {
  readonly text: string;
}

function canonicalValue({ name, shape }: HistoryColumn): string {
  const text =
    shape.kind === 'time'
      ? `toString(toUnixTimestamp64Milli(${name}))`
      : shape.kind === 'fixedHex' || shape.kind === 'hexData'
        ? `concat('0x', lower(hex(${name})))`
        : `toString(${name})`;
  return shape.nullable === true ? `ifNull(${text}, '\\\\N')` : text;
}

/** A row as one text, the same as the record's in TypeScript and in Postgres. */
const canonicalText = (table: StreamName): string =>
  `concatWithSeparator(char(31), ${HISTORY[table].columns.map(canonicalValue).join(', ')})`;

const hashOf = (text: string): string => `reinterpretAsInt64(reverse(substring(MD5(${text}), 1, 8)))`;

const hashed = (table: StreamName): string => `(
  SELECT id, ${hashOf(canonicalText(table))} AS hash
  FROM ${table} FINAL
  WHERE ${HISTORY[table].time} >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
    AND ${HISTORY[table].time} < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
)`;
const FIGURES = 'count() AS rows, toString(sum(hash)) AS sum, toString(groupBitXor(hash)) AS xor';
const BUCKET = `bitAnd(bitShiftRight(reinterpretAsUInt64(hash), ${64 - BUCKET_BITS}), ${2 ** BUCKET_BITS - 1})`;

interface FiguresRow {
  readonly rows: number;
  readonly sum: string;
  readonly xor: string;
}

/** Fails with an UpstreamError, as everything here. */
export async function historyFigures(
  database: ClickHouseDatabase,
  { table, range, signal }: WantedRows,
): Promise<RowFigures> {
  const [row] = await database.query<FiguresRow>({
    name: 'history_figures',
    query: `SELECT ${FIGURES} FROM ${hashed(table)}`,
    params: { ...range },
    signal,
  });
  return rowFigures(row?.rows ?? 0, row?.sum ?? '0', row?.xor ?? '0');
}

export async function historyBuckets(
  database: ClickHouseDatabase,
  { table, range, signal }: WantedRows,
): Promise<Map<number, RowFigures>> {
  const rows = await database.query<FiguresRow & { bucket: number }>({
    name: 'history_buckets',
    query: `SELECT ${BUCKET} AS bucket, ${FIGURES} FROM ${hashed(table)} GROUP BY bucket`,
    params: { ...range },
    signal,
  });
  return new Map(rows.map(({ bucket, rows: count, sum, xor }) => [bucket, rowFigures(count, sum, xor)]));
}

/** The rows of some buckets. */
export async function historyHashes(
  database: ClickHouseDatabase,
  { table, range, signal }: WantedRows,
  buckets: readonly number[],
): Promise<RowHash[]> {
  const rows = await database.query<{ id: string; digits: string }>({
    name: 'history_hashes',
    // Another name than the number's: in ClickHouse an alias is what WHERE means too.
    query: `SELECT id, toString(hash) AS digits FROM ${hashed(table)} WHERE ${BUCKET} IN {buckets:Array(UInt64)}`,
    params: { ...range, buckets },
    signal,
  });
  return rows.map(({ id, digits }) => ({ id, hash: digits }));
}

/** The rows with these ids, whatever their time: an id may have several. */
export function historyTexts(
  database: ClickHouseDatabase,
  { table, ids, signal }: { readonly table: StreamName; readonly ids: readonly string[]; readonly signal: AbortSignal },
): Promise<RowText[]> {
  return database.query<RowText>({
    name: 'history_texts',
    query: `SELECT id, ${canonicalText(table)} AS text, toString(${hashOf('text')}) AS hash
      FROM ${table} FINAL WHERE id IN {ids:Array(UUID)}`,
    params: { ids },
    signal,
  });
}

/** The days that have rows, by their starts. */
export async function historyDays(
  database: ClickHouseDatabase,
  table: StreamName,
  signal: AbortSignal,
): Promise<number[]> {
  const rows = await database.query<{ day: number }>({
    name: 'history_days',
    query: `SELECT DISTINCT toUnixTimestamp(toDateTime(toDate(partition), 'UTC')) * 1000 AS day
      FROM ${onEveryShard(database, 'system.parts')}
      WHERE active AND database = {database:String} AND table = {table:String}`,
    params: { database: database.database, table: localTable(database, table) },
    signal,
  });
  return rows.map(({ day }) => day);
}

/** Removes these rows as long as they say what they said. Fails with an UpstreamError. */
export async function deleteHistory(
  database: ClickHouseDatabase,
  {
    table,
    rows,
    signal,
  }: { readonly table: StreamName; readonly rows: readonly RowHash[]; readonly signal: AbortSignal },
): Promise<void> {
  await database.command({
    name: 'delete_history',
    query: `DELETE FROM ${everyLocalTable(database, table)}
      WHERE id IN {ids:Array(UUID)} AND ${hashOf(canonicalText(table))} IN {hashes:Array(Int64)}`,
    params: { ids: rows.map(({ id }) => id), hashes: rows.map(({ hash }) => BigInt(hash)) },
    settings: { lightweight_deletes_sync: '2' },
    signal,
  });
}

/** The user with the most attempts in a range and some others, whom nobody has picked. */
export async function sampleUsers(
  database: ClickHouseDatabase,
  { range, users, signal }: { readonly range: TimeRange; readonly users: number; readonly signal: AbortSignal },
): Promise<string[]> {
  const rows = await database.query<{ userId: string }>({
    name: 'sample_users',
    query: `
      SELECT user_id AS userId FROM (
        SELECT user_id, count() AS attempts FROM delivery_attempts
        WHERE created_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND created_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
        GROUP BY user_id
      )
      ORDER BY attempts = max(attempts) OVER () DESC, rand64()
      LIMIT {users:UInt32}`,
    params: { ...range, users },
    signal,
  });
  return rows.map(({ userId }) => userId);
}

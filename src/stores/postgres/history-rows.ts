import type { Readable } from 'node:stream';
import { isUuid } from '../../records/codec.js';
import { HISTORY, type HistoryColumn, MOVABLE_TIMES } from '../../records/history.js';
import type { StreamName } from '../../records/names.js';
import type { TimeRange } from '../../records/time-range.js';
import type { PostgresConnection, PostgresQueries } from './database.js';

/** The rows of one table with a time in a range. */
export interface HistoryRange {
  readonly table: StreamName;
  readonly range: TimeRange;
  /** These rows alone: canonical UUIDs. */
  readonly ids?: readonly string[];
}

/** An attempt that is older than this system has its user only through its endpoint. */
const SOURCES: Readonly<Record<StreamName, string>> = {
  events: 'events AS history',
  delivery_attempts: `delivery_attempts AS history
    LEFT JOIN endpoints AS endpoint ON history.user_id IS NULL AND endpoint.id = history.endpoint_id
    LEFT JOIN applications AS application ON application.id = endpoint.application_id`,
};

const source = ({ name }: HistoryColumn): string =>
  name === 'user_id' ? 'coalesce(history.user_id, application.user_id)' : `history.${name}`;

/**
 * Milliseconds since 1970, cut off; null for a time that no number says. Cut by date_bin, which does it in whole numbers:
 * from the time that Postgres counts from, so that none is too far away.
 */
const milliseconds = (value: string): string =>
  `CASE WHEN isfinite(${value}) THEN ` +
  `(date_part('epoch', date_bin('1 millisecond', ${value}, '2000-01-01Z'::timestamptz)) * 1000)::bigint END`;

/** False for infinite times too. */
const isMovableTime = (value: string): string =>
  `(${value} >= to_timestamp(${MOVABLE_TIMES.from / 1000}) AND ${value} < to_timestamp(${MOVABLE_TIMES.to / 1000}))`;

/** A value as it is copied: times as numbers, everything else as it is. */
const copied = (column: HistoryColumn): string =>
  column.shape.kind === 'time' ? milliseconds(source(column)) : source(column);

/** Written out, since a COPY takes no parameters: a range is two numbers, and what is no UUID is left out. */
export const inRange = ({ table, range, ids }: HistoryRange): string =>
  [
    `history.${HISTORY[table].time} >= '${new Date(range.from).toISOString()}'::timestamptz`,
    `history.${HISTORY[table].time} < '${new Date(range.to).toISOString()}'::timestamptz`,
    ...(ids === undefined ? [] : [`history.id = ANY('{${ids.filter(isUuid).join(',')}}'::uuid[])`]),
  ].join(' AND ');

/**
 * Gives the rows of a range, tab-separated in the order of the table's columns, to `use`, right or wrong. Resolves to
 * how many they were. Fails with an UpstreamError.
 */
export function copyHistory<T>(
  connection: PostgresConnection,
  wanted: HistoryRange,
  use: (rows: Readable) => Promise<T>,
): Promise<{ rows: number; result: T }> {
  const { table } = wanted;
  const values = HISTORY[table].columns.map(copied).join(', ');
  const text = `COPY (SELECT ${values} FROM ${SOURCES[table]} WHERE ${inRange(wanted)}) TO STDOUT`;
  return connection.copyTo({ name: `copy_${table}`, text }, use);
}

/** Why ClickHouse cannot hold a row, in SQL: null where it can. */
function reason(column: HistoryColumn): string {
  const { name, shape } = column;
  const value = source(column);
  const unless = (rule: string, what: string): string =>
    shape.nullable === true
      ? `WHEN NOT (${value} IS NULL OR ${rule}) THEN '${name}: ${what}'`
      : `WHEN ${value} IS NULL OR NOT (${rule}) THEN '${name}: ${what}'`;
  switch (shape.kind) {
    case 'uuid':
      return name === 'user_id'
        ? `WHEN ${value} IS NULL THEN 'user_id: is null, and its endpoint or application is gone'`
        : `WHEN ${value} IS NULL THEN '${name}: is null'`;
    case 'time':
      return unless(isMovableTime(value), 'must be between the years 1970 and 2094');
    case 'uint':
      return unless(`${value} BETWEEN ${shape.min} AND ${shape.max}`, `must be between ${shape.min} and ${shape.max}`);
    case 'fixedHex':
      return unless(`${value} ~* '^0x[0-9a-f]{${2 * shape.bytes}}$'`, `must be 0x and ${2 * shape.bytes} hex digits`);
    case 'hexData':
      return [
        unless(`${value} ~* '^0x([0-9a-f][0-9a-f])*$'`, 'must be 0x and an even number of hex digits'),
        unless(`length(${value}) <= ${2 + 2 * shape.maxBytes}`, `must be at most ${shape.maxBytes} bytes`),
      ].join('\n    ');
    case 'text':
      return unless(
        `octet_length(convert_to(${value}, 'UTF8')) <= ${shape.maxBytes}`,
        `must be at most ${shape.maxBytes} bytes`,
      );
    case 'oneOf':
      return unless(
        `${value}::text IN (${shape.names.map((each) => `'${each}'`).join(', ')})`,
        `must be one of ${shape.names.join(', ')}`,
      );
  }
}

/** Rules that a column alone cannot tell. */
const FURTHER_REASONS: Readonly<Record<StreamName, readonly string[]>> = {
  events: [1, 2, 3].map(
    (index) =>
      `WHEN history.topic${index} IS NOT NULL AND history.topic${index - 1} IS NULL ` +
      `THEN 'topic${index}: must be null where topic${index - 1} is null'`,
  ),
  delivery_attempts: [],
};

/** A row's reason not to be moved, or null. */
export const reasonOf = (table: StreamName): string =>
  `CASE\n    ${[...HISTORY[table].columns.map(reason), ...FURTHER_REASONS[table]].join('\n    ')}\n  END`;

/** The rows AS history of a table, with what tells whose an attempt is. */
export const historySource = (table: StreamName): string => SOURCES[table];

/** A row as one text, the same as the record's in TypeScript and in ClickHouse. */
export const canonicalText = (table: StreamName): string =>
  `concat_ws(chr(31), ${HISTORY[table].columns.map(canonicalValue).join(', ')})`;

function canonicalValue(column: HistoryColumn): string {
  const { kind, nullable } = column.shape;
  // Of any other collation it takes many times as long, and hex digits are the same in all of them.
  const lower = `lower(${source(column)} COLLATE "C")`;
  const value = kind === 'fixedHex' || kind === 'hexData' ? lower : `(${copied(column)})::text`;
  return nullable === true ? `coalesce(${value}, '\\N')` : `coalesce(${value}, '')`;
}

/** The columns of backfill_rejections and the rows of a table that ClickHouse cannot hold, where `condition` holds. */
const rejected = (table: StreamName, condition: string): string => `
  SELECT '${table}', id, row_at, reason FROM (
    SELECT history.id, coalesce(history.${HISTORY[table].time}, '-infinity') AS row_at, ${reasonOf(table)} AS reason
    FROM ${SOURCES[table]} WHERE ${condition}
  ) AS judged
  WHERE reason IS NOT NULL`;

/** Takes what was listed of the rows of a range off the list. Fails with an UpstreamError. */
export async function forgetRejections(connection: PostgresConnection, wanted: HistoryRange): Promise<void> {
  const { table, range, ids = null } = wanted;
  await connection.query({
    name: 'forget_rejections',
    text: `DELETE FROM backfill_rejections
      WHERE table_name = $1 AND row_at >= $2 AND row_at < $3 AND ($4::uuid[] IS NULL OR id = ANY($4))`,
    values: [table, new Date(range.from).toISOString(), new Date(range.to).toISOString(), ids],
  });
}

/**
 * Lists the rows of a range that ClickHouse cannot hold, each with its reason. Resolves to how many there are. Fails with an
 * UpstreamError.
 */
export const listRejections = (connection: PostgresConnection, wanted: HistoryRange): Promise<number> =>
  insertRejections(connection, rejected(wanted.table, inRange(wanted)));

/** Lists the rows whose time cannot be moved, so that no range has them. Resolves to how many there are. */
export const listUnmovableTimes = (connection: PostgresConnection, table: StreamName): Promise<number> =>
  insertRejections(connection, rejected(table, `${isMovableTime(`history.${HISTORY[table].time}`)} IS NOT TRUE`));

async function insertRejections(connection: PostgresConnection, rows: string): Promise<number> {
  const listed = await connection.query<{ rows: number }>({
    name: 'list_rejections',
    text: `
      WITH listed AS (
        INSERT INTO backfill_rejections (table_name, id, row_at, reason) ${rows}
        ON CONFLICT (table_name, id) DO UPDATE SET row_at = excluded.row_at, reason = excluded.reason
        RETURNING 1
      )
      SELECT count(*) AS rows FROM listed`,
  });
  return listed[0]?.rows ?? 0;
}

/** Where the rows of a table are in time. */
interface RowsInTime {
  /** How many rows each hour has, by its start in milliseconds since 1970, in order. */
  readonly byHour: ReadonlyMap<number, number>;
  /** How many rows have a time that cannot be moved. */
  readonly unmovable: number;
}

/** Reads a whole table once. Fails with an UpstreamError. */
export async function rowsInTime(database: PostgresQueries, table: StreamName): Promise<RowsInTime> {
  const { time } = HISTORY[table];
  const rows = await database.query<{ hour: number | null; rows: number }>({
    name: 'history_by_hour',
    text: `
      SELECT (date_part('epoch', hour) * 1000)::bigint AS hour, rows
      FROM (
        SELECT CASE WHEN ${isMovableTime(time)} THEN date_bin('1 hour', ${time}, to_timestamp(0)) END AS hour,
          count(*) AS rows
        FROM ${table} GROUP BY 1
      ) AS counted
      ORDER BY 1`,
  });
  const byHour = new Map<number, number>();
  let unmovable = 0;
  for (const { hour, rows: count } of rows) {
    if (hour === null) unmovable = count;
    else byHour.set(hour, count);
  }
  return { byHour, unmovable };
}

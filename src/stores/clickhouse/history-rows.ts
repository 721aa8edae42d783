import type { Readable } from 'node:stream';
import { HISTORY, type HistoryColumn, MOVABLE_TIMES } from '../../records/history.js';
import type { StreamName } from '../../records/names.js';
import type { ClickHouseDatabase } from './database.js';

/** The type that a column's value is read as, wider than what may be kept, so that no wrong value can look right. */
function readAs({ shape }: HistoryColumn): string {
  if (shape.kind === 'uuid') return 'Nullable(UUID)';
  return shape.kind === 'uint' || shape.kind === 'time' ? 'Nullable(Int64)' : 'Nullable(String)';
}

/** Whether a value may be kept, in SQL. */
function rule({ name, shape }: HistoryColumn): string {
  switch (shape.kind) {
    case 'uuid':
      return `isNotNull(${name})`;
    case 'time':
      return `(${name} >= ${MOVABLE_TIMES.from} AND ${name} < ${MOVABLE_TIMES.to})`;
    case 'uint':
      return `${name} BETWEEN ${shape.min} AND ${shape.max}`;
    case 'fixedHex':
      return `match(${name}, '^0[xX][0-9a-fA-F]{${2 * shape.bytes}}$')`;
    case 'hexData':
      return `(match(${name}, '^0[xX]([0-9a-fA-F][0-9a-fA-F])*$') AND length(${name}) <= ${2 + 2 * shape.maxBytes})`;
    case 'text':
      return `length(${name}) <= ${shape.maxBytes}`;
    case 'oneOf':
      return `${name} IN (${shape.names.map((each) => `'${each}'`).join(', ')})`;
  }
}

const mayBeKept = (column: HistoryColumn): string =>
  column.shape.nullable === true ? `(isNull(${column.name}) OR ${rule(column)})` : `ifNull(${rule(column)}, false)`;

/** The value that is kept, in SQL. */
function kept({ name, shape }: HistoryColumn): string {
  switch (shape.kind) {
    case 'time':
      return `fromUnixTimestamp64Milli(assumeNotNull(${name}), 'UTC')`;
    case 'fixedHex':
    case 'hexData':
      return shape.nullable === true
        ? `if(isNull(${name}), NULL, unhex(substring(assumeNotNull(${name}), 3)))`
        : `unhex(substring(assumeNotNull(${name}), 3))`;
    default:
      return shape.nullable === true ? name : `assumeNotNull(${name})`;
  }
}

const FURTHER_RULES: Readonly<Record<StreamName, readonly string[]>> = {
  events: [1, 2, 3].map((index) => `(isNull(topic${index}) OR isNotNull(topic${index - 1}))`),
  delivery_attempts: [],
};

interface HistoryInsert {
  readonly table: StreamName;
  /** The table to write to, with the columns of `table`. */
  readonly into: string;
  /** Tab-separated, in the order of the table's columns. */
  readonly rows: Readable;
  readonly signal: AbortSignal;
}

/**
 * Writes what may be kept of the rows. Resolves to how many those were: fewer than were sent where some break a rule.
 * Fails with an UpstreamError, some rows being in or not.
 */
export function insertHistory(
  database: ClickHouseDatabase,
  { table, into, rows, signal }: HistoryInsert,
): Promise<number> {
  const { columns } = HISTORY[table];
  const names = columns.map(({ name }) => name).join(', ');
  const structure = columns.map((column) => `${column.name} ${readAs(column)}`).join(', ');
  return database.insertStream({
    name: `insert_history_${table}`,
    query: `
      INSERT INTO ${into} (${names})
      SELECT ${columns.map((column) => `${kept(column)} AS kept_${column.name}`).join(', ')}
      FROM input('${structure}')
      WHERE ${[...columns.map(mayBeKept), ...FURTHER_RULES[table]].join('\n        AND ')}
      FORMAT TabSeparated`,
    body: rows,
    settings: { async_insert: 0, insert_deduplicate: 0, wait_end_of_query: 1 },
    signal,
  });
}

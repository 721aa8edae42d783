import type { RecordType } from '../../records/record-type.js';
import type { PostgresDatabase } from './database.js';

/** The column of a record whose value is too large for the table's own type, or undefined. */
export type TooLarge<R> = (record: R) => (keyof R & string) | undefined;

const MAXIMA: Readonly<Record<string, number>> = { smallint: 32_767, integer: 2_147_483_647 };
const COLUMNS = `
SELECT attname AS name, atttypid::regtype::text AS type
FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped`;

/** The largest number that each column of a table has room for, where it is less than any. Fails with an UpstreamError. */
export async function columnMaxima(database: PostgresDatabase, table: string): Promise<ReadonlyMap<string, number>> {
  const columns = await database.query<{ name: string; type: string }>({
    name: 'narrow_columns',
    text: COLUMNS,
    values: [table],
  });
  return new Map(columns.map(({ name, type }) => [name, MAXIMA[type] ?? Number.POSITIVE_INFINITY]));
}

/** Finds what a table that is older than this system has no room for. Fails with an UpstreamError. */
export async function narrowColumns<R>(database: PostgresDatabase, type: RecordType<R>): Promise<TooLarge<R>> {
  const maxima = await columnMaxima(database, type.table);
  return (record) =>
    type.columnNames.find((name) => {
      const value = record[name];
      return typeof value === 'number' && value > (maxima.get(name) ?? Number.POSITIVE_INFINITY);
    });
}

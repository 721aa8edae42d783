import type { Readable } from 'node:stream';
import type { PostgresConnection } from './database.js';

/** A table as SQL that psql can run: what makes it empty, how its rows are read in, and what follows once they are. */
export interface TableDefinition {
  readonly table: string;
  readonly create: string;
  readonly copy: string;
  readonly afterwards: string;
}

/** What a table holds, whatever the order of its rows: equal figures mean equal rows. */
export interface TableFigures {
  readonly rows: string;
  readonly sum: string;
  readonly xor: string;
}

const DEFINITION = `
WITH columns AS (
  SELECT attname, attnum, atttypid, format('%I %s%s%s', attname, format_type(atttypid, atttypmod),
    CASE WHEN attnotnull THEN ' NOT NULL' END, ' DEFAULT ' || pg_get_expr(adbin, adrelid)) AS line
  FROM pg_attribute
  -- A default that needs a sequence or a function of its own stays behind: nothing is added to what was dumped.
  LEFT JOIN pg_attrdef AS preset ON adrelid = attrelid AND adnum = attnum AND NOT EXISTS (
    SELECT FROM pg_depend WHERE classid = 'pg_attrdef'::regclass AND objid = preset.oid
      AND (refclassid = 'pg_proc'::regclass OR refclassid = 'pg_class'::regclass AND refobjid <> attrelid))
  WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
), extensions AS (
  -- Those that have a type, an operator class or a function that the table or its indexes need.
  SELECT DISTINCT format('CREATE EXTENSION IF NOT EXISTS %I;', extname) AS line
  FROM pg_depend AS needing
  JOIN pg_depend AS member ON member.classid = needing.refclassid AND member.objid = needing.refobjid
  JOIN pg_extension AS extension ON extension.oid = member.refobjid
  WHERE member.refclassid = 'pg_extension'::regclass AND member.deptype = 'e'
    AND (needing.classid = 'pg_class'::regclass
        AND needing.objid IN (SELECT $1::regclass UNION SELECT indexrelid FROM pg_index WHERE indrelid = $1::regclass)
      OR needing.classid = 'pg_constraint'::regclass
        AND needing.objid IN (SELECT oid FROM pg_constraint WHERE conrelid = $1::regclass))
), enums AS (
  SELECT format('CREATE TYPE %s AS ENUM (%s);', format_type(enumtypid, NULL),
    string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder)) AS line
  FROM pg_enum WHERE enumtypid IN (SELECT atttypid FROM columns) GROUP BY enumtypid
)
SELECT
  concat((SELECT string_agg(line, E'\\n') || E'\\n' FROM extensions),
    (SELECT string_agg(line, E'\\n') || E'\\n' FROM enums),
    format(E'CREATE TABLE %I (\\n  %s\\n);', $1, (SELECT string_agg(line, E',\\n  ' ORDER BY attnum) FROM columns))) AS "create",
  format('COPY %I (%s) FROM stdin;', $1, (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM columns)) AS "copy",
  concat_ws(E'\\n',
    (SELECT string_agg(format('ALTER TABLE %I ADD CONSTRAINT %I %s;', $1, conname, pg_get_constraintdef(oid)), E'\\n' ORDER BY conname)
      FROM pg_constraint WHERE conrelid = $1::regclass AND contype IN ('p', 'u', 'c')),
    (SELECT string_agg(pg_get_indexdef(indexrelid) || ';', E'\\n' ORDER BY indexrelid)
      FROM pg_index WHERE indrelid = $1::regclass
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u')))
  ) AS afterwards`;

export async function tableDefinition(connection: PostgresConnection, table: string): Promise<TableDefinition> {
  const [row] = await connection.query<Omit<TableDefinition, 'table'>>({
    name: 'table_definition',
    text: DEFINITION,
    values: [table],
  });
  if (row === undefined) throw new Error(`there is no table ${table}`);
  return { table, ...row };
}

export async function tableExists(connection: PostgresConnection, table: string): Promise<boolean> {
  const [row] = await connection.query<{ found: boolean }>({
    name: 'table_exists',
    text: 'SELECT to_regclass($1) IS NOT NULL AS found',
    values: [table],
  });
  return row?.found === true;
}

/** All rows of a table as COPY writes them, in the order of its definition's `copy`. */
export function dumpRows<T>(
  connection: PostgresConnection,
  { copy }: TableDefinition,
  use: (rows: Readable) => Promise<T>,
): Promise<{ rows: number; result: T }> {
  return connection.copyTo({ name: 'dump_table', text: copy.replace(/ FROM stdin;$/, ' TO STDOUT') }, use);
}

export async function restoreRows(
  connection: PostgresConnection,
  { copy }: TableDefinition,
  rows: Readable,
): Promise<number> {
  return connection.copyFrom({ name: 'restore_table', text: copy.replace(/;$/, '') }, rows);
}

export async function tableFigures(
  connection: PostgresConnection,
  { table, copy }: TableDefinition,
): Promise<TableFigures> {
  const columns = copy.slice(copy.indexOf('('), copy.lastIndexOf(')') + 1);
  const [row] = await connection.query<TableFigures>({
    name: 'table_figures',
    text: `SELECT count(*)::text AS rows, coalesce(sum(hash), 0)::text AS sum, coalesce(bit_xor(hash), 0)::text AS xor
      FROM (SELECT ('x' || left(md5(ROW${columns}::text), 16))::bit(64)::bigint AS hash FROM ${table}) AS hashed`,
  });
  if (row === undefined) throw new Error(`${table} has no figures`);
  return row;
}

/** Keeps everybody else from the tables until the transaction ends. Waits for 5 s at most. */
export async function lockTables(connection: PostgresConnection, tables: readonly string[]): Promise<void> {
  await connection.query({ name: 'drop_lock_timeout', text: "SET LOCAL lock_timeout = '5s'" });
  await connection.query({
    name: 'lock_tables',
    text: `LOCK TABLE ${tables.join(', ')} IN ACCESS EXCLUSIVE MODE`,
  });
}

export async function dropTables(connection: PostgresConnection, tables: readonly string[]): Promise<void> {
  await connection.query({ name: 'drop_tables', text: `DROP TABLE ${tables.join(', ')}` });
}

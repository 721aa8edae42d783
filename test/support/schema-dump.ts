import type { ClickHouseDatabase } from '../../src/stores/clickhouse/database.js';
import type { PostgresDatabase } from '../../src/stores/postgres/database.js';

/** Every table of a Postgres database with its columns, constraints and indexes, as sorted SQL. */
export async function dumpPostgresSchema(database: PostgresDatabase): Promise<string> {
  const tables = await database.query<{ definition: string }>({
    name: 'dump_tables',
    text: `SELECT format(E'CREATE TABLE %s (\\n%s\\n);', relname, string_agg(line, E',\\n' ORDER BY attnum)) AS definition
      FROM (
        SELECT relname, attnum, format('  %s %s%s%s', attname, format_type(atttypid, atttypmod),
          CASE WHEN attnotnull THEN ' NOT NULL' END, ' DEFAULT ' || pg_get_expr(adbin, adrelid)) AS line
        FROM pg_class
        JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
      ) AS columns
      GROUP BY relname
      ORDER BY relname COLLATE "C"`,
  });
  // Postgres 18 lists NOT NULL among the constraints too, earlier versions do not.
  const constraints = await database.query<{ definition: string }>({
    name: 'dump_constraints',
    text: `SELECT format('ALTER TABLE %s ADD CONSTRAINT %s %s;', conrelid::regclass, conname,
        pg_get_constraintdef(oid)) AS definition
      FROM pg_constraint
      WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
      ORDER BY conrelid::regclass::text COLLATE "C", conname COLLATE "C"`,
  });
  const indexes = await database.query<{ definition: string }>({
    name: 'dump_indexes',
    text: `SELECT pg_get_indexdef(indexrelid) || CASE WHEN indisvalid THEN ';' ELSE '; -- INVALID' END AS definition
      FROM pg_index
      JOIN pg_class ON pg_class.oid = indexrelid
      WHERE relnamespace = 'public'::regnamespace
      ORDER BY indrelid::regclass::text COLLATE "C", relname COLLATE "C"`,
  });
  return [tables, constraints, indexes].map((part) => `${part.map((row) => row.definition).join('\n')}\n`).join('\n');
}

/** Every table and view of a ClickHouse database, as sorted SQL without the database's name. */
export async function dumpClickHouseSchema(database: ClickHouseDatabase): Promise<string> {
  const rows = await database.query<{ definition: string }>({
    name: 'dump_tables',
    query: `SELECT formatQuery(create_table_query) AS definition
      FROM system.tables WHERE database = currentDatabase() ORDER BY name`,
  });
  return rows.map(({ definition }) => `${definition.replaceAll(`${database.database}.`, '')};\n`).join('\n');
}

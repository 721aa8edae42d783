import { UpstreamError, UserError } from '../../platform/errors.js';
import type { AppliedMigration, SchemaMigration } from '../../records/schema-migration.js';
import { localTable, onEveryServer } from './cluster.js';
import { onCluster } from './cluster-schema.js';
import { ClickHouseDatabase } from './database.js';

/** Days that rows stay in the tables: one more than is promised, so that nothing goes missing at the edge. */
export interface RowLifetime {
  readonly eventDays: number;
  readonly attemptDays: number;
}

interface TableLifetime {
  readonly table: string;
  readonly days: keyof RowLifetime;
  /** What the TTL counts from. */
  readonly from: string;
}

const TABLE_LIFETIMES: readonly TableLifetime[] = [
  { table: 'events', days: 'eventDays', from: "toDateTime(ingested_at, 'UTC')" },
  { table: 'delivery_attempts', days: 'attemptDays', from: "toDateTime(created_at, 'UTC')" },
  { table: 'delivery_stats_hourly', days: 'attemptDays', from: 'hour' },
  { table: 'delivery_stats_daily', days: 'attemptDays', from: 'day' },
];
const MIGRATIONS_TABLE = 'ethhook_schema_migrations';
const COMMENT_LINE = /^\s*--.*$/gm;
const END_OF_STATEMENT = /;\s*$/m;
const UNKNOWN_TABLE = '60';
const UNKNOWN_DATABASE = '81';

/** Creates the database that a URL names where the server, or one of the cluster's, does not have it. */
export async function ensureDatabase(url: string, applicationName: string, cluster = ''): Promise<void> {
  const serverUrl = new URL(url);
  serverUrl.pathname = '/';
  const server = new ClickHouseDatabase(serverUrl.href, { applicationName, cluster });
  const wanted = new ClickHouseDatabase(url, { applicationName });
  const params = { database: wanted.database };
  try {
    // Asked for first: one who may not create databases can still migrate one that is there.
    const [found] = await server.query<{ servers: number; databases: number }>({
      name: 'find_database',
      query: `SELECT (SELECT count() FROM ${onEveryServer(server, 'system.one')}) AS servers,
        (SELECT count() FROM ${onEveryServer(server, 'system.databases')} WHERE name = {database:String}) AS databases`,
      params,
    });
    if (found?.databases === found?.servers) return;
    await server.command({
      name: 'create_database',
      query: `CREATE DATABASE IF NOT EXISTS {database:Identifier}${cluster === '' ? '' : ` ON CLUSTER '${cluster}'`}`,
      params,
    });
  } finally {
    await Promise.all([server.close(), wanted.close()]);
  }
}

/**
 * What has been applied, in order; nothing where no runner has been, or the database is missing. Fails with a
 * {@link UserError} where the tables are those of a cluster and this process is to speak to a single node, or the reverse.
 */
export async function appliedMigrations(database: ClickHouseDatabase): Promise<AppliedMigration[]> {
  try {
    await assertPlacement(database);
    return await database.query<AppliedMigration>({
      name: 'applied_schema_migrations',
      query: `SELECT number, name, toUnixTimestamp64Milli(applied_at) AS appliedAt
        FROM ${MIGRATIONS_TABLE} FINAL ORDER BY number`,
    });
  } catch (error) {
    const code = error instanceof UpstreamError ? error.options.code : undefined;
    if (code === UNKNOWN_TABLE || code === UNKNOWN_DATABASE) return [];
    throw error;
  }
}

async function assertPlacement(database: ClickHouseDatabase): Promise<void> {
  const [table] = await database.query<{ engine: string }>({
    name: 'placement',
    query: 'SELECT engine FROM system.tables WHERE database = currentDatabase() AND name = {table:String}',
    params: { table: MIGRATIONS_TABLE },
  });
  if (table === undefined || (table.engine === 'Distributed') === (database.cluster !== null)) return;
  throw new UserError(
    database.cluster === null
      ? `The tables of the ClickHouse database ${database.database} are those of a cluster. Set CLICKHOUSE_CLUSTER to its name, for every process.`
      : `The tables of the ClickHouse database ${database.database} are those of a single node, which does not become a ` +
          'cluster by itself. Unset CLICKHOUSE_CLUSTER, or move the rows (docs/scaling.md).',
  );
}

export const prepareForMigrations = (database: ClickHouseDatabase): Promise<void> =>
  define(database, 'create_schema_migrations', [
    `CREATE TABLE IF NOT EXISTS ${MIGRATIONS_TABLE}
      (
          number UInt32,
          name String,
          applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
      )
      ENGINE = ReplacingMergeTree
      ORDER BY number`,
  ]);

/** Takes one step and notes it. There are no transactions here: every statement can be run again after a kill. */
export async function applyMigration(
  database: ClickHouseDatabase,
  migration: SchemaMigration,
  lifetime: RowLifetime,
): Promise<void> {
  await define(database, migration.name, statementsOf(migration.sql, lifetime));
  await database.command({
    name: 'note_schema_migration',
    query: `INSERT INTO ${MIGRATIONS_TABLE} (number, name) SELECT {number:UInt32}, {name:String}`,
    params: { number: migration.number, name: migration.name },
    settings: { async_insert: 0 },
  });
}

/** Runs statements of the schema, as they are on a cluster where there is one. */
async function define(database: ClickHouseDatabase, name: string, statements: readonly string[]): Promise<void> {
  const { cluster, database: schema } = database;
  for (const statement of statements) {
    const queries = cluster === null ? [statement] : onCluster(statement, { cluster, database: schema });
    for (const query of queries) await database.command({ name, query });
  }
}

/** Brings the tables' TTL to a changed lifetime. Returns the tables that it changed. */
export async function applyLifetime(database: ClickHouseDatabase, lifetime: RowLifetime): Promise<string[]> {
  const rows = await database.query<{ table: string; days: number[] }>({
    name: 'table_lifetimes',
    query: `SELECT name AS table,
        groupUniqArray(toUInt32OrZero(extract(engine_full, 'TTL .*toIntervalDay\\\\((\\\\d+)\\\\)'))) AS days
      FROM ${onEveryServer(database, 'system.tables')} WHERE database = {database:String} GROUP BY name`,
    params: { database: database.database },
  });
  const current = new Map(rows.map(({ table, days }) => [table, days]));
  const isCurrent = ({ table, days }: TableLifetime): boolean =>
    current.get(localTable(database, table))?.every((found) => found === lifetime[days]) ?? false;
  const changed = TABLE_LIFETIMES.filter((table) => !isCurrent(table));
  for (const { table, days, from } of changed) {
    // Written out as in the table's own definition, where a bound number would stay a cast.
    const ttl = `${from} + toIntervalDay(${lifetime[days]})`;
    await define(database, 'change_lifetime', [`ALTER TABLE ${table} MODIFY TTL ${ttl}`]);
  }
  return changed.map(({ table }) => table);
}

/** The statements of a file, which end with a semicolon at the end of a line; lines of comment are left out. */
function statementsOf(sql: string, { eventDays, attemptDays }: RowLifetime): string[] {
  return sql
    .replace(COMMENT_LINE, '')
    .replaceAll('{events_ttl_days}', String(eventDays))
    .replaceAll('{attempts_ttl_days}', String(attemptDays))
    .split(END_OF_STATEMENT)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

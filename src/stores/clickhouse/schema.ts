import { UpstreamError } from '../../platform/errors.js';
import type { AppliedMigration, SchemaMigration } from '../../records/schema-migration.js';
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
const COMMENT_LINE = /^\s*--.*$/gm;
const END_OF_STATEMENT = /;\s*$/m;
const UNKNOWN_TABLE = '60';
const UNKNOWN_DATABASE = '81';

/** Creates the database that a URL names where the server does not have it. */
export async function ensureDatabase(url: string, applicationName: string): Promise<void> {
  const serverUrl = new URL(url);
  serverUrl.pathname = '/';
  const server = new ClickHouseDatabase(serverUrl.href, { applicationName });
  const wanted = new ClickHouseDatabase(url, { applicationName });
  const params = { database: wanted.database };
  try {
    // Asked for first: one who may not create databases can still migrate one that is there.
    const found = await server.query({
      name: 'find_database',
      query: 'SELECT name FROM system.databases WHERE name = {database:String}',
      params,
    });
    if (found.length > 0) return;
    await server.command({
      name: 'create_database',
      query: 'CREATE DATABASE IF NOT EXISTS {database:Identifier}',
      params,
    });
  } finally {
    await Promise.all([server.close(), wanted.close()]);
  }
}

/** What has been applied, in order; nothing where no runner has been, or the database is missing. */
export async function appliedMigrations(database: ClickHouseDatabase): Promise<AppliedMigration[]> {
  try {
    return await database.query<AppliedMigration>({
      name: 'applied_schema_migrations',
      query: `SELECT number, name, toUnixTimestamp64Milli(applied_at) AS appliedAt
        FROM ethhook_schema_migrations FINAL ORDER BY number`,
    });
  } catch (error) {
    const code = error instanceof UpstreamError ? error.options.code : undefined;
    if (code === UNKNOWN_TABLE || code === UNKNOWN_DATABASE) return [];
    throw error;
  }
}

export async function prepareForMigrations(database: ClickHouseDatabase): Promise<void> {
  await database.command({
    name: 'create_schema_migrations',
    query: `CREATE TABLE IF NOT EXISTS ethhook_schema_migrations
      (
          number UInt32,
          name String,
          applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
      )
      ENGINE = ReplacingMergeTree
      ORDER BY number`,
  });
}

/** Takes one step and notes it. There are no transactions here: every statement can be run again after a kill. */
export async function applyMigration(
  database: ClickHouseDatabase,
  migration: SchemaMigration,
  lifetime: RowLifetime,
): Promise<void> {
  for (const query of statementsOf(migration.sql, lifetime)) await database.command({ name: migration.name, query });
  await database.command({
    name: 'note_schema_migration',
    query: 'INSERT INTO ethhook_schema_migrations (number, name) SELECT {number:UInt32}, {name:String}',
    params: { number: migration.number, name: migration.name },
    settings: { async_insert: 0 },
  });
}

/** Brings the tables' TTL to a changed lifetime. Returns the tables that it changed. */
export async function applyLifetime(database: ClickHouseDatabase, lifetime: RowLifetime): Promise<string[]> {
  const rows = await database.query<{ table: string; days: number }>({
    name: 'table_lifetimes',
    query: `SELECT name AS table, toUInt32OrZero(extract(engine_full, 'TTL .*toIntervalDay\\\\((\\\\d+)\\\\)')) AS days
      FROM system.tables WHERE database = currentDatabase()`,
  });
  const current = new Map(rows.map(({ table, days }) => [table, days]));
  const changed = TABLE_LIFETIMES.filter(({ table, days }) => current.get(table) !== lifetime[days]);
  for (const { table, days, from } of changed) {
    // Written out as in the table's own definition, where a bound number would stay a cast.
    const ttl = `${from} + toIntervalDay(${lifetime[days]})`;
    await database.command({ name: 'change_lifetime', query: `ALTER TABLE ${table} MODIFY TTL ${ttl}` });
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

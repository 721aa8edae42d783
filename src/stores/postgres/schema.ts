import { UpstreamError } from '../../platform/errors.js';
import type { AppliedMigration, SchemaMigration } from '../../records/schema-migration.js';
import type { PostgresConnection, PostgresDatabase } from './database.js';

/** Any number, the same in every version: what keeps two runners apart. */
const RUNNER_LOCK = 7_316_902_451;
/**
 * How long a migration waits for a table's lock, since every later query of the table waits behind it. Shorter than
 * Postgres' deadlock_timeout of 1 s, so that in a deadlock it is the migration that gives way.
 */
const LOCK_TIMEOUT = '500ms';
const UNDEFINED_TABLE = '42P01';
const LOCK_CONFLICTS = new Set([
  '55P03', // lock_not_available: the lock timeout
  '40P01', // deadlock_detected
]);

/** Takes the lock that only one runner holds, unless another one has it. The lock lasts as long as the connection. */
export async function tryLockRunner(connection: PostgresConnection): Promise<boolean> {
  const [row] = await connection.query<{ locked: boolean }>({
    name: 'try_lock_schema_runner',
    text: 'SELECT pg_try_advisory_lock($1) AS locked',
    values: [RUNNER_LOCK],
  });
  return row?.locked ?? false;
}

/** What has been applied, in order; nothing where no runner has been. */
export async function appliedMigrations(database: PostgresDatabase | PostgresConnection): Promise<AppliedMigration[]> {
  try {
    return await database.query<AppliedMigration>({
      name: 'applied_schema_migrations',
      text: 'SELECT number, name, applied_at AS "appliedAt" FROM ethhook_schema_migrations ORDER BY number',
    });
  } catch (error) {
    if (error instanceof UpstreamError && error.options.code === UNDEFINED_TABLE) return [];
    throw error;
  }
}

/** Makes the connection ready for migrations, which may take as long as they take. */
export async function prepareForMigrations(connection: PostgresConnection): Promise<void> {
  await connection.query({ name: 'no_timeouts', text: 'SET statement_timeout = 0; SET lock_timeout = 0' });
  await connection.query({
    name: 'create_schema_migrations',
    text: `CREATE TABLE IF NOT EXISTS ethhook_schema_migrations (
      number integer PRIMARY KEY,
      name text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now()
    )`,
  });
}

/** Takes one step and notes it. A step that fails, or is killed, can be taken again. */
export async function applyMigration(connection: PostgresConnection, migration: SchemaMigration): Promise<void> {
  if (migration.concurrently) {
    await dropInvalidIndex(connection, migration.name);
    await connection.query({ name: migration.name, text: migration.sql });
    await noteApplied(connection, migration);
    return;
  }
  await connection.transaction(migration.name, async () => {
    await connection.query({ name: 'short_lock_waits', text: `SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'` });
    await connection.query({ name: migration.name, text: migration.sql });
    await noteApplied(connection, migration);
  });
}

/** Whether a step failed only because others were using its tables, so that it may be taken again a little later. */
export const isLockConflict = (error: unknown): boolean =>
  error instanceof UpstreamError && LOCK_CONFLICTS.has(error.options.code ?? '');

/** A concurrent build that did not end leaves an index that is kept up to date and never read. */
async function dropInvalidIndex(connection: PostgresConnection, index: string): Promise<void> {
  const [row] = await connection.query<{ statement: string }>({
    name: 'invalid_index',
    text: `SELECT format('DROP INDEX CONCURRENTLY %s', indexrelid::regclass) AS statement
      FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid`,
    values: [index],
  });
  if (row !== undefined) await connection.query({ name: 'drop_invalid_index', text: row.statement });
}

async function noteApplied(connection: PostgresConnection, { number, name }: SchemaMigration): Promise<void> {
  await connection.query({
    name: 'note_schema_migration',
    text: 'INSERT INTO ethhook_schema_migrations (number, name) VALUES ($1, $2)',
    values: [number, name],
  });
}

import { UserError } from '../platform/errors.js';
import type { Store } from '../records/migration-phase.js';
import type { AppliedMigration } from '../records/schema-migration.js';
import { ClickHouseDatabase } from '../stores/clickhouse/database.js';
import { appliedMigrations as appliedInClickHouse } from '../stores/clickhouse/schema.js';
import { PostgresDatabase } from '../stores/postgres/database.js';
import { appliedMigrations as appliedInPostgres } from '../stores/postgres/schema.js';
import { readSchemaMigrations } from './schema-files.js';
import { migrationLabel, pendingMigrations, unknownMigrations } from './schema-plan.js';
import type { SchemaUrls } from './schema-runner.js';

/** Where one migration stands in one database. */
export interface MigrationState {
  readonly store: Store;
  /** As its file is called, such as 0001_configuration. */
  readonly migration: string;
  /** `unknown` is the work of a newer version. */
  readonly state: 'applied' | 'pending' | 'unknown';
  /** Milliseconds since 1970, UTC; null while pending. */
  readonly appliedAt: number | null;
}

/** Every migration of both databases, in order. Changes nothing. */
export async function migrationStatus(urls: SchemaUrls): Promise<MigrationState[]> {
  const applicationName = 'ethhook-migrate';
  const postgres = new PostgresDatabase(urls.postgresUrl, { applicationName, maxConnections: 1 });
  const clickhouse = new ClickHouseDatabase(urls.clickhouseUrl, {
    applicationName,
    maxConnections: 1,
    cluster: urls.clickhouseCluster ?? '',
  });
  try {
    return [
      ...(await statesOf('postgres', await appliedInPostgres(postgres))),
      ...(await statesOf('clickhouse', await appliedInClickHouse(clickhouse))),
    ];
  } finally {
    await Promise.all([postgres.close(), clickhouse.close()]);
  }
}

/**
 * One query a database, for processes to ask before they start. Throws {@link UserError} where a migration that this
 * version needs is missing. What a newer version has added does not disturb.
 */
export async function assertSchemaCurrent(databases: {
  readonly postgres?: PostgresDatabase;
  readonly clickhouse?: ClickHouseDatabase;
}): Promise<void> {
  const { postgres, clickhouse } = databases;
  if (postgres !== undefined) await assertNonePending('postgres', await appliedInPostgres(postgres));
  if (clickhouse !== undefined) await assertNonePending('clickhouse', await appliedInClickHouse(clickhouse));
}

async function assertNonePending(store: Store, applied: readonly AppliedMigration[]): Promise<void> {
  const pending = pendingMigrations(await readSchemaMigrations(store), applied);
  if (pending.length === 0) return;
  throw new UserError(
    `The schema of the ${store} database is older than this version needs: ${pending.map(migrationLabel).join(', ')} ` +
      'not applied. Run `ethhook-analytics migrate up`, then start again.',
  );
}

async function statesOf(store: Store, applied: readonly AppliedMigration[]): Promise<MigrationState[]> {
  const known = await readSchemaMigrations(store);
  const appliedAt = new Map(applied.map((migration) => [migration.number, migration.appliedAt]));
  return [
    ...known.map((migration) => ({
      store,
      migration: migrationLabel(migration),
      state: appliedAt.has(migration.number) ? ('applied' as const) : ('pending' as const),
      appliedAt: appliedAt.get(migration.number) ?? null,
    })),
    ...unknownMigrations(known, applied).map((migration) => ({
      store,
      migration: migrationLabel(migration),
      state: 'unknown' as const,
      appliedAt: migration.appliedAt,
    })),
  ];
}

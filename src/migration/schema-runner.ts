import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../platform/errors.js';
import type { Logger } from '../platform/logger.js';
import { retry } from '../platform/retry.js';
import type { Store } from '../records/migration-phase.js';
import type { AppliedMigration, SchemaMigration } from '../records/schema-migration.js';
import { ClickHouseDatabase } from '../stores/clickhouse/database.js';
import * as clickhouseSchema from '../stores/clickhouse/schema.js';
import { type PostgresConnection, PostgresDatabase } from '../stores/postgres/database.js';
import * as postgresSchema from '../stores/postgres/schema.js';
import { readSchemaMigrations } from './schema-files.js';
import { migrationLabel, pendingMigrations, unknownMigrations } from './schema-plan.js';

export interface SchemaUrls {
  readonly postgresUrl: string;
  readonly clickhouseUrl: string;
  /** Default, and empty: a single node. */
  readonly clickhouseCluster?: string;
}

interface MigrateOptions extends SchemaUrls {
  readonly retention: { readonly eventsDays: number; readonly attemptsDays: number };
  readonly logger: Logger;
  /** Gives up waiting: for another runner, or for a table that is in use. */
  readonly signal?: AbortSignal;
}

/** What a run has changed. */
export interface MigrateReport {
  readonly applied: readonly { readonly store: Store; readonly migration: string }[];
  /** The ClickHouse tables whose rows now live longer or shorter. */
  readonly retentionChanged: readonly string[];
}

const APPLICATION_NAME = 'ethhook-migrate';
const POLL_MS = 200;
const LOCK_BACKOFF = { firstMs: 1_000, maxMs: 10_000 };
/** A statement over a large history, such as a changed TTL, may take this long. */
const CLICKHOUSE_TIMEOUT_MS = 3_600_000;

/**
 * Brings the schema of both databases up to what this version needs, and the retention of ClickHouse's tables to what
 * is asked for. Run again, or by two at once, it changes nothing more. Fails with a {@link UserError}, having changed
 * nothing, where a database has a migration that this version does not know.
 */
export async function migrateUp(given: MigrateOptions): Promise<MigrateReport> {
  const { postgresUrl, clickhouseUrl, clickhouseCluster: cluster = '', ...options } = given;
  const postgres = new PostgresDatabase(postgresUrl, { applicationName: APPLICATION_NAME, maxConnections: 1 });
  const clickhouse = new ClickHouseDatabase(clickhouseUrl, {
    applicationName: APPLICATION_NAME,
    timeoutMs: CLICKHOUSE_TIMEOUT_MS,
    cluster,
  });
  try {
    return await postgres.withConnection('migrate', async (connection) => {
      await lockRunner(connection, options);
      const pending = {
        postgres: await pendingOf('postgres', await postgresSchema.appliedMigrations(connection)),
        clickhouse: await pendingOf('clickhouse', await clickhouseSchema.appliedMigrations(clickhouse)),
      };
      await migratePostgres(connection, pending.postgres, options);
      await clickhouseSchema.ensureDatabase(clickhouseUrl, APPLICATION_NAME, cluster);
      const retentionChanged = await migrateClickHouse(clickhouse, pending.clickhouse, options);
      const applied = (['postgres', 'clickhouse'] as const).flatMap((store) =>
        pending[store].map((migration) => ({ store, migration: migrationLabel(migration) })),
      );
      return { applied, retentionChanged };
    });
  } finally {
    await Promise.all([postgres.close(), clickhouse.close()]);
  }
}

type StepOptions = Omit<MigrateOptions, keyof SchemaUrls>;

/**
 * Waits for other runners by asking again and again: a query that waits for the lock would hold a snapshot, for which
 * the other runner's CREATE INDEX CONCURRENTLY would wait in turn.
 */
async function lockRunner(connection: PostgresConnection, { logger, signal }: StepOptions): Promise<void> {
  for (let polls = 0; !(await postgresSchema.tryLockRunner(connection)); polls++) {
    if (polls === 0) logger.info('waiting for another migration runner to finish');
    await delay(POLL_MS, undefined, signal === undefined ? {} : { signal });
  }
}

async function pendingOf(store: Store, applied: readonly AppliedMigration[]): Promise<SchemaMigration[]> {
  const known = await readSchemaMigrations(store);
  const unknown = unknownMigrations(known, applied);
  if (unknown.length > 0) {
    throw new UserError(
      `The ${store} database has migrations that this version does not know: ${unknown.map(migrationLabel).join(', ')}. ` +
        'A newer version has migrated it. Nothing was changed. Run that version, or a later one.',
    );
  }
  return pendingMigrations(known, applied);
}

async function migratePostgres(
  connection: PostgresConnection,
  pending: readonly SchemaMigration[],
  { logger, signal }: StepOptions,
): Promise<void> {
  await postgresSchema.prepareForMigrations(connection);
  for (const migration of pending) {
    await retry(() => postgresSchema.applyMigration(connection, migration), {
      isRetryable: postgresSchema.isLockConflict,
      onRetry: (error, attempt) =>
        logger.warn({ error, attempt, migration: migrationLabel(migration) }, 'a table is in use, will try again'),
      signal: signal ?? new AbortController().signal,
      backoff: LOCK_BACKOFF,
    });
    logger.info({ store: 'postgres', migration: migrationLabel(migration) }, 'migrated');
  }
}

async function migrateClickHouse(
  database: ClickHouseDatabase,
  pending: readonly SchemaMigration[],
  { retention, logger }: StepOptions,
): Promise<string[]> {
  const lifetime = { eventDays: retention.eventsDays + 1, attemptDays: retention.attemptsDays + 1 };
  await clickhouseSchema.prepareForMigrations(database);
  for (const migration of pending) {
    await clickhouseSchema.applyMigration(database, migration, lifetime);
    logger.info({ store: 'clickhouse', migration: migrationLabel(migration) }, 'migrated');
  }
  const changed = await clickhouseSchema.applyLifetime(database, lifetime);
  if (changed.length > 0) logger.info({ tables: changed, retention }, 'retention changed');
  return changed;
}

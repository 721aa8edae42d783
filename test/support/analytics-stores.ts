import { randomUUID } from 'node:crypto';
import { migrateUp } from '../../src/migration/schema-runner.js';
import { createLogger } from '../../src/platform/logger.js';
import { type AttemptRecord, attemptType } from '../../src/records/attempt.js';
import { type EventRecord, eventType } from '../../src/records/event.js';
import type { RecordType } from '../../src/records/record-type.js';
import { ClickHouseDatabase } from '../../src/stores/clickhouse/database.js';
import { insertBatch } from '../../src/stores/clickhouse/insert-batch.js';
import { PostgresDatabase } from '../../src/stores/postgres/database.js';
import { upsertAttempts } from '../../src/stores/postgres/upsert-attempts.js';
import { upsertEvents } from '../../src/stores/postgres/upsert-events.js';
import { all, rowsOf } from './rows.js';
import { freshClickHouse, freshPostgres, testServers } from './servers.js';

/** Both databases, migrated, for one test file. */
interface AnalyticsDatabases {
  readonly clickhouse: ClickHouseDatabase;
  /** The same ClickHouse for a user that can only read, as the gateway's may be. */
  readonly clickhouseReader: ClickHouseDatabase;
  readonly postgres: PostgresDatabase;
  close(): Promise<void>;
}

export async function freshAnalyticsDatabases(): Promise<AnalyticsDatabases> {
  const [freshSql, freshColumns] = await Promise.all([freshPostgres(), freshClickHouse()]);
  await migrateUp({
    postgresUrl: freshSql.url,
    clickhouseUrl: freshColumns.url,
    retention: { eventsDays: 90, attemptsDays: 30 },
    logger: createLogger('test', 'silent'),
  });
  const readerUrl = new URL(testServers().clickhouseReaderUrl);
  readerUrl.pathname = new URL(freshColumns.url).pathname;
  const clickhouse = new ClickHouseDatabase(freshColumns.url, { applicationName: 'test' });
  const clickhouseReader = new ClickHouseDatabase(readerUrl.href, { applicationName: 'test' });
  const postgres = new PostgresDatabase(freshSql.url, { applicationName: 'test' });
  return {
    clickhouse,
    clickhouseReader,
    postgres,
    async close() {
      await Promise.all([clickhouse.close(), clickhouseReader.close(), postgres.close()]);
      await Promise.all([freshSql.drop(), freshColumns.drop()]);
    },
  };
}

/** One batch of attempts, as the worker writes it: a batch sent again has the token of the first time. */
export const insertAttemptsIntoClickHouse = (
  database: ClickHouseDatabase,
  attempts: readonly AttemptRecord[],
  token: string,
): Promise<void> => insertIntoClickHouse(database, attemptType, attempts, token);

export const insertEventsIntoClickHouse = (
  database: ClickHouseDatabase,
  events: readonly EventRecord[],
): Promise<void> => insertIntoClickHouse(database, eventType, events, randomUUID());

/** In the order of arrival. */
export async function upsertAttemptsIntoPostgres(
  database: PostgresDatabase,
  attempts: readonly AttemptRecord[],
): Promise<void> {
  const rows = rowsOf(attemptType, attempts);
  const refused = await upsertAttempts(database, rows, all(rows));
  if (refused.length > 0) throw new Error(`refused: ${refused.map((row) => rows.record(row).id).join(', ')}`);
}

/** In the order of arrival; several may have one id. */
export async function insertEventsIntoPostgres(
  database: PostgresDatabase,
  events: readonly EventRecord[],
): Promise<void> {
  const rows = rowsOf(eventType, events);
  for (const row of all(rows)) await upsertEvents(database, rows, Int32Array.of(row));
}

async function insertIntoClickHouse<R>(
  database: ClickHouseDatabase,
  type: RecordType<R>,
  records: readonly R[],
  token: string,
): Promise<void> {
  const { signal } = new AbortController();
  await insertBatch(database, type, { rowBinary: rowsOf(type, records).bytes(), token, signal });
}

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { migrateUp } from '../../src/migration/schema-runner.js';
import { ClickHouseDatabase } from '../../src/stores/clickhouse/database.js';
import { PostgresDatabase } from '../../src/stores/postgres/database.js';
import { readGoldenSchema, writeGoldenSchema } from '../support/golden-schema.js';
import { dumpClickHouseSchema, dumpPostgresSchema } from '../support/schema-dump.js';
import { freshClickHouse, freshPostgres } from '../support/servers.js';

const fresh: Awaited<ReturnType<typeof freshPostgres>>[] = [];
let postgres: PostgresDatabase;
let clickhouse: ClickHouseDatabase;

beforeAll(async () => {
  const [sql, columns] = await Promise.all([freshPostgres(), freshClickHouse()]);
  fresh.push(sql, columns);
  postgres = new PostgresDatabase(sql.url, { applicationName: 'test' });
  clickhouse = new ClickHouseDatabase(columns.url, { applicationName: 'test' });
  await migrateUp({
    postgresUrl: sql.url,
    clickhouseUrl: columns.url,
    retention: { eventsDays: 90, attemptsDays: 30 },
    logger: pino({ level: 'silent' }),
  });
});

afterAll(async () => {
  await Promise.all([postgres.close(), clickhouse.close()]);
  await Promise.all(fresh.map(({ drop }) => drop()));
});

test.each([
  ['postgres' as const, () => dumpPostgresSchema(postgres)],
  ['clickhouse' as const, () => dumpClickHouseSchema(clickhouse)],
])('the %s migrations make the schema that is kept beside them', async (store, dump) => {
  const made = await dump();
  if (process.env['UPDATE_GOLDEN'] === '1') await writeGoldenSchema(store, made);
  expect(made).toBe(await readGoldenSchema(store));
});

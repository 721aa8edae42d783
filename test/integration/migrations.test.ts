import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { type MigrateReport, migrateUp } from '../../src/migration/schema-runner.js';
import { assertSchemaCurrent, migrationStatus } from '../../src/migration/schema-status.js';
import { UserError } from '../../src/platform/errors.js';
import { ClickHouseDatabase } from '../../src/stores/clickhouse/database.js';
import { PostgresDatabase } from '../../src/stores/postgres/database.js';
import { readGoldenSchema } from '../support/golden-schema.js';
import { dumpClickHouseSchema, dumpPostgresSchema } from '../support/schema-dump.js';
import { freshClickHouse, freshPostgres } from '../support/servers.js';
import { until } from '../support/until.js';

const DAY_MS = 24 * 3_600_000;

describe('the schema migrations', () => {
  let fresh: Awaited<ReturnType<typeof freshPostgres>>[];
  let urls: { postgresUrl: string; clickhouseUrl: string };
  let postgres: PostgresDatabase;
  let clickhouse: ClickHouseDatabase;
  const up = (retention = { eventsDays: 90, attemptsDays: 30 }): Promise<MigrateReport> =>
    migrateUp({ ...urls, retention, logger: pino({ level: 'silent' }) });
  const dumps = async () => ({
    postgres: await dumpPostgresSchema(postgres),
    clickhouse: await dumpClickHouseSchema(clickhouse),
  });
  const goldenDumps = async () => ({
    postgres: await readGoldenSchema('postgres'),
    clickhouse: await readGoldenSchema('clickhouse'),
  });

  beforeEach(async () => {
    const [sql, columns] = await Promise.all([freshPostgres(), freshClickHouse()]);
    fresh = [sql, columns];
    urls = { postgresUrl: sql.url, clickhouseUrl: columns.url };
    postgres = new PostgresDatabase(sql.url, { applicationName: 'test' });
    clickhouse = new ClickHouseDatabase(columns.url, { applicationName: 'test' });
  });

  afterEach(async () => {
    await Promise.all([postgres.close(), clickhouse.close()]);
    await Promise.all(fresh.map(({ drop }) => drop()));
  });

  test('change nothing when run again', async () => {
    await up();
    const before = { status: await migrationStatus(urls), schema: await dumps() };
    expect(await up()).toEqual({ applied: [], retentionChanged: [] });
    expect({ status: await migrationStatus(urls), schema: await dumps() }).toEqual(before);
    expect(before.status.map(({ state }) => state)).not.toContain('pending');
  });

  test('are safe with three runners at once', async () => {
    await Promise.all([up(), up(), up()]);
    expect(await dumps()).toEqual(await goldenDumps());
    const [phases] = await postgres.query({ name: 'phases', text: 'SELECT count(*) FROM migration_phase' });
    expect(phases).toEqual({ count: 1 });
  });

  test('create the ClickHouse database that the URL names', async () => {
    const columns = fresh[1];
    await columns?.drop();
    await up();
    expect((await dumps()).clickhouse).toEqual((await goldenDumps()).clickhouse);
  });

  test('start an empty installation in the phase cutover', async () => {
    await up();
    expect(await postgres.query({ name: 'phase', text: 'SELECT phase FROM migration_phase' })).toEqual([
      { phase: 'cutover' },
    ]);
  });

  test('are refused, and nothing is changed, where Postgres has been migrated by a newer version', async () => {
    await up();
    await postgres.query({
      name: 'newer',
      text: "INSERT INTO ethhook_schema_migrations VALUES (999, 'of_the_future')",
    });
    await clickhouse.command({ name: 'older', query: 'DROP TABLE delivery_stats_daily_view' });
    const before = await dumps();
    const refusal = await up({ eventsDays: 7, attemptsDays: 7 }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(UserError);
    expect(refusal).toHaveProperty('message', expect.stringContaining('0999_of_the_future'));
    expect(await dumps()).toEqual(before);
  });

  test('are refused, and Postgres is left alone, where ClickHouse has been migrated by a newer version', async () => {
    await up();
    await clickhouse.command({
      name: 'newer',
      query: "INSERT INTO ethhook_schema_migrations (number, name) VALUES (2, 'of_the_future')",
    });
    await postgres.query({ name: 'empty', text: 'DROP TABLE ethhook_schema_migrations, migration_phase' });
    const before = await dumps();
    await expect(up()).rejects.toThrow(/clickhouse database has migrations .* 0002_of_the_future/);
    expect(await dumps()).toEqual(before);
    expect((await migrationStatus(urls)).filter(({ state }) => state === 'unknown')).toHaveLength(1);
  });

  test('go on where a killed runner stopped', async () => {
    await up();
    await postgres.query({
      name: 'as_if_killed',
      text: `DROP INDEX delivery_attempts_event_id;
        DELETE FROM ethhook_schema_migrations WHERE number BETWEEN 8 AND 10;
        INSERT INTO delivery_attempts (id, event_id, endpoint_id)
          SELECT gen_random_uuid(), '00000000-0000-4000-8000-000000000001', gen_random_uuid() FROM generate_series(1, 2)`,
    });
    await expect(
      postgres.query({
        name: 'leaves_an_invalid_index',
        text: 'CREATE UNIQUE INDEX CONCURRENTLY delivery_attempts_event_id ON delivery_attempts (event_id)',
      }),
    ).rejects.toHaveProperty('options.code', '23505');
    expect((await dumps()).postgres).toContain('INVALID');
    await clickhouse.command({ name: 'as_if_killed', query: 'DROP TABLE delivery_stats_daily_view' });
    await clickhouse.command({ name: 'as_if_killed', query: 'DROP TABLE delivery_stats_daily' });
    await clickhouse.command({ name: 'as_if_killed', query: 'TRUNCATE TABLE ethhook_schema_migrations' });

    await up();
    expect(await dumps()).toEqual(await goldenDumps());
  });

  test('apply a changed retention to the tables and to the rows in them', async () => {
    await up();
    const created = Date.now() - 10 * DAY_MS;
    await clickhouse.command({
      name: 'old_attempt',
      query: `INSERT INTO delivery_attempts (id, status, created_at, updated_at)
        SELECT generateUUIDv4(), 'success', fromUnixTimestamp64Milli({created:Int64}), fromUnixTimestamp64Milli({created:Int64})`,
      params: { created },
    });
    const rows = async (): Promise<number[]> => {
      const counts = await clickhouse.query<{ rows: number }>({
        name: 'rows',
        query: `SELECT count() AS rows FROM delivery_attempts UNION ALL
          SELECT count() FROM delivery_stats_hourly UNION ALL SELECT count() FROM delivery_stats_daily`,
      });
      return counts.map((count) => count.rows);
    };
    expect(await rows()).toEqual([1, 1, 1]);

    await up({ eventsDays: 90, attemptsDays: 12 });
    expect(await rows()).toEqual([1, 1, 1]);
    await up({ eventsDays: 14, attemptsDays: 5 });
    const lifetimes = await clickhouse.query({
      name: 'lifetimes',
      query: `SELECT name, extract(engine_full, 'toIntervalDay\\\\((\\\\d+)\\\\)') AS days
        FROM system.tables WHERE database = currentDatabase() AND days != '' ORDER BY name`,
    });
    expect(lifetimes).toEqual([
      { name: 'delivery_attempts', days: '6' },
      { name: 'delivery_stats_daily', days: '6' },
      { name: 'delivery_stats_hourly', days: '6' },
      { name: 'events', days: '15' },
    ]);
    await until('the old rows are gone', async () => (await rows()).every((count) => count === 0));
  });

  test('are what a process asks for before it starts', async () => {
    await expect(assertSchemaCurrent({ postgres })).rejects.toThrow(UserError);
    await expect(assertSchemaCurrent({ clickhouse })).rejects.toThrow(/migrate up/);
    await up();
    await assertSchemaCurrent({ postgres, clickhouse });
    await postgres.query({
      name: 'newer',
      text: "INSERT INTO ethhook_schema_migrations VALUES (999, 'of_the_future')",
    });
    await assertSchemaCurrent({ postgres, clickhouse });
    await postgres.query({ name: 'older', text: 'DELETE FROM ethhook_schema_migrations WHERE number = 7' });
    await expect(assertSchemaCurrent({ postgres })).rejects.toThrow(/0007_migration_phase/);
  });
});

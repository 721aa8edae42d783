import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { type MigrateReport, migrateUp } from '../../src/migration/schema-runner.js';
import { PostgresDatabase } from '../../src/stores/postgres/database.js';
import { LEGACY_SCHEMA } from '../support/legacy-schema.js';
import { freshClickHouse, freshPostgres } from '../support/servers.js';
import { until } from '../support/until.js';

const MIGRATIONS = readdirSync('migrations/postgres').filter((file) => /^\d{4}_/.test(file));

const LEGACY = `
  ${LEGACY_SCHEMA}
  INSERT INTO users SELECT '00000000-0000-4000-8000-00000000000a', 'legacy@example.com', 'x', '2025-01-01 00:00:00.123456Z';
  INSERT INTO applications (id, user_id, name)
    VALUES ('00000000-0000-4000-8000-00000000000b', '00000000-0000-4000-8000-00000000000a', 'legacy');
  INSERT INTO endpoints (id, application_id, name, url, hmac_secret, chain_ids) VALUES
    ('00000000-0000-4000-8000-00000000000c', '00000000-0000-4000-8000-00000000000b', 'legacy', 'https://example.com', 'x', '{1,137}');
  INSERT INTO events SELECT gen_random_uuid(), 1, number, '0x', '0x', 0, number, '0x', NULL, NULL, NULL, NULL, '0x', true,
    '2025-01-01 00:00:00.123456Z' FROM generate_series(1, 200) AS number;
  INSERT INTO delivery_attempts SELECT gen_random_uuid(), id, '00000000-0000-4000-8000-00000000000c', 1, 'success', 200, 12,
    NULL, '2025-01-01 00:00:00.654321Z', '2025-01-01 00:00:00.654321Z' FROM events;
`;
const CONTENTS = `SELECT
  (SELECT md5(string_agg((id, email, password_hash, created_at)::text, ',' ORDER BY id)) FROM users) AS users,
  (SELECT md5(string_agg((id, application_id, url, hmac_secret, chain_ids)::text, ',' ORDER BY id)) FROM endpoints) AS endpoints,
  (SELECT md5(string_agg(events::text, ',' ORDER BY id)) FROM events) AS events,
  (SELECT md5(string_agg((id, event_id, endpoint_id, attempt_number, status, http_status_code, response_time_ms,
    error_message, created_at, updated_at)::text, ',' ORDER BY id)) FROM delivery_attempts) AS attempts`;
/** A table's file changes when the table is written anew. */
const FILES = `SELECT relname, relfilenode FROM pg_class
  WHERE relname IN ('users', 'applications', 'endpoints', 'events', 'delivery_attempts') ORDER BY relname`;

describe('taking over a database with history', () => {
  let fresh: Awaited<ReturnType<typeof freshPostgres>>[];
  let urls: { postgresUrl: string; clickhouseUrl: string };
  let postgres: PostgresDatabase;
  const warnings: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => void warnings.push(line) });
  const up = (): Promise<MigrateReport> =>
    migrateUp({ ...urls, retention: { eventsDays: 90, attemptsDays: 30 }, logger });
  const rowsOf = (text: string): Promise<object[]> => postgres.query({ name: 'look', text });

  beforeEach(async () => {
    warnings.length = 0;
    const [sql, columns] = await Promise.all([freshPostgres(), freshClickHouse()]);
    fresh = [sql, columns];
    urls = { postgresUrl: sql.url, clickhouseUrl: columns.url };
    postgres = new PostgresDatabase(sql.url, { applicationName: 'test' });
    await rowsOf(LEGACY);
  });

  afterEach(async () => {
    await postgres.close();
    await Promise.all(fresh.map(({ drop }) => drop()));
  });

  test('adds what is missing, touches no row and rewrites no table', async () => {
    const before = { contents: await rowsOf(CONTENTS), files: await rowsOf(FILES) };
    await up();
    expect({ contents: await rowsOf(CONTENTS), files: await rowsOf(FILES) }).toEqual(before);
    expect(await rowsOf('SELECT DISTINCT user_id FROM delivery_attempts')).toEqual([{ user_id: null }]);
    expect(await rowsOf('SELECT name, is_admin FROM users')).toEqual([{ name: null, is_admin: false }]);
    expect(await rowsOf('SELECT description, is_active FROM applications')).toEqual([
      { description: null, is_active: true },
    ]);
    expect(await rowsOf('SELECT contract_addresses, event_topics FROM endpoints')).toEqual([
      { contract_addresses: [], event_topics: [] },
    ]);
    expect(await rowsOf('SELECT relname FROM pg_index JOIN pg_class ON oid = indexrelid WHERE NOT indisvalid')).toEqual(
      [],
    );
  });

  test('begins in the phase postgres', async () => {
    await up();
    expect(await rowsOf('SELECT phase FROM migration_phase')).toEqual([{ phase: 'postgres' }]);
  });

  test('drops the foreign keys from and to history, and keeps those of the configuration', async () => {
    await up();
    const foreignKeys = `SELECT conname FROM pg_constraint
      WHERE contype = 'f' AND conrelid = ANY ('{applications,endpoints,events,delivery_attempts}'::regclass[])
      ORDER BY conname`;
    expect(await rowsOf(foreignKeys)).toEqual([
      { conname: 'applications_user_id_fkey' },
      { conname: 'endpoints_application_id_fkey' },
    ]);
  });

  test('waits for a table in use without making others wait, and goes on when its connection is killed', async () => {
    let finished = false;
    await postgres.withConnection('long_report', async (report) => {
      await report.query({ name: 'begin', text: 'BEGIN' });
      await report.query({ name: 'long_report', text: 'SELECT count(*) FROM delivery_attempts' });
      const run = up().catch((error: unknown) => error);
      await until('a warning of a table in use', () =>
        warnings.some((line) => line.includes('0005_delivery_attempts')),
      );

      // Answered while the report goes on: a migration that queued for its lock would be waited for until the end.
      await rowsOf('SELECT count(*) FROM delivery_attempts');

      await rowsOf(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'ethhook-migrate' AND datname = current_database()`);
      expect(await run).toHaveProperty('upstream', 'postgres');
      expect(await rowsOf('SELECT number FROM ethhook_schema_migrations')).toEqual([
        { number: 1 },
        { number: 2 },
        { number: 3 },
        { number: 4 },
      ]);

      const second = up().then(() => {
        finished = true;
      });
      await until(
        'a warning of a table in use',
        () => warnings.filter((line) => line.includes('0005_delivery_attempts')).length > 1,
      );
      expect(finished).toBe(false);
      await report.query({ name: 'commit', text: 'COMMIT' });
      await second;
    });
    expect(finished).toBe(true);
    expect(await rowsOf('SELECT count(*) FROM ethhook_schema_migrations')).toEqual([{ count: MIGRATIONS.length }]);
  });

  test.each([
    ['events first', ['events', 'delivery_attempts', 'endpoints']],
    ['attempts first', ['delivery_attempts', 'endpoints', 'events']],
  ])('gets through under writers that lock %s, and fails none of them', async (_, tables) => {
    let migrated = false;
    let written = 0;
    const writeUntilMigrated = async (): Promise<void> => {
      while (!migrated) {
        await postgres.transaction('write', async (connection) => {
          for (const table of tables) {
            await connection.query({ name: 'write', text: `UPDATE ${table} SET created_at = created_at WHERE false` });
          }
        });
        written += 1;
      }
    };
    const writers = Promise.all(Array.from({ length: 4 }, writeUntilMigrated));
    await until('some writes', () => written > 20);
    await up().finally(() => {
      migrated = true;
    });
    await writers;
    expect(await rowsOf("SELECT conname FROM pg_constraint WHERE contype = 'f' AND conname LIKE 'delivery%'")).toEqual(
      [],
    );
  });
});

import { readFile, writeFile } from 'node:fs/promises';
import { beforeAll, expect, test } from '@jest/globals';
import { readSchemaMigrations } from '../../src/migration/schema-files.js';
import { onCluster } from '../../src/stores/clickhouse/cluster-schema.js';
import { ClickHouseDatabase, type ClickHouseQuery } from '../../src/stores/clickhouse/database.js';
import { applyMigration, prepareForMigrations } from '../../src/stores/clickhouse/schema.js';

const GOLDEN = new URL('../../migrations/clickhouse/cluster.sql', import.meta.url);
const HEADER = `-- What \`migrate up\` sends to a cluster that is called main, with the retention that is usual; never run from here.
-- Written anew by UPDATE_GOLDEN=1 npm run --silent jest -- cluster-schema

`;

/** Keeps what it is to do, and does nothing. */
class NotedDatabase extends ClickHouseDatabase {
  readonly statements: string[] = [];

  override command({ query }: ClickHouseQuery): Promise<number> {
    this.statements.push(query);
    return Promise.resolve(0);
  }
}

let statements: readonly string[];

beforeAll(async () => {
  const database = new NotedDatabase('http://127.0.0.1:1/ethhook', { applicationName: 'test', cluster: 'main' });
  await prepareForMigrations(database);
  for (const migration of await readSchemaMigrations('clickhouse')) {
    await applyMigration(database, migration, { eventDays: 91, attemptDays: 31 });
  }
  await database.close();
  statements = database.statements.filter((statement) => !statement.startsWith('INSERT'));
});

test('what migrations send to a cluster is what is kept beside them', async () => {
  const sent = HEADER + statements.map((statement) => `${statement};\n`).join('\n');
  if (process.env['UPDATE_GOLDEN'] === '1') await writeFile(GOLDEN, sent);
  expect(sent).toBe(await readFile(GOLDEN, 'utf8'));
});

test('each statement is for the whole cluster, and names the database of each table', () => {
  expect(statements.length).toBeGreaterThan(20);
  for (const statement of statements) {
    expect(statement).toContain(" ON CLUSTER 'main'");
    expect(statement).not.toMatch(/(?<!`ethhook`\.)\b(events|delivery_attempts|delivery_stats_\w+)_local\b(?!')/);
  }
});

test('each table that rows are kept in is replicated, and has a Distributed one by its public name', () => {
  const created = statements.filter((statement) => statement.startsWith('CREATE TABLE'));
  const names = (engine: RegExp): string[] =>
    created
      .filter((statement) => engine.test(statement))
      .map((statement) => /`ethhook`\.(\w+)/.exec(statement)?.[1] ?? '');
  const tables = [
    'ethhook_schema_migrations',
    'events',
    'delivery_attempts',
    'delivery_stats_hourly',
    'delivery_stats_daily',
  ];
  expect(names(/ENGINE = Replicated\w+MergeTree/)).toEqual(tables.map((table) => `${table}_local`));
  expect(names(/ENGINE = Distributed/)).toEqual(tables);
  expect(created).toHaveLength(2 * tables.length);
});

test('rows of one user, and versions of one event, lie on one shard', () => {
  const keys = statements.flatMap(
    (statement) => /Distributed\('main', 'ethhook', '(\w+)', (.*)\)$/.exec(statement)?.slice(1) ?? [],
  );
  expect(keys).toEqual([
    ...['ethhook_schema_migrations_local', 'number'],
    ...['events_local', 'sipHash64(id)'],
    ...['delivery_attempts_local', 'sipHash64(user_id)'],
    ...['delivery_stats_hourly_local', 'sipHash64(user_id)'],
    ...['delivery_stats_daily_local', 'sipHash64(user_id)'],
  ]);
});

test('a statement of which it is not known what it does on a cluster is refused', () => {
  for (const statement of [
    'ALTER TABLE events ADD COLUMN chain String',
    'DROP TABLE events',
    'INSERT INTO events SELECT * FROM events',
    'CREATE OR REPLACE TABLE events (id UUID) ENGINE = Memory',
  ]) {
    expect(() => onCluster(statement, { database: 'ethhook', cluster: 'main' })).toThrow(/not known/);
  }
});

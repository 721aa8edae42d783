import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { freshAnalyticsDatabases } from '../support/analytics-stores.js';

let databases: Awaited<ReturnType<typeof freshAnalyticsDatabases>>;

beforeAll(async () => {
  databases = await freshAnalyticsDatabases();
});

afterAll(() => databases?.close());

test.each([
  [
    'write',
    "INSERT INTO delivery_stats_daily (user_id, day) VALUES ('00000000-0000-4000-8000-000000000001', '2026-01-01')",
  ],
  ['create', 'CREATE TABLE mine (id UInt8) ENGINE = Memory'],
  ['drop', 'DROP TABLE events'],
])('the gateway’s ClickHouse user cannot %s', async (_what, query) => {
  await expect(databases.clickhouseReader.command({ name: 'test_refused', query })).rejects.toMatchObject({
    options: { kind: 'refused' },
  });
});

test.each([
  ['read files', "SELECT * FROM file('/etc/passwd', 'LineAsString')"],
  ['ask other servers', "SELECT * FROM url('http://127.0.0.1:9/', 'LineAsString')"],
  ['take more memory', 'SELECT 1 SETTINGS max_memory_usage = 100000000000'],
  ['take more time', 'SELECT 1 SETTINGS max_execution_time = 100000'],
  ['be without limit', 'SELECT 1 SETTINGS max_execution_time = 0'],
])('nor can it %s', async (_what, query) => {
  await expect(databases.clickhouseReader.query({ name: 'test_refused', query })).rejects.toMatchObject({
    options: { kind: 'refused' },
  });
});

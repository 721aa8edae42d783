import { expect, test } from '@jest/globals';
import { ClickHouseDatabase } from '../../src/stores/clickhouse/database.js';
import { PostgresDatabase } from '../../src/stores/postgres/database.js';
import { freshClickHouse, freshPostgres, testServers } from '../support/servers.js';

const ACCESS_DENIED = '497';

test('a fresh Postgres database is empty, in UTF-8 and in UTC', async () => {
  const fresh = await freshPostgres();
  const database = new PostgresDatabase(fresh.url, { applicationName: 'test' });
  const rows = await database.query({
    name: 'test',
    text: `SELECT current_setting('server_encoding') AS encoding, current_setting('TimeZone') AS zone,
             (SELECT count(*) FROM pg_tables WHERE schemaname = 'public') AS tables`,
  });
  expect(rows).toEqual([{ encoding: 'UTF8', zone: 'UTC', tables: 0 }]);
  await database.close();
  await fresh.drop();
});

test('a fresh ClickHouse database is empty, and its reader cannot write', async () => {
  const fresh = await freshClickHouse();
  const database = new ClickHouseDatabase(fresh.url, { applicationName: 'test' });
  await database.command({ name: 'test', query: 'CREATE TABLE one (id UInt8) ORDER BY id' });
  await database.command({ name: 'test', query: 'INSERT INTO one VALUES (1)' });
  const readerUrl = new URL(testServers().clickhouseReaderUrl);
  readerUrl.pathname = new URL(fresh.url).pathname;
  const reader = new ClickHouseDatabase(readerUrl.href, { applicationName: 'test' });
  expect(await reader.query({ name: 'test', query: 'SELECT id FROM one' })).toEqual([{ id: 1 }]);
  await expect(reader.command({ name: 'test', query: 'INSERT INTO one VALUES (2)' })).rejects.toMatchObject({
    options: { kind: 'refused' },
  });
  await Promise.all([database.close(), reader.close()]);
  await fresh.drop();
});

test('ClickHouse shows nothing to whoever has no password', async () => {
  const fresh = await freshClickHouse();
  const database = new ClickHouseDatabase(fresh.url, { applicationName: 'test' });
  await database.command({ name: 'test', query: 'CREATE TABLE one (id UInt8) ORDER BY id' });
  const { host } = new URL(fresh.url);
  const answer = await fetch(`http://${host}/`, { method: 'POST', body: `SELECT id FROM ${database.database}.one` });
  expect(answer.headers.get('x-clickhouse-exception-code')).toBe(ACCESS_DENIED);
  await database.close();
  await fresh.drop();
});

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { UpstreamError } from '../../src/platform/errors.js';
import { ClickHouseDatabase } from '../../src/stores/clickhouse/database.js';
import { PostgresDatabase } from '../../src/stores/postgres/database.js';
import { freshClickHouse, freshPostgres, testServers } from '../support/servers.js';
import { until } from '../support/until.js';

const LONG_SECONDS = 120;

describe('a query whose asker leaves', () => {
  let columns: Awaited<ReturnType<typeof freshClickHouse>>;
  let sql: Awaited<ReturnType<typeof freshPostgres>>;
  let clickhouse: ClickHouseDatabase;
  let reader: ClickHouseDatabase;
  let postgres: PostgresDatabase;
  let watcher: PostgresDatabase;

  beforeAll(async () => {
    [columns, sql] = await Promise.all([freshClickHouse(), freshPostgres()]);
    const readerUrl = new URL(testServers().clickhouseReaderUrl);
    readerUrl.pathname = new URL(columns.url).pathname;
    clickhouse = new ClickHouseDatabase(columns.url, { applicationName: 'test' });
    reader = new ClickHouseDatabase(readerUrl.href, { applicationName: 'test' });
    // One connection, so that the next query shows what became of it.
    postgres = new PostgresDatabase(sql.url, { applicationName: 'test-asker', maxConnections: 1 });
    watcher = new PostgresDatabase(sql.url, { applicationName: 'test-watcher', maxConnections: 1 });
  });

  afterAll(async () => {
    await Promise.all([clickhouse?.close(), reader?.close(), postgres?.close(), watcher?.close()]);
    await Promise.all([columns?.drop(), sql?.drop()]);
  });

  const runningInClickHouse = async (name: string): Promise<number> => {
    const [row] = await clickhouse.query<{ running: number }>({
      name: 'test_running',
      query: "SELECT count() AS running FROM system.processes WHERE Settings['log_comment'] = {name:String}",
      params: { name },
    });
    return row?.running ?? 0;
  };
  const runningInPostgres = async (name: string): Promise<number> => {
    const [row] = await watcher.query<{ running: number }>({
      name: 'test_running',
      text: "SELECT count(*) AS running FROM pg_stat_activity WHERE state = 'active' AND starts_with(query, $1)",
      values: [`/* ${name} */`],
    });
    return row?.running ?? 0;
  };

  test('ends in ClickHouse', async () => {
    const asker = new AbortController();
    const name = 'test_long_query';
    const answer = reader.query({
      name,
      query: 'SELECT sum(sleepEachRow(0.1)) FROM numbers({rows:UInt32}) SETTINGS max_block_size = 1',
      params: { rows: LONG_SECONDS * 10 },
      signal: asker.signal,
    });
    answer.catch(() => undefined);
    await until('it runs', async () => (await runningInClickHouse(name)) === 1);
    asker.abort();
    await expect(answer).rejects.toMatchObject({ options: { kind: 'abandoned', cause: asker.signal.reason } });
    await until('it has ended', async () => (await runningInClickHouse(name)) === 0, 60);
  });

  test('ends in Postgres, and so does its connection', async () => {
    const asker = new AbortController();
    const name = 'test_long_query';
    const before = await postgres.query({ name: 'test_backend', text: 'SELECT pg_backend_pid() AS pid' });
    const answer = postgres.until(asker.signal).query({ name, text: 'SELECT pg_sleep($1)', values: [LONG_SECONDS] });
    answer.catch(() => undefined);
    await until('it runs', async () => (await runningInPostgres(name)) === 1);
    asker.abort();
    await expect(answer).rejects.toMatchObject({ options: { kind: 'abandoned', cause: asker.signal.reason } });
    await until('it has ended', async () => (await runningInPostgres(name)) === 0, 60);
    expect(await postgres.query({ name: 'test_backend', text: 'SELECT pg_backend_pid() AS pid' })).not.toEqual(before);
  });

  test('is not begun where the asker had left before', async () => {
    const signal = AbortSignal.abort();
    const query = { name: 'test_late', text: 'SELECT 1', query: 'SELECT 1', signal };
    await expect(postgres.until(signal).query(query)).rejects.toBeInstanceOf(UpstreamError);
    await expect(reader.query(query)).rejects.toBeInstanceOf(UpstreamError);
  });

  test('leaves others alone: what is answered keeps its connection', async () => {
    const asker = new AbortController();
    const pid = { name: 'test_backend', text: 'SELECT pg_backend_pid() AS pid' };
    const first = await postgres.until(asker.signal).query(pid);
    asker.abort();
    expect(await postgres.query(pid)).toEqual(first);
  });
});

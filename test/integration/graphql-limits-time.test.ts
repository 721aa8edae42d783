import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ALICE, ATTEMPTS, BOB, RANGE } from '../support/analytics-dataset.js';
import { insertAttemptsIntoClickHouse } from '../support/analytics-stores.js';
import { freshStores, startTestGateway, tokenOf } from '../support/gateway.js';
import { openSocket } from '../support/live.js';
import { until } from '../support/until.js';

/** Postgres may be the first to give it up, and is named then. */
const TIMEOUT = expect.objectContaining({ code: 'TIMEOUT', requestId: expect.any(String) });

describe('an operation that takes too long', () => {
  let stores: Awaited<ReturnType<typeof freshStores>>;
  let gateway: Awaited<ReturnType<typeof startTestGateway>>;

  beforeAll(async () => {
    stores = await freshStores();
    gateway = await startTestGateway({ ...stores.environment, OPERATION_TIMEOUT_MS: '1500' });
  });

  afterAll(async () => {
    await gateway?.close();
    await stores?.close();
  });

  /** Nobody can read a table meanwhile. */
  const whileLocked = <Result>(table: string, run: () => Promise<Result>): Promise<Result> =>
    stores.postgres.transaction('test_lock', async (connection) => {
      await connection.query({ name: 'test_lock', text: `LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE` });
      return run();
    });

  /** The queries that the gateway has running in Postgres. */
  const running = async (): Promise<number> => {
    const [row] = await stores.postgres.query<{ running: number }>({
      name: 'test_running',
      text: `SELECT count(*)::int AS running FROM pg_stat_activity
        WHERE datname = current_database() AND application_name LIKE 'ethhook-gateway%' AND wait_event_type = 'Lock'`,
    });
    return row?.running ?? -1;
  };

  test.each([
    ['while it is answered', ALICE, 'endpoints', '{ endpoints { nodes { id } } }'],
    ['while its user is looked up', BOB, 'users', '{ me { id } }'],
  ])('%s is a TIMEOUT, and is answered again later', async (_when, user, table, query) => {
    await whileLocked(table, async () => {
      const { status, data, errors } = await gateway.ask(user, query);
      expect([200, 503]).toContain(status);
      expect(data ?? null).toBeNull();
      expect(errors?.map(({ extensions }) => extensions)).toEqual([TIMEOUT]);
    });
    await until('it is answered', async () => (await gateway.ask(user, query)).errors === undefined);
  });

  test('does not go on in Postgres', async () => {
    await whileLocked('endpoints', async () => {
      await gateway.ask(ALICE, '{ endpoints { nodes { id } } }');
      await until('no query waits any more', async () => (await running()) === 0);
    });
  });

  test('is given up over a socket when its client says so, and the socket stays', async () => {
    const patient = await startTestGateway({ ...stores.environment, OPERATION_TIMEOUT_MS: '600000' });
    try {
      const { socket, messages } = await openSocket(patient.socketUrl, {
        authorization: `Bearer ${await tokenOf(ALICE)}`,
      });
      const send = (message: object): void => socket.send(JSON.stringify({ id: 'one', ...message }));
      const ask = { type: 'subscribe', payload: { query: '{ endpoints { nodes { id } } }' } };
      await until('the socket is acknowledged', () => messages.length === 1);
      await whileLocked('endpoints', async () => {
        send(ask);
        await until('the query waits', async () => (await running()) === 1);
        send({ type: 'complete' });
        await until('the query is given up', async () => (await running()) === 0);
      });
      send(ask);
      await until('it is answered', () => messages.some(({ type }) => type === 'next'));
      socket.close();
    } finally {
      await patient.close();
    }
  });

  test('is given up when its client leaves', async () => {
    const patient = await startTestGateway({ ...stores.environment, OPERATION_TIMEOUT_MS: '600000' });
    try {
      await whileLocked('endpoints', async () => {
        const leaving = new AbortController();
        const asking = patient.ask(ALICE, '{ endpoints { nodes { id } } }', {}, leaving.signal).catch(() => undefined);
        await until('the query waits', async () => (await running()) === 1);
        leaving.abort();
        await asking;
        await until('the query is given up', async () => (await running()) === 0);
      });
    } finally {
      await patient.close();
    }
  });

  test('is given up in ClickHouse too when its client leaves', async () => {
    await insertAttemptsIntoClickHouse(stores.clickhouse, ATTEMPTS, 'first');
    const slow = new URL(stores.environment.CLICKHOUSE_URL);
    slow.searchParams.set(
      'clickhouse_setting_additional_table_filters',
      "{'delivery_attempts': 'sleepEachRow(1) = 0'}",
    );
    // Between blocks is when a query heeds that it was given up.
    slow.searchParams.set('clickhouse_setting_max_block_size', '1');
    // One of several rows is still refused where it would sleep for more than three seconds.
    slow.searchParams.set('clickhouse_setting_function_sleep_max_microseconds_per_block', '600000000');
    const patient = await startTestGateway({
      ...stores.environment,
      CLICKHOUSE_URL: slow.href,
      OPERATION_TIMEOUT_MS: '600000',
    });
    const running = async (): Promise<number> => {
      const [row] = await stores.clickhouse.query<{ running: number }>({
        name: 'test_running',
        query: `SELECT count() AS running FROM system.processes
          WHERE current_database = currentDatabase() AND Settings['log_comment'] LIKE 'delivery_stats%'`,
      });
      return row?.running ?? -1;
    };
    try {
      const leaving = new AbortController();
      const query = `{ dashboardStats(range: {from: "${new Date(RANGE.from).toISOString()}"}) { attempts } }`;
      const asking = patient.ask(ALICE, query, {}, leaving.signal).catch((error: unknown) => error);
      await until('the query runs', async () => (await running()) === 1);
      leaving.abort();
      expect(await asking).toBeInstanceOf(DOMException);
      await until('the query is given up', async () => (await running()) === 0);
    } finally {
      await patient.close();
    }
  });
});

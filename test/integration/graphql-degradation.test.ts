import { isDeepStrictEqual } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { ClickHouseDatabase } from '../../src/stores/clickhouse/database.js';
import { ALICE, ATTEMPTS, RANGE, SHOP_ORDERS } from '../support/analytics-dataset.js';
import { insertAttemptsIntoClickHouse, upsertAttemptsIntoPostgres } from '../support/analytics-stores.js';
import { freshStores, startTestGateway } from '../support/gateway.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

/** As short as lets a loaded machine answer when nothing is wrong. */
const OPERATION_TIMEOUT_MS = 8_000;
const range = { from: new Date(RANGE.from).toISOString(), to: new Date(RANGE.to).toISOString() };
const NUMBERS = `query ($range: TimeRange) { me { stats(range: $range) { attempts } } }`;
const BOTH = `query ($range: TimeRange) { me { email stats(range: $range) { attempts } }
  endpoint(id: "${SHOP_ORDERS}") { name } }`;
const CONFIGURED = '{ endpoints { nodes { name } } }';
const COUNTED = { me: { stats: { attempts: 24 } } };
const CONFIGURATION = { me: { email: 'alice@example.com', stats: null }, endpoint: { name: 'Orders' } };
const AWAY = { kind: 'refuse' } as const;
const SILENT = { kind: 'black hole' } as const;

describe('while an upstream misbehaves', () => {
  let stores: Awaited<ReturnType<typeof freshStores>>;
  let gateway: Awaited<ReturnType<typeof startTestGateway>>;
  const ways: TcpProxy[] = [];
  let postgres: TcpProxy;
  let clickhouse: TcpProxy;
  let redis: TcpProxy;

  beforeAll(async () => {
    stores = await freshStores();
    const { environment } = stores;
    await insertAttemptsIntoClickHouse(stores.clickhouse, ATTEMPTS, 'first');
    await upsertAttemptsIntoPostgres(stores.postgres, ATTEMPTS);
    postgres = await TcpProxy.to(environment.POSTGRES_URL);
    clickhouse = await TcpProxy.to(environment.CLICKHOUSE_URL);
    redis = await TcpProxy.to(environment.REDIS_URL);
    ways.push(postgres, clickhouse, redis);
    gateway = await startTestGateway({
      ...environment,
      POSTGRES_URL: postgres.through(environment.POSTGRES_URL),
      CLICKHOUSE_URL: clickhouse.through(environment.CLICKHOUSE_URL),
      REDIS_URL: redis.through(environment.REDIS_URL),
      OPERATION_TIMEOUT_MS: String(OPERATION_TIMEOUT_MS),
    });
  });

  /** With no restart, and soon. */
  afterEach(async () => {
    for (const way of ways) {
      way.set({ kind: 'none' });
      way.resetAll();
    }
    await until('the gateway answers again', async () => {
      const { data } = await gateway.ask(ALICE, NUMBERS, { range });
      return JSON.stringify(data) === JSON.stringify(COUNTED);
    });
  });

  afterAll(async () => {
    await gateway?.close();
    await Promise.all(ways.map((way) => way.close()));
    await stores?.close();
  });

  const codesOf = (answer: Awaited<ReturnType<typeof gateway.ask>>) =>
    (answer.errors ?? []).map(({ extensions: { requestId: _id, ...extensions } }) => extensions);
  const untilReadiness = (status: number, upstreams: Record<string, boolean>): Promise<void> =>
    until('/readyz says who is away', async () => {
      const response = await fetch(`${gateway.url}/readyz`);
      const told = [response.status, JSON.parse(await response.text()).upstreams];
      return isDeepStrictEqual(told, [status, upstreams]);
    });

  test('a ClickHouse that is away is named, and configuration still answers', async () => {
    clickhouse.set(AWAY);
    const answer = await gateway.ask(ALICE, BOTH, { range });
    expect([answer.status, answer.data]).toEqual([200, CONFIGURATION]);
    expect(codesOf(answer)).toEqual([{ code: 'UPSTREAM_UNAVAILABLE', upstream: 'clickhouse' }]);
    await untilReadiness(200, { postgres: true, clickhouse: false, redis: true });
  });

  test('a ClickHouse that says nothing is a TIMEOUT, and configuration still answers', async () => {
    clickhouse.set(SILENT);
    const answer = await gateway.ask(ALICE, BOTH, { range });
    expect([answer.status, answer.data]).toEqual([200, CONFIGURATION]);
    expect(codesOf(answer)).toMatchObject([{ code: 'TIMEOUT' }]);
    await untilReadiness(200, { postgres: true, clickhouse: false, redis: true });
  });

  test('a slow ClickHouse answers late, not wrong', async () => {
    clickhouse.set({ kind: 'delay', ms: 100 });
    const { data, errors } = await gateway.ask(ALICE, NUMBERS, { range });
    expect([data, errors]).toEqual([COUNTED, undefined]);
  });

  test.each([['away', AWAY] as const, ['silent', SILENT] as const])(
    'with Redis %s questions are answered, and /readyz stays 200',
    async (_name, fault) => {
      redis.set(fault);
      const { data, errors } = await gateway.ask(ALICE, NUMBERS, { range });
      expect([data, errors]).toEqual([COUNTED, undefined]);
      await untilReadiness(200, { postgres: true, clickhouse: true, redis: false });
    },
  );

  test('a Postgres that is away is named where configuration is asked for, and the gateway is not ready', async () => {
    postgres.set(AWAY);
    const answer = await gateway.ask(ALICE, CONFIGURED);
    expect(codesOf(answer)).toEqual([{ code: 'UPSTREAM_UNAVAILABLE', upstream: 'postgres' }]);
    await untilReadiness(503, { postgres: false, clickhouse: true, redis: true });
  });

  test('a Postgres that says nothing is an error in bounded time', async () => {
    postgres.set(SILENT);
    const answer = await gateway.ask(ALICE, CONFIGURED);
    expect(answer.errors).toHaveLength(1);
    expect(['TIMEOUT', 'UPSTREAM_UNAVAILABLE']).toContain(answer.errors?.[0]?.extensions['code']);
    await untilReadiness(503, { postgres: false, clickhouse: true, redis: true });
  });

  describe('in the middle of a result', () => {
    const padding = "repeat('x', 10000) AS padding";

    test.each([
      [
        'is too slow from then on',
        `SELECT number, ${padding}, sleepEachRow(0.02) FROM numbers(100000)
          SETTINGS max_block_size = 50, max_execution_time = 2, timeout_before_checking_execution_speed = 0`,
        { kind: 'timeout', isTooLarge: false },
      ],
      [
        'runs out of memory',
        `SELECT number, ${padding}, if(number < 2000, 0, length(arrayStringConcat(arrayMap(x -> toString(x), range(30000000)))))
          FROM numbers(4000) SETTINGS max_block_size = 100, max_threads = 1, max_memory_usage = 50000000`,
        { kind: 'unavailable', isTooLarge: true },
      ],
    ])('a ClickHouse that %s fails the query as if it had failed before', async (_case, query, options) => {
      const database = new ClickHouseDatabase(stores.environment.CLICKHOUSE_URL, { applicationName: 'test' });
      try {
        await expect(database.query({ name: 'test_failing', query })).rejects.toMatchObject({
          upstream: 'clickhouse',
          options,
        });
      } finally {
        await database.close();
      }
    });

    test('a connection that breaks fails the query', async () => {
      const database = new ClickHouseDatabase(clickhouse.through(stores.environment.CLICKHOUSE_URL), {
        applicationName: 'test',
      });
      try {
        const query = `SELECT number, ${padding}, sleepEachRow(0.01) FROM numbers(100000) SETTINGS max_block_size = 50`;
        const answer = database.query({ name: 'test_broken', query });
        answer.catch(() => undefined);
        await until('it runs', async () => {
          const [row] = await stores.clickhouse.query<{ running: number }>({
            name: 'test_running',
            query: "SELECT count() AS running FROM system.processes WHERE Settings['log_comment'] = 'test_broken'",
          });
          return row?.running === 1;
        });
        clickhouse.resetAll();
        await expect(answer).rejects.toMatchObject({ options: { kind: 'unavailable' } });
      } finally {
        await database.close();
      }
    });
  });
});

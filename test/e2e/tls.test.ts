import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { migrateUp } from '../../src/migration/schema-runner.js';
import { createLogger } from '../../src/platform/logger.js';
import { attemptType } from '../../src/records/attempt.js';
import { RedisNames } from '../../src/records/names.js';
import { ClickHouseDatabase } from '../../src/stores/clickhouse/database.js';
import { RedisDatabase } from '../../src/stores/redis/database.js';
import { attemptOf, clickhouseRows, standingAttempts, toJson } from '../support/ingest.js';
import { freshClickHouse, freshPostgres, freshPrefix, testServers } from '../support/servers.js';
import { startTlsFront, TEST_CA_FILE, type TlsFront } from '../support/tls-front.js';
import { until } from '../support/until.js';
import { startCommand } from '../support/up-process.js';

describe('stores that are reached over TLS', () => {
  let postgres: Awaited<ReturnType<typeof freshPostgres>>;
  let clickhouse: Awaited<ReturnType<typeof freshClickHouse>>;
  let fronts: Record<'postgres' | 'clickhouse' | 'redis', TlsFront>;
  const secure = () => ({
    POSTGRES_URL: `${fronts.postgres.url}?sslmode=verify-full`,
    CLICKHOUSE_URL: fronts.clickhouse.url,
    REDIS_URL: fronts.redis.url,
  });
  const plain = () => ({
    POSTGRES_URL: postgres.url,
    CLICKHOUSE_URL: clickhouse.url,
    REDIS_URL: testServers().redisUrl,
  });

  beforeAll(async () => {
    [postgres, clickhouse] = await Promise.all([freshPostgres(), freshClickHouse()]);
    const retention = { eventsDays: 90, attemptsDays: 30 };
    const logger = createLogger('test', 'silent');
    await migrateUp({ postgresUrl: postgres.url, clickhouseUrl: clickhouse.url, retention, logger });
    fronts = {
      postgres: await startTlsFront(postgres.url),
      clickhouse: await startTlsFront(clickhouse.url, 'https:'),
      redis: await startTlsFront(testServers().redisUrl, 'rediss:'),
    };
  });
  afterAll(async () => {
    for (const front of Object.values(fronts)) front.close();
    await Promise.all([postgres.drop(), clickhouse.drop()]);
  });

  test('answer commands that trust the authority of their certificates', async () => {
    const trusting = { ...secure(), NODE_EXTRA_CA_CERTS: TEST_CA_FILE };
    const [status, letters] = await Promise.all([
      startCommand(['migrate', 'status', '--json'], trusting).ended,
      startCommand(['dlq', 'list', '--json'], trusting).ended,
    ]);
    expect(status).toMatchObject({ code: 0, output: expect.stringContaining('"applied"') });
    expect(letters).toMatchObject({ code: 0 });
  });

  test('carry what a worker reads and writes', async () => {
    const prefix = freshPrefix();
    const names = new RedisNames(prefix);
    const redis = new RedisDatabase(testServers().redisUrl, { applicationName: 'test' });
    const database = new ClickHouseDatabase(clickhouse.url, { applicationName: 'test' });
    const attempts = Array.from({ length: 500 }, () => attemptOf());
    for (const attempt of attempts) {
      await redis.command('XADD', names.stream('delivery_attempts'), '*', 'record', JSON.stringify(toJson(attempt)));
    }
    const environment = { STREAM_PREFIX: prefix, HOST: '127.0.0.1', WORKER_PORT: '0' };
    const worker = startCommand(['worker'], { ...secure(), ...environment, NODE_EXTRA_CA_CERTS: TEST_CA_FILE });
    const stored = () => clickhouseRows(database, attemptType);
    await until('all are stored', async () => (await stored()).length === attempts.length);
    expect(await stored()).toEqual(standingAttempts(attempts));
    expect(await worker.stop()).toMatchObject({ code: 0 });
    redis.close();
    await database.close();
  });

  test.each([
    { store: 'postgres', variable: 'POSTGRES_URL', command: ['migrate', 'status'] },
    { store: 'clickhouse', variable: 'CLICKHOUSE_URL', command: ['migrate', 'status'] },
    { store: 'redis', variable: 'REDIS_URL', command: ['dlq', 'list'] },
  ] as const)(
    '$store is not spoken to where its certificate is signed by somebody unknown',
    async ({ store, variable, command }) => {
      const { code, output } = await startCommand(command, { ...plain(), [variable]: secure()[variable] }).ended;
      expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining(`${store} failed`) });
      expect(output).toMatch(/certificate|UNABLE_TO_VERIFY/);
    },
  );
});

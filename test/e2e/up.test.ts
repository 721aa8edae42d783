import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { freePort } from '../../src/embedded/free-port.js';
import { ClickHouseDatabase } from '../../src/stores/clickhouse/database.js';
import { PostgresDatabase } from '../../src/stores/postgres/database.js';
import { RedisDatabase } from '../../src/stores/redis/database.js';
import { until } from '../support/until.js';
import { isAlive, type RunningCommand, readStack, startCommand, startUp } from '../support/up-process.js';

const APPLICATION = { applicationName: 'test' };
const USER_ID = 'a0000000-0000-4000-8000-000000000001';

let dataDir: string;
let port: number;
let up: RunningCommand;

const isReady = async (): Promise<boolean> => {
  const answer = await fetch(`${readStack(dataDir).gatewayUrl}/readyz`).catch(() => undefined);
  return answer?.status === 200;
};

async function runPostgres(text: string): Promise<unknown[]> {
  const postgres = new PostgresDatabase(readStack(dataDir).postgresUrl, APPLICATION);
  return await postgres.query({ name: 'test', text }).finally(() => postgres.close());
}

async function runClickHouse(query: string): Promise<unknown[]> {
  const clickhouse = new ClickHouseDatabase(readStack(dataDir).clickhouseUrl, APPLICATION);
  return await clickhouse.query({ name: 'test', query }).finally(() => clickhouse.close());
}

async function runRedis(command: string, ...args: readonly string[]): Promise<unknown> {
  const redis = new RedisDatabase(readStack(dataDir).redisUrl, APPLICATION);
  let reply: unknown;
  try {
    await until('Redis answers', async () => {
      reply = await redis.command(command, ...args).catch(() => undefined);
      return reply !== undefined;
    });
  } finally {
    await redis.close();
  }
  return reply;
}

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'ethhook-up-'));
  chmodSync(dataDir, 0o755);
  port = await freePort();
  up = await startUp(dataDir, ['--no-demo', '--port', String(port)]);
});

afterAll(async () => {
  if (up.process.exitCode === null) up.process.kill('SIGKILL');
  await up.ended;
  rmSync(dataDir, { recursive: true, force: true });
});

describe('up', () => {
  test('says where everything is, and all of it answers', async () => {
    const stack = readStack(dataDir);
    expect(stack).toMatchObject({
      gatewayUrl: `http://127.0.0.1:${port}`,
      graphqlUrl: `http://127.0.0.1:${port}/graphql`,
      subscriptionsUrl: `ws://127.0.0.1:${port}/graphql`,
    });
    expect(Object.keys(stack.pids).sort()).toEqual(['clickhouse', 'gateway', 'postgres', 'redis', 'worker']);
    expect(Object.values(stack.pids).every(isAlive)).toBe(true);
    expect(await isReady()).toBe(true);
    expect(await runClickHouse('SELECT count() AS attempts FROM delivery_attempts')).toEqual([{ attempts: 0 }]);
    expect(await runPostgres('SELECT id FROM users')).toEqual([]);
    for (const stream of ['ethhook:events', 'ethhook:delivery_attempts']) {
      expect(await runRedis('XINFO', 'GROUPS', stream)).toHaveLength(2);
    }
  });

  test('has the token command sign for its users alone', async () => {
    await runPostgres(`INSERT INTO users (id, email) VALUES ('${USER_ID}', 'ada@example.org')`);
    const token = await startCommand(['token', '--data-dir', dataDir, '--user', 'ada@example.org']).ended;
    expect(token).toMatchObject({ code: 0 });
    const answer = await fetch(readStack(dataDir).graphqlUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token.output.trim()}` },
      body: JSON.stringify({ query: '{ me { id } }' }),
    });
    expect(await answer.json()).toEqual({ data: { me: { id: USER_ID } } });
    const unknown = await startCommand(['token', '--data-dir', dataDir, '--user', 'nobody@example.org']).ended;
    expect(unknown).toEqual({ code: 1, output: expect.stringContaining('There is no user nobody@example.org') });
  });

  test('does not start twice on one folder', async () => {
    const second = await startCommand(['up', '--data-dir', dataDir, '--no-demo', '--port', '0']).ended;
    expect(second).toEqual({ code: 1, output: expect.stringContaining(`in use by process ${up.process.pid}`) });
    expect(await isReady()).toBe(true);
  });

  test('says that its port is busy before it starts anything', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const busy = typeof address === 'object' && address !== null ? address.port : 0;
    const other = mkdtempSync(join(tmpdir(), 'ethhook-up-'));
    const second = await startCommand(['up', '--data-dir', other, '--port', String(busy)]).ended;
    expect(second).toEqual({ code: 1, output: expect.stringContaining(`Port ${busy} on 127.0.0.1`) });
    expect(existsSync(join(other, 'postgres'))).toBe(false);
    server.close();
    rmSync(other, { recursive: true });
  });

  test('leaves a folder alone that holds something else', async () => {
    const second = await startCommand(['up', '--data-dir', 'src', '--reset']).ended;
    expect(second).toEqual({ code: 1, output: expect.stringContaining('holds something else') });
    expect(existsSync('src/main.ts')).toBe(true);
  });

  test.each(['gateway', 'worker', 'clickhouse', 'postgres', 'redis'] as const)(
    'starts a killed %s again, where it was',
    async (name) => {
      const before = readStack(dataDir);
      process.kill(before.pids[name], 'SIGKILL');
      await until(`${name} is back`, () => readStack(dataDir).pids[name] !== before.pids[name], 30);
      const after = readStack(dataDir);
      expect({ ...after, pids: {} }).toEqual({ ...before, pids: {} });
      expect(after.pids).toEqual({ ...before.pids, [name]: expect.any(Number) });
      await until('the gateway is ready', isReady);
      expect(await runRedis('PING')).toBe('PONG');
      await until('Postgres answers', async () => (await runPostgres('SELECT 1').catch(() => [])).length === 1);
      await until('ClickHouse answers', async () => (await runClickHouse('SELECT 1').catch(() => [])).length === 1);
    },
  );

  test('stops all of it with Ctrl-C, and finds its data again when it is started anew', async () => {
    await runRedis('SET', 'kept', 'yes');
    await runPostgres(`UPDATE users SET name = 'Ada' WHERE id = '${USER_ID}'`);
    const { pids, gatewayUrl } = readStack(dataDir);
    process.kill(-(up.process.pid ?? 0), 'SIGINT');
    expect(await up.ended).toMatchObject({ code: 0 });
    expect(Object.values(pids).filter(isAlive)).toEqual([]);
    expect(existsSync(join(dataDir, 'stack.json'))).toBe(false);

    up = await startUp(dataDir, ['--no-demo', '--port', String(port)]);
    expect(readStack(dataDir).gatewayUrl).toBe(gatewayUrl);
    expect(await runRedis('GET', 'kept')).toBe('yes');
    expect(await runPostgres('SELECT name FROM users')).toEqual([{ name: 'Ada' }]);
  });

  test('takes all of it along when it is killed, and starts again after that', async () => {
    const { pids } = readStack(dataDir);
    up.process.kill('SIGKILL');
    await up.ended;
    await until('nothing is left', () => !Object.values(pids).some(isAlive));
    const command = await startCommand(['token', '--data-dir', dataDir, '--user', USER_ID]).ended;
    expect(command).toEqual({ code: 1, output: expect.stringContaining('no stack runs in') });

    up = await startUp(dataDir, ['--no-demo', '--port', String(port)]);
    expect(await isReady()).toBe(true);
  });
});

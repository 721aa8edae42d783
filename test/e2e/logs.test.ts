import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { signToken } from '../../src/cli/sign-token.js';
import type { StackProcess } from '../../src/cli/stack.js';
import { freePort } from '../../src/embedded/free-port.js';
import { PostgresDatabase } from '../../src/stores/postgres/database.js';
import { RedisDatabase } from '../../src/stores/redis/database.js';
import { until } from '../support/until.js';
import { type RunningCommand, readStack, startUp } from '../support/up-process.js';

const USER = 'a0000000-0000-4000-8000-000000000002';
const PAYLOAD = 'what a webhook carried';
const APPLICATION = { applicationName: 'test' };
const ASK = '{ me { stats { attempts } } }';

describe('the logs of a run in which all three stores die', () => {
  let dataDir: string;
  let up: RunningCommand;
  const secrets: string[] = [];

  const logOf = (name: string): string => readFileSync(join(dataDir, 'logs', `${name}.log`), 'utf8');

  async function ask(token: string, requestId: string): Promise<number | null> {
    const answer = await fetch(readStack(dataDir).graphqlUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, 'x-request-id': requestId },
      body: JSON.stringify({ query: ASK }),
    }).catch(() => null);
    await answer?.text();
    return answer?.status ?? null;
  }

  const signed = async (secret: string): Promise<string> => {
    const token = await signToken({ secret, userId: USER, now: Date.now(), ttlMs: 600_000 });
    secrets.push(token);
    return token;
  };

  async function restarted(name: StackProcess): Promise<void> {
    const pid = readStack(dataDir).pids[name];
    process.kill(pid, 'SIGKILL');
    const isBack = (): boolean => {
      try {
        return readStack(dataDir).pids[name] !== pid;
      } catch {
        return false;
      }
    };
    await until(`${name} is started again`, isBack, 120);
  }

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'ethhook-up-'));
    chmodSync(dataDir, 0o755);
    up = await startUp(dataDir, ['--no-demo', '--port', String(await freePort())], { LOG_LEVEL: 'trace' });
    const { postgresUrl, redisUrl, jwtSecret } = readStack(dataDir);
    secrets.push(jwtSecret, new URL(postgresUrl).password, new URL(redisUrl).password);
    const postgres = new PostgresDatabase(postgresUrl, APPLICATION);
    await postgres.query({ name: 'test', text: `INSERT INTO users (id, email) VALUES ('${USER}', 'u@example.com')` });
    await postgres.close();
    const token = await signed(jwtSecret);
    await until('a question is answered', async () => (await ask(token, 'first')) === 200);
    expect(await ask(await signed('another secret'), 'forged')).toBe(401);

    const redis = new RedisDatabase(redisUrl, APPLICATION);
    // Of a type that no command of the worker or the gateway takes: each that fails has its arguments with it.
    await until('Redis is connected', async () => (await redis.command('PING').catch(() => null)) === 'PONG');
    await redis.command('SET', 'ethhook:dead_letters', 'no stream');
    await redis.command('XADD', 'ethhook:events', '*', 'record', PAYLOAD);
    await until('the worker has met it', () => logOf('worker').includes('WRONGTYPE'), 60);
    await redis.command('DEL', 'ethhook:dead_letters');
    redis.close();

    for (const name of ['clickhouse', 'postgres', 'redis'] as const) {
      const asking = new AbortController();
      const asked = (async () => {
        while (!asking.signal.aborted) await ask(token, `while-${name}-dies`);
      })();
      await restarted(name);
      asking.abort();
      await asked;
    }
    await until('all is well again', async () => (await ask(token, 'last')) === 200, 60);
    up.process.kill('SIGTERM');
  }, 300_000);

  afterAll(async () => {
    if (up.process.exitCode === null) up.process.kill('SIGKILL');
    await up.ended;
    rmSync(dataDir, { recursive: true, force: true });
  });

  test('hold no password, no signing key, no token and nothing of what was sent', async () => {
    const { output } = await up.ended;
    const texts = new Map(readdirSync(join(dataDir, 'logs')).map((file) => [file, logOf(file.replace(/\.log$/, ''))]));
    texts.set('up', output);
    expect([...texts.keys()].sort()).toEqual(['gateway.log', 'up', 'worker.log']);
    for (const [name, text] of texts) {
      expect({ name, holds: [...secrets, PAYLOAD].filter((secret) => text.includes(secret)) }).toEqual({
        name,
        holds: [],
      });
    }
  });

  test('hold no command of a store with its arguments', () => {
    for (const name of ['gateway', 'worker']) expect(logOf(name)).not.toContain('"args"');
  });

  test('are a JSON object a line, and name the request that met an error', () => {
    const lines = [...logOf('gateway').split('\n'), ...logOf('worker').split('\n')].filter((line) => line !== '');
    const parsed = lines.map((line): { requestId?: string; error?: { upstream?: string } } => JSON.parse(line));
    const ofRequest = parsed.filter(({ requestId }) => requestId === 'while-clickhouse-dies');
    expect(ofRequest.map(({ error }) => error?.upstream)).toContain('clickhouse');
  });
});

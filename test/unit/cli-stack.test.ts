import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { environmentOf, type Stack, writeStack } from '../../src/cli/stack.js';

const folder = mkdtempSync(join(tmpdir(), 'ethhook-stack-'));
afterAll(() => rmSync(folder, { recursive: true }));

const NO_PROCESS = 2 ** 22 + 1;
const stackOf = (pid: number): Stack => ({
  gatewayUrl: 'http://127.0.0.1:1',
  graphqlUrl: 'http://127.0.0.1:1/graphql',
  subscriptionsUrl: 'ws://127.0.0.1:1/graphql',
  postgresUrl: 'postgres://stack',
  clickhouseUrl: 'http://stack',
  redisUrl: 'redis://stack',
  jwtSecret: 'of the stack',
  pids: { gateway: pid, worker: pid, clickhouse: pid, postgres: pid, redis: pid },
});

describe('the environment of a command', () => {
  test('has the stores of the running stack where it names none itself', () => {
    writeStack(folder, stackOf(process.pid));
    expect(environmentOf(folder, { LOG_LEVEL: 'warn', POSTGRES_URL: '' })).toEqual({
      LOG_LEVEL: 'warn',
      POSTGRES_URL: 'postgres://stack',
      CLICKHOUSE_URL: 'http://stack',
      REDIS_URL: 'redis://stack',
      JWT_SECRET: 'of the stack',
    });
  });

  test('keeps its own secret', () => {
    writeStack(folder, stackOf(process.pid));
    expect(environmentOf(folder, { JWT_SECRET: 'mine' })).toMatchObject({ JWT_SECRET: 'mine' });
  });

  test('is left as it is with one store of its own, so that no command speaks to one here and one there', () => {
    writeStack(folder, stackOf(process.pid));
    const environment = { POSTGRES_URL: 'postgres://production' };
    expect(environmentOf(folder, environment)).toEqual(environment);
  });

  test('is refused where nothing runs', () => {
    writeStack(folder, stackOf(NO_PROCESS));
    expect(() => environmentOf(folder, {})).toThrow(`no stack runs in ${folder}`);
    expect(() => environmentOf(join(folder, 'missing'), {})).toThrow('no stack runs in');
  });
});

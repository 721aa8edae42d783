import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { STORES } from '../../src/records/migration-phase.js';
import { STREAMS } from '../../src/records/names.js';
import { FaultStack } from '../support/fault-stack.js';
import { anyAttempt } from '../support/fault-traffic.js';
import { until } from '../support/until.js';
import { FORM, longTest } from './form.js';

describe('a server', () => {
  let stack: FaultStack;

  beforeAll(async () => {
    stack = await FaultStack.start();
  }, 180_000);

  afterAll(() => stack.stop(), 60_000);
  afterEach(() => stack.reset());

  for (const [name, kills] of [
    ['clickhouse', FORM.clickhouseKills],
    ['postgres', FORM.postgresKills],
    ['redis', FORM.redisKills],
  ] as const) {
    test(`that is killed under load, ${name}, loses and doubles nothing`, async () => {
      await stack.startWorker();
      for (let round = 0; round < kills; round++) {
        await stack.under(FORM.rate, async () => {
          await delay(500 + Math.random() * 1_000);
          await stack.servers.kill(name);
          await stack.servers.restart(name);
        });
      }
      await stack.expectExact({ rollups: FORM.awaitsAudit });
    }, 900_000);
  }

  test('groups that are deleted are made again, and nothing is lost', async () => {
    await stack.startWorker();
    await stack.under(FORM.rate, async () => {
      for (const stream of STREAMS) {
        for (const group of STORES) {
          await stack.redis.command('XGROUP', 'DESTROY', stack.names.stream(stream), group);
          await delay(300);
        }
      }
    });
    await stack.expectExact({ rollups: FORM.awaitsAudit });
  }, 180_000);

  test('streams that are deleted are made again, and what comes next is stored', async () => {
    await stack.startWorker();
    await stack.traffic.attempts([anyAttempt()]);
    await stack.expectExact({ rollups: false });
    for (const stream of STREAMS) await stack.redis.command('DEL', stack.names.stream(stream));
    await stack.under(FORM.rate, () => delay(1_000));
    await stack.expectExact({ rollups: FORM.awaitsAudit });
  }, 180_000);

  longTest(
    'Redis that is full is worked off, and takes entries again',
    async () => {
      const used = Number(/used_memory:(\d+)/.exec(String(await stack.redis.command('INFO', 'memory')))?.[1]);
      await stack.redis.command('CONFIG', 'SET', 'maxmemory', used + 1_000_000);
      const refused = async (): Promise<boolean> => {
        const stats = String(await stack.redis.command('INFO', 'errorstats'));
        return stats.includes('errorstat_OOM');
      };
      const worker = await stack.under(20 * FORM.rate, async () => {
        await until('Redis refuses entries', refused, 60);
        return stack.startWorker();
      });
      await until('all of it is worked off', async () => (await stack.unfinished()) === 0, 60);
      await stack.expectExact();
      expect(await worker.held()).toEqual({});
      await stack.redis.command('CONFIG', 'SET', 'maxmemory', 0);
    },
    180_000,
  );
});

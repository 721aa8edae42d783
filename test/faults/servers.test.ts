import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { STORES } from '../../src/records/migration-phase.js';
import { STREAMS } from '../../src/records/names.js';
import { FaultStack } from '../support/fault-stack.js';
import { anyAttempt } from '../support/fault-traffic.js';
import { until } from '../support/until.js';
import { FORM, longTest } from './form.js';

const JUNK = join(tmpdir(), `ethhook-faults-${process.pid}.junk`);

describe('a server', () => {
  let stack: FaultStack;

  beforeAll(async () => {
    stack = await FaultStack.start(FORM);
  }, 240_000);

  afterAll(() => stack.stop(), 120_000);
  afterEach(() => stack.reset(), 120_000);

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

  longTest(
    'Redis that is killed while the disk is busy has every entry that it acknowledged',
    async () => {
      const busy = spawn('sh', ['-c', `while :; do dd if=/dev/zero of=${JUNK} bs=1M count=200 conv=fdatasync; done`], {
        detached: true,
        stdio: 'ignore',
      });
      try {
        for (let round = 0; round < 2 * FORM.redisKills; round++) {
          let acknowledged = 0;
          const producers = Array.from({ length: 50 }, async () => {
            for (;;) {
              const added = await stack.redis
                .command('XADD', 'flood', '*', 'record', 'x'.repeat(400))
                .catch(() => null);
              if (added === null) return;
              acknowledged += 1;
            }
          });
          await delay(1_500 + Math.random() * 1_500);
          await stack.servers.kill('redis');
          await Promise.all(producers);
          await stack.servers.restart('redis');
          await until(
            'Redis answers',
            () =>
              stack.redis.ping().then(
                () => true,
                () => false,
              ),
            60,
          );
          expect(Number(await stack.redis.command('XLEN', 'flood'))).toBeGreaterThanOrEqual(acknowledged);
          await stack.redis.command('DEL', 'flood');
        }
      } finally {
        if (busy.pid !== undefined) process.kill(-busy.pid, 'SIGKILL');
        rmSync(JUNK, { force: true });
      }
    },
    400_000,
  );

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
  }, 600_000);

  test('streams that are deleted are made again, and what comes next is stored', async () => {
    await stack.startWorker();
    await stack.traffic.attempts([anyAttempt()]);
    await stack.expectExact({ rollups: false });
    for (const stream of STREAMS) await stack.redis.command('DEL', stack.names.stream(stream));
    await stack.under(FORM.rate, () => delay(1_000));
    await stack.expectExact({ rollups: FORM.awaitsAudit });
  }, 600_000);

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

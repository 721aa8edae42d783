import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { UPSTREAMS } from '../support/fault-servers.js';
import { FaultStack } from '../support/fault-stack.js';
import { FORM } from './form.js';

const MIB = 1024 * 1024;
/** Of the size that they are by default, so that what has gathered meanwhile is worked off. */
const BATCHES = { BATCH_MAX_ROWS: '50000' };
/** Of its time: a worker fills the batches that it may hold. */
const SETTLING_SHARE = 0.2;

describe('an outage', () => {
  let stack: FaultStack;

  beforeAll(async () => {
    stack = await FaultStack.start(FORM);
  }, 240_000);

  afterAll(() => stack.stop(), 120_000);
  afterEach(() => stack.reset(), 120_000);

  for (const name of UPSTREAMS) {
    test(`of ${name} is sat out with flat memory, and leaves every number exact`, async () => {
      const worker = await stack.startWorker(BATCHES);
      await stack.under(FORM.rate, () => delay(FORM.outageSeconds * 200));
      let growth = 0;
      await stack.servers.kill(name);
      await stack.under(FORM.rate, async () => {
        await delay(FORM.outageSeconds * 1_000 * SETTLING_SHARE);
        const settled = worker.residentMemory;
        for (let second = 0; second < FORM.outageSeconds * 0.8; second++) {
          await delay(1_000);
          growth = Math.max(growth, worker.residentMemory - settled);
        }
        await stack.servers.restart(name);
      });
      await stack.expectExact({ rollups: FORM.awaitsAudit });
      expect(growth).toBeLessThan(50 * MIB);
      expect(worker.isRunning).toBe(true);
    }, 400_000);

    test(`in which ${name} refuses, resets, delays or swallows what it is sent leaves every number exact`, async () => {
      await stack.startWorker(BATCHES);
      const proxy = stack.servers.proxy(name);
      await stack.under(FORM.rate, async () => {
        for (const fault of [
          { kind: 'reset', afterBytes: 20_000 },
          { kind: 'refuse' },
          { kind: 'delay', ms: 200 },
          { kind: 'black hole' },
        ] as const) {
          proxy.set(fault);
          await delay(FORM.outageSeconds * 300);
        }
        proxy.set({ kind: 'none' });
      });
      await stack.expectExact({ rollups: FORM.awaitsAudit });
      expect(proxy.spoilt).toBeGreaterThan(0);
    }, 400_000);
  }

  test('of one store keeps the other from nothing', async () => {
    await stack.startWorker(BATCHES);
    for (const [away, other] of [
      ['clickhouse', 'postgres'],
      ['postgres', 'clickhouse'],
    ] as const) {
      stack.servers.proxy(away).set({ kind: 'refuse' });
      await stack.under(FORM.rate, () => delay(1_000));
      await stack.expectStored(other);
      stack.servers.proxy(away).set({ kind: 'none' });
      await stack.expectExact({ rollups: FORM.awaitsAudit });
    }
  }, 180_000);
});

import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { FaultStack } from '../support/fault-stack.js';
import { WORKER_STEPS, workerStep } from '../support/redis-steps.js';
import { until } from '../support/until.js';
import { FORM, longTest } from './form.js';

/** A kill falls somewhere into the step, not always at its beginning, milliseconds. */
const INTO_STEP_MS = 30;

describe('a worker', () => {
  let stack: FaultStack;

  beforeAll(async () => {
    stack = await FaultStack.start(FORM);
  }, 240_000);

  afterAll(() => stack.stop(), 120_000);
  afterEach(() => stack.reset(), 120_000);

  for (const step of WORKER_STEPS) {
    (step === 'insert' ? test : longTest)(
      `that is killed at its step "${step}" loses and doubles nothing`,
      async () => {
        for (let round = 0; round < FORM.workerKills; round++) {
          const worker = await stack.startWorker();
          await stack.under(FORM.rate, async () => {
            await workerStep(stack.servers.url('redis'), step);
            if (step !== 'manifest') await delay(Math.random() * INTO_STEP_MS);
            await worker.kill();
            const successor = await stack.startWorker();
            await delay(Math.random() * 200);
            await successor.kill();
          });
        }
        await stack.startWorker();
        await stack.expectExact();
      },
      900_000,
    );
  }

  longTest(
    'that is suspended until it is taken for dead, and comes back, changes nothing twice',
    async () => {
      const [suspended] = [await stack.startWorker(), await stack.startWorker()];
      await stack.under(FORM.rate, async () => {
        await workerStep(stack.servers.url('redis'), 'manifest');
        suspended.signal('SIGSTOP');
        await delay(FORM.suspendedSeconds * 1_000);
        suspended.signal('SIGCONT');
        await delay(1_000);
      });
      await stack.expectExact();
      expect(await suspended.stop()).toBe(0);
    },
    180_000,
  );

  longTest(
    'that is replaced by one with other batch settings, again and again, leaves every number exact',
    async () => {
      const settings = [
        { BATCH_MAX_ROWS: '100', BATCH_MAX_AGE_MS: '0' },
        { BATCH_MAX_ROWS: '20000', BATCH_MAX_BYTES: '100000' },
      ];
      await stack.under(FORM.rate, async () => {
        for (let round = 0; round < 2 * FORM.workerKills; round++) {
          const worker = await stack.startWorker(settings[round % 2]);
          await workerStep(stack.servers.url('redis'), 'insert');
          await delay(Math.random() * INTO_STEP_MS);
          if (round % 4 < 2) await worker.kill();
          else expect(await worker.stop()).toBe(0);
        }
      });
      await stack.startWorker(settings[1]);
      await stack.expectExact();
    },
    900_000,
  );

  longTest(
    'goes through ten times the usual rate and is done within a minute',
    async () => {
      await stack.startWorker({ BATCH_MAX_ROWS: '50000' });
      await stack.under(10 * FORM.rate, () => delay(FORM.outageSeconds * 100));
      await until('all of it is finished', async () => (await stack.unfinished()) === 0, 60);
      await stack.expectExact();
    },
    180_000,
  );
});

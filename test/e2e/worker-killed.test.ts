import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { AttemptRecord } from '../../src/records/attempt.js';
import { STORES } from '../../src/records/migration-phase.js';
import { attemptOf, freshIngestStack, type IngestStack, standingAttempts, toJson } from '../support/ingest.js';
import { until } from '../support/until.js';

const ENTRIES = 200_000;
const BAD = 100;
const HOUR_MS = 3_600_000;

describe('a worker that is killed', () => {
  let stack: IngestStack;
  let worker: ChildProcess | undefined;

  beforeEach(async () => {
    stack = await freshIngestStack();
  });

  afterEach(async () => {
    await kill('SIGKILL');
    await stack.close();
  });

  function start(): void {
    worker = spawn(process.execPath, ['dist/src/main.js', 'worker'], {
      env: { PATH: process.env['PATH'], ...stack.environment, BATCH_MAX_ROWS: '5000' },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }

  async function kill(signal: NodeJS.Signals): Promise<number | null> {
    const running = worker;
    worker = undefined;
    if (running === undefined || running.exitCode !== null) return running?.exitCode ?? null;
    const exited = once(running, 'exit');
    running.kill(signal);
    return (await exited)[0];
  }

  /** One record an entry: attempts of 50 users over three hours, one in ten first seen as pending. */
  function traffic(): { attempts: AttemptRecord[]; entries: string[] } {
    const users = Array.from({ length: 50 }, () => randomUUID());
    const endpoints = Array.from({ length: 100 }, () => randomUUID());
    const from = Date.now() - 4 * HOUR_MS;
    const attempts: AttemptRecord[] = [];
    while (attempts.length < ENTRIES - BAD) {
      const index = attempts.length;
      const attempt = attemptOf({
        user_id: users[index % users.length] ?? '',
        endpoint_id: endpoints[index % endpoints.length] ?? '',
        status: index % 7 === 0 ? 'failed' : 'success',
        attempt_number: 1 + (index % 3),
        response_time_ms: index % 11 === 0 ? null : index % 500,
        created_at: from + Math.floor((index * 3 * HOUR_MS) / ENTRIES),
      });
      if (index % 10 === 0) attempts.push({ ...attempt, status: 'pending', response_time_ms: null });
      attempts.push({ ...attempt, updated_at: attempt.created_at + 1 });
    }
    attempts.length = ENTRIES - BAD;
    const entries = attempts.map((attempt) => JSON.stringify(toJson(attempt)));
    for (let index = 0; index < BAD; index++) entries.splice(index * 1_500, 0, `{"bad": ${index}`);
    return { attempts, entries };
  }

  const stored = async (): Promise<number> => {
    const [row] = await stack.clickhouse.query<{ n: number }>({
      name: 'test',
      query: 'SELECT count() AS n FROM delivery_attempts',
    });
    return row?.n ?? 0;
  };

  const checksum = (rows: readonly string[]): string => {
    const hash = createHash('sha256');
    for (const row of rows) hash.update(row);
    return `${rows.length} rows ${hash.digest('hex')}`;
  };

  test('in the middle of 200,000 entries, four times, leaves every number exact', async () => {
    const { attempts, entries } = traffic();
    await stack.addMany('delivery_attempts', entries);
    for (const rows of [1, 40_000, 80_000, 120_000]) {
      start();
      await until(`${rows} rows are stored`, async () => (await stored()) >= rows, 60);
      expect(await kill('SIGKILL')).toBeNull();
    }
    start();
    await stack.drained(STORES, 60);

    expect(await stack.deadLetters()).toHaveLength(BAD);
    const expected = checksum(standingAttempts(attempts));
    for (const store of STORES) expect(checksum(await stack.attemptsIn(store))).toBe(expected);
    await stack.expectExactRollups();
    expect(await kill('SIGTERM')).toBe(0);
  }, 180_000);
});

import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { HOUR_MS } from '../../src/records/time-range.js';
import { ClickHouseDatabase } from '../../src/stores/clickhouse/database.js';
import { RedisDatabase } from '../../src/stores/redis/database.js';
import { type RunningCommand, readStack, startUp } from '../support/up-process.js';

/** So short a history is in soon. */
const ENVIRONMENT = { ATTEMPTS_RETENTION_DAYS: '2' };

let dataDir: string;
let up: RunningCommand;

const start = async (): Promise<void> => {
  up = await startUp(dataDir, ['--port', '0'], ENVIRONMENT);
};

/** Resolves to what it has said. */
async function stop(): Promise<string> {
  up.process.kill('SIGINT');
  return (await up.ended).output;
}

/** How many attempts began before this time, as rows of their own and in the sums of the hours. */
async function attemptsBefore(time: number): Promise<unknown> {
  const clickhouse = new ClickHouseDatabase(readStack(dataDir).clickhouseUrl, { applicationName: 'test' });
  const query = `SELECT
      (SELECT count() FROM delivery_attempts FINAL WHERE created_at < fromUnixTimestamp64Milli(${time})) AS attempts,
      (SELECT sum(attempts) FROM delivery_stats_hourly WHERE hour < fromUnixTimestamp64Milli(${time})) AS summed`;
  const [counts] = await clickhouse.query({ name: 'test', query }).finally(() => clickhouse.close());
  return counts;
}

/** After it Redis forgets, at a restart, how much a group has read. */
async function rewriteRedisFile(): Promise<void> {
  const redis = new RedisDatabase(readStack(dataDir).redisUrl, { applicationName: 'test' });
  await redis.command('BGREWRITEAOF');
  redis.close();
}

beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'ethhook-demo-'));
  chmodSync(dataDir, 0o755);
});

afterAll(async () => {
  if (up.process.exitCode === null) up.process.kill('SIGKILL');
  await up.ended;
  rmSync(dataDir, { recursive: true, force: true });
});

test('a demo that is started again has its history as it was, and finds at once that it is in', async () => {
  const beginningOfHour = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  await start();
  const before = await attemptsBefore(beginningOfHour);
  expect(before).not.toMatchObject({ attempts: 0 });
  await rewriteRedisFile();
  await stop();
  await start();
  expect(await attemptsBefore(beginningOfHour)).toEqual(before);
  expect(await stop()).not.toContain('longer than usual');
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createGroup } from '../../src/stores/redis/entry-group.js';
import { EntryIds } from '../../src/stores/redis/entry-ids.js';
import { writeManifest } from '../../src/stores/redis/manifests.js';
import { attemptOf, freshIngestStack, type IngestStack, toJson } from '../support/ingest.js';
import { readNew } from '../support/read-new.js';

const DAY_MS = 86_400_000;
const day = Math.floor(Date.now() / DAY_MS) * DAY_MS - 2 * DAY_MS;
const date = new Date(day).toISOString().slice(0, 10);

describe('the rollups command', () => {
  let stack: IngestStack;

  beforeAll(async () => {
    stack = await freshIngestStack();
    const stop = stack.startWorker();
    const attempts = Array.from({ length: 10 }, () => attemptOf({ created_at: day + 1 }));
    await stack.addRecords('delivery_attempts', attempts.map(toJson));
    await stack.drained();
    await stop();
  });

  afterAll(() => stack.close());

  async function rollups(...args: readonly string[]) {
    const child = spawn(process.execPath, ['dist/src/main.js', 'rollups', ...args], {
      env: { PATH: process.env['PATH'], ...stack.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [[code], output, errors] = await Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)]);
    return { code, output, errors };
  }

  const forget = (rollup: string) =>
    stack.clickhouse.command({ name: 'test', query: `ALTER TABLE ${rollup} DROP PARTITION '${date}'` });

  test('audit mends what is wrong, and says what it was', async () => {
    await forget('delivery_stats_hourly');
    const mended = await rollups('audit');
    expect(mended).toMatchObject({
      code: 0,
      output: `${date}  hourly  10 sums were wrong, +10 attempts\n1 days compared, 1 of them mended.\n`,
    });
    await stack.expectExactRollups();
    const right = await rollups('audit', '--json');
    expect(right.code).toBe(0);
    expect(JSON.parse(right.output)).toEqual([{ day: date, outcome: 'right', mends: [] }]);
  });

  test('rebuild computes the days that a range touches', async () => {
    await forget('delivery_stats_daily');
    const range = ['--from', `${date}T12:00:00Z`, '--to', `${date}T13:00:00Z`];
    const rebuilt = await rollups('rebuild', ...range, '--json');
    expect(rebuilt.code).toBe(0);
    const mends = [{ grain: 'daily', keys: 10, attempts: 10 }];
    expect(JSON.parse(rebuilt.output)).toEqual([{ day: date, outcome: 'mended', mends }]);
    await stack.expectExactRollups();
  });

  test('says what to do where a batch is in the way, and where it is used wrongly', async () => {
    const member = { names: stack.names, stream: 'delivery_attempts', group: 'clickhouse', consumer: 'slow' } as const;
    await createGroup(stack.redis, member);
    await stack.addRecords('delivery_attempts', [toJson(attemptOf())]);
    const [entry] = await readNew(stack.redis, member, { count: 1, blockMs: 10 });
    await writeManifest(stack.redis, member, {
      token: 'slow',
      entryIds: new EntryIds([entry?.id ?? '']),
      skipped: [],
      days: [day],
    });
    const held = await rollups('rebuild', '--from', date, '--to', `${date}T00:00:01Z`);
    expect(held).toMatchObject({ code: 1, errors: expect.stringContaining(`Not finished: ${date}`) });
    expect((await rollups('audit', '--from', 'yesterday')).code).toBe(2);
    expect((await rollups('rebuild', '--from', date, '--to', date)).code).toBe(2);
  });
});

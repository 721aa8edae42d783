import { spawn, spawnSync } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { FaultStack } from '../support/fault-stack.js';
import { anyAttempt } from '../support/fault-traffic.js';
import { slowInserts } from '../support/slow-inserts.js';
import { until } from '../support/until.js';
import { FORM } from './form.js';

const RENAMES = 'rename,renameat,renameat2';
const DAY_MS = 86_400_000;

describe('ClickHouse', () => {
  let stack: FaultStack;

  beforeAll(async () => {
    stack = await FaultStack.start(FORM);
  }, 240_000);

  afterAll(() => stack.stop(), 120_000);
  afterEach(() => stack.reset(), 120_000);

  const run = (query: string) => stack.clickhouse.command({ name: 'test', query });
  const attempts = (count: number, fields = {}) => Array.from({ length: count }, () => anyAttempt(fields));

  test('killed between the renames of two parts of an insert loses and doubles nothing', async () => {
    if (spawnSync('strace', ['-V']).status !== 0) {
      throw new Error(
        'strace is missing, by which ClickHouse is killed between two renames. Run: apt-get install strace',
      );
    }
    await stack.startWorker();
    for (let rename = 1; rename <= FORM.renames; rename++) {
      await stack.expectExact({ rollups: false });
      const inject = `inject=${RENAMES}:signal=KILL:when=${rename}`;
      const strace = spawn(
        'strace',
        ['-f', '-p', `${stack.servers.pid('clickhouse')}`, '-e', `trace=${RENAMES}`, '-e', inject],
        {
          stdio: ['ignore', 'ignore', 'pipe'],
        },
      );
      const said = text(strace.stderr);
      let attached = false;
      strace.stderr.once('data', () => {
        attached = true;
      });
      await until('strace is attached', () => attached || strace.exitCode !== null);
      await stack.traffic.attempts(attempts(50));
      const isDead = stack.servers.ended('clickhouse').then(() => true);
      if (!(await Promise.race([isDead, delay(20_000, false)])))
        throw new Error(`strace did not kill it: ${await said}`);
      await stack.servers.restart('clickhouse');
    }
    await stack.expectExact({ rollups: FORM.awaitsAudit });
  }, 900_000);

  test('with a view that throws holds the batch, and has every row and sum once it is mended', async () => {
    const worker = await stack.startWorker();
    await run('CREATE TABLE of_views (id UUID) ENGINE = MergeTree ORDER BY id');
    await run(`CREATE MATERIALIZED VIEW throwing TO of_views AS SELECT id FROM delivery_attempts
      WHERE throwIf(error_message = 'poison', 'this view throws') = 0`);
    await stack.under(FORM.rate, async () => {
      await stack.traffic.attempts(attempts(3, { error_message: 'poison' }));
      await until('the batch is held', async () => 'delivery_attempts/clickhouse' in (await worker.held()));
      await delay(1_000);
    });
    await run('DROP VIEW throwing');
    await run('DROP TABLE of_views');
    await stack.expectExact({ rollups: FORM.awaitsAudit });
    expect(await worker.held()).toEqual({});
  }, 180_000);

  test('that goes on with an insert whose connection is gone counts it once', async () => {
    await stack.startWorker();
    const speedUp = await slowInserts(stack.clickhouse, 0.02);
    const inserting = async (): Promise<boolean> => {
      const query =
        "SELECT count() AS n FROM system.processes WHERE Settings['log_comment'] = 'insert_delivery_attempts'";
      return (await stack.clickhouse.query<{ n: number }>({ name: 'test', query }))[0]?.n !== 0;
    };
    for (let round = 0; round < FORM.workerKills; round++) {
      await stack.traffic.attempts(attempts(100));
      await until('it inserts', inserting);
      stack.servers.proxy('clickhouse').resetAll();
    }
    await speedUp();
    await stack.expectExact();
  }, 600_000);

  test('that takes longer than an insert is waited for is waited for longer, and counts it once', async () => {
    await stack.startWorker({ BATCH_MAX_ROWS: '2000' });
    // A second more than the first try is waited for.
    const speedUp = await slowInserts(stack.clickhouse, 0.021);
    await stack.traffic.attempts(attempts(1_000));
    await until('the insert is given up and made again', async () => (await stack.unfinished()) === 0, 120);
    expect(stack.log()).toContain('"kind":"timeout"');
    await speedUp();
    await stack.expectExact();
  }, 240_000);

  test('with too many parts is written slowly, and all of it is there in the end', async () => {
    await stack.startWorker();
    await run('SYSTEM STOP MERGES delivery_attempts');
    await run('ALTER TABLE delivery_attempts MODIFY SETTING parts_to_throw_insert = 4, parts_to_delay_insert = 2');
    const tooMany = async (): Promise<boolean> => stack.log().includes('"code":"252"');
    await stack.under(FORM.rate, () => until('ClickHouse has refused an insert', tooMany, 60));
    await run('ALTER TABLE delivery_attempts RESET SETTING parts_to_throw_insert, parts_to_delay_insert');
    await run('SYSTEM START MERGES delivery_attempts');
    await stack.expectExact();
  }, 600_000);

  test('takes rows of more than a hundred days in one batch', async () => {
    await stack.startWorker({ ATTEMPTS_RETENTION_DAYS: '400', BATCH_MAX_ROWS: '50000' });
    await run("ALTER TABLE delivery_attempts MODIFY TTL toDateTime(created_at, 'UTC') + toIntervalDay(401)");
    for (const table of ['delivery_stats_hourly', 'delivery_stats_daily']) {
      await run(`ALTER TABLE ${table} MODIFY TTL ${table.endsWith('hourly') ? 'hour' : 'day'} + toIntervalDay(401)`);
    }
    const days = Array.from({ length: 150 }, (_, day) => anyAttempt({ created_at: Date.now() - (day + 5) * DAY_MS }));
    await stack.traffic.attempts(days);
    await stack.expectExact();
  }, 180_000);
});

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { AttemptRecord } from '../../src/records/attempt.js';
import { DAY_MS } from '../../src/records/time-range.js';
import { auditChangedDays, auditRange } from '../../src/rollups/audit.js';
import type { ClickHouseDatabase } from '../../src/stores/clickhouse/database.js';
import { ClickHouseCluster } from '../support/clickhouse-cluster.js';
import { eventOf, standingAttempts, toJson } from '../support/ingest.js';
import { attemptsOf, DAY, freshShardedStack, type ShardedStack, USERS } from '../support/sharded-stack.js';

jest.setTimeout(180_000);

describe('two shards that take in', () => {
  let cluster: ClickHouseCluster;
  let stack: ShardedStack;

  beforeAll(async () => {
    cluster = await ClickHouseCluster.start();
  });
  afterAll(() => cluster.stop());
  beforeEach(async () => {
    stack = await freshShardedStack(cluster);
  });
  afterEach(() => stack.close());

  const audit = (now: number) => auditChangedDays(stack.services, { now, retentionDays: 30 });
  const expectWrong = () => expect(stack.expectExactRollups()).rejects.toThrow();

  test('take in from the streams what one server would, each its part', async () => {
    stack.startWorker();
    const attempts = attemptsOf(500);
    const events = Array.from({ length: 100 }, (_, index) => eventOf({ block_number: index }));
    const corrected = attempts
      .slice(0, 50)
      .map((attempt): AttemptRecord => ({ ...attempt, status: 'expired', updated_at: attempt.updated_at + 1 }));
    await stack.addRecords('delivery_attempts', [...attempts, ...corrected].map(toJson));
    await stack.addRecords('events', [...events, ...events.slice(0, 10)].map(toJson));
    await stack.drained();
    expect(await stack.attemptsIn('clickhouse')).toEqual(standingAttempts([...attempts, ...corrected]));
    expect(await stack.eventsIn('clickhouse')).toEqual(await stack.eventsIn('postgres'));
    await stack.expectExactRollups();
    for (const table of ['events_local', 'delivery_attempts_local', 'delivery_stats_hourly_local']) {
      expect(Math.min(...(await stack.countsOf(table)))).toBeGreaterThan(0);
    }
    const usersOn = (shard: ClickHouseDatabase) =>
      shard.query<{ user: string }>({
        name: 'test',
        query: 'SELECT DISTINCT user_id AS user FROM delivery_attempts_local',
      });
    const users = (await Promise.all(stack.shards.map(usersOn))).flat().map(({ user }) => user);
    expect(users.sort()).toEqual([...USERS].sort());
  });

  test('count a batch once that is sent again, also where one of them has it and the other has not', async () => {
    const attempts = attemptsOf(300);
    await stack.insert(attempts, 'sent twice');
    await stack.insert(attempts, 'sent twice');
    await stack.expectExactRollups();

    const more = attemptsOf(300);
    await cluster.kill(1);
    await expect(stack.insert(more, 'sent by halves')).rejects.toMatchObject({ retryable: true });
    await cluster.restart(1);
    await stack.insert(more, 'sent by halves');
    await stack.insert(more, 'sent by halves');
    await stack.expectExactRollups();
    expect(await stack.attemptsIn('clickhouse')).toEqual(standingAttempts([...attempts, ...more]));
  });

  test('are waited for while one of them is away: nothing is lost, doubled or sent to the dead letters', async () => {
    stack.startWorker();
    const attempts = attemptsOf(400);
    for (let at = 0; at < attempts.length; at += 20) {
      if (at === 100) await cluster.kill(1);
      if (at === 300) await cluster.restart(1);
      await stack.addRecords('delivery_attempts', attempts.slice(at, at + 20).map(toJson));
      await stack.drained(['postgres']);
    }
    await stack.drained(['clickhouse'], 90);
    expect(await stack.attemptsIn('clickhouse')).toEqual(standingAttempts(attempts));
    expect(await stack.deadLetters()).toEqual([]);
    await stack.expectExactRollups();
  });

  test('are audited: what changed on either is compared and mended, and what did not is left alone', async () => {
    const now = Date.now();
    const attempts = attemptsOf(300);
    await stack.insert(attempts);
    expect(await audit(now)).toMatchObject([{ day: DAY, outcome: 'right' }]);
    expect(await audit(now + 60_000)).toEqual([]);
    for (const [index, user] of (await stack.oneUserOfEachShard()).entries()) {
      await stack.insert(attempts.filter(({ user_id }) => user_id === user));
      await expectWrong();
      const later = now + (index + 1) * 120_000;
      const [mended] = (await audit(later)) ?? [];
      expect(mended).toMatchObject({ outcome: 'mended', mends: [{ grain: 'hourly' }, { grain: 'daily' }] });
      await stack.expectExactRollups();
      expect(await audit(later + 31_000)).toMatchObject([{ outcome: 'right' }]);
    }
  });

  test('are rebuilt where the sums of one are gone', async () => {
    await stack.insert(attemptsOf(300));
    const [, second] = stack.shards;
    const date = new Date(DAY).toISOString().slice(0, 10);
    await second?.command({ name: 'test', query: `ALTER TABLE delivery_stats_daily_local DROP PARTITION '${date}'` });
    await expectWrong();
    const rebuilt = await auditRange(stack.services, {
      now: Date.now(),
      retentionDays: 30,
      range: { from: DAY, to: DAY + DAY_MS },
      rebuild: true,
    });
    expect(rebuilt).toMatchObject([{ outcome: 'mended', mends: [{ grain: 'daily' }] }]);
    await stack.expectExactRollups();
  });

  test('several auditors at once count no difference twice', async () => {
    const attempts = attemptsOf(300);
    await stack.insert(attempts);
    await stack.insert(attempts.slice(0, 40));
    const range = { from: DAY, to: DAY + DAY_MS };
    const clock = { now: Date.now(), retentionDays: 30 };
    await Promise.all([1, 2, 3].map(() => auditRange(stack.services, { ...clock, range, rebuild: true })));
    await stack.expectExactRollups();
  });
});

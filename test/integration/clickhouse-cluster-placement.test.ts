import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { attemptType } from '../../src/records/attempt.js';
import { eventType } from '../../src/records/event.js';
import { DAY_MS } from '../../src/records/time-range.js';
import { auditChangedDays } from '../../src/rollups/audit.js';
import { ClickHouseAnalyticsStore } from '../../src/stores/clickhouse/clickhouse-analytics-store.js';
import type { ClickHouseDatabase } from '../../src/stores/clickhouse/database.js';
import { insertBatch } from '../../src/stores/clickhouse/insert-batch.js';
import { appliedMigrations } from '../../src/stores/clickhouse/schema.js';
import { ClickHouseCluster } from '../support/clickhouse-cluster.js';
import { eventOf, freshIngestStack, rowBinaryOf, standingAttempts, standingEvents } from '../support/ingest.js';
import { AnalyticsModel } from '../support/model.js';
import { runCli } from '../support/move.js';
import { attemptsOf, DAY, freshShardedStack, never, type ShardedStack } from '../support/sharded-stack.js';

jest.setTimeout(180_000);

describe('where rows are on two shards', () => {
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

  test('lose a user, or a day, by statements for the whole cluster, and what is left stays right', async () => {
    const attempts = attemptsOf(300);
    await stack.insert(attempts);
    const tables = ['delivery_stats_hourly', 'delivery_stats_daily', 'delivery_attempts'];
    const [, purged = ''] = await stack.oneUserOfEachShard();
    const everywhere = (statement: (table: string) => string) => async (table: string) =>
      stack.clickhouse.command({
        name: 'test',
        query: statement(`${table}_local ON CLUSTER 'test'`),
        settings: { lightweight_deletes_sync: '2', mutations_sync: '2' },
      });
    await Promise.all(tables.map(everywhere((table) => `DELETE FROM ${table} WHERE user_id = '${purged}'`)));
    await Promise.all(tables.map(everywhere((table) => `ALTER TABLE ${table} APPLY DELETED MASK`)));
    const left = attempts.filter(({ user_id }) => user_id !== purged);
    expect(await stack.attemptsIn('clickhouse')).toEqual(standingAttempts(left));
    expect(await auditChangedDays(stack.services, { now: Date.now(), retentionDays: 30 })).toMatchObject([
      { day: DAY, outcome: 'right' },
    ]);
    const date = new Date(DAY).toISOString().slice(0, 10);
    await Promise.all(tables.map(everywhere((table) => `ALTER TABLE ${table} DROP PARTITION '${date}'`)));
    for (const table of tables) expect(await stack.countsOf(`${table}_local`)).toEqual([0, 0]);
  });

  test('answer for one user by the shard that has them, without the other', async () => {
    const attempts = attemptsOf(300);
    await stack.insert(attempts);
    const [user = ''] = await stack.oneUserOfEachShard();
    const question = {
      scopes: [{ userId: user }],
      range: { from: DAY, to: DAY + DAY_MS },
      hourly: true,
      events: true,
    };
    await cluster.kill(1);
    try {
      for (const rollupsFromHours of [1, Number.POSITIVE_INFINITY]) {
        const store = new ClickHouseAnalyticsStore(stack.clickhouse, { rollupsFromHours });
        expect(await store.deliveryStats(question)).toEqual(await new AnalyticsModel(attempts).deliveryStats(question));
      }
      // Not asked across both: a server that gives up its question to an embedded one ends that one (decision 0008).
    } finally {
      await cluster.restart(1);
    }
  });

  test('are not taken for a single server, nor one for a cluster', async () => {
    const alone = await runCli(
      { ...stack, environment: { ...stack.environment, CLICKHOUSE_CLUSTER: '' } },
      'migrate',
      'status',
    );
    expect(alone).toMatchObject({ code: 1, errors: expect.stringContaining('Set CLICKHOUSE_CLUSTER') });
    expect((await appliedMigrations(stack.clickhouse)).length).toBeGreaterThan(1);
    const single = await freshIngestStack();
    const wrong = { ...single, environment: { ...single.environment, CLICKHOUSE_CLUSTER: 'test' } };
    expect(await runCli(wrong, 'migrate', 'up')).toMatchObject({
      code: 1,
      errors: expect.stringContaining('does not become a cluster'),
    });
    await single.close();
  });

  test('get the rows of a single server by the statements of docs/scaling.md, day by day, and one day twice', async () => {
    const attempts = attemptsOf(300);
    const events = Array.from({ length: 50 }, () => eventOf({ ingested_at: DAY + 1_000, created_at: DAY + 1_000 }));
    const old = await cluster.singleServerDatabase();
    await insertBatch(old.database, eventType, {
      rowBinary: rowBinaryOf(eventType, events),
      token: 'one',
      signal: never,
    });
    for (const token of ['one', 'two']) {
      await insertBatch(old.database, attemptType, {
        rowBinary: rowBinaryOf(attemptType, attempts),
        token,
        signal: never,
      });
    }
    const statements = await copyStatements(old);
    for (const query of [...statements, ...statements]) {
      await stack.clickhouse.command({
        name: 'test',
        query,
        params: { day: new Date(DAY).toISOString().slice(0, 10) },
      });
    }
    expect(await stack.attemptsIn('clickhouse')).toEqual(standingAttempts(attempts));
    expect(await stack.eventsIn('clickhouse')).toEqual(standingEvents(events));
    await expect(stack.expectExactRollups()).rejects.toThrow();
    expect(await runCli(stack, 'rollups', 'audit')).toMatchObject({ code: 0 });
    await stack.expectExactRollups();
    await old.close();
  });
});

/** What docs/scaling.md says to run on the cluster, of this server. */
async function copyStatements({
  address,
  database,
}: {
  address: string;
  database: ClickHouseDatabase;
}): Promise<string[]> {
  const [, block = ''] =
    /```sql\n(INSERT INTO events[\s\S]*?)```/.exec(await readFile('docs/scaling.md', 'utf8')) ?? [];
  const statements = block.split(';').map((statement) => statement.trim());
  return statements
    .filter((statement) => statement !== '')
    .map((statement) =>
      statement
        .replace("'old:9000'", `'${address}'`)
        .replace(', ethhook.', `, ${database.database}.`)
        .replace("'user', 'password'", "'ethhook', 'test'"),
    );
}

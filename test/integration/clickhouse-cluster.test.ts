import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { pino } from 'pino';
import { runVerify } from '../../src/migration/verify/run.js';
import { type AttemptRecord, attemptType } from '../../src/records/attempt.js';
import { eventType } from '../../src/records/event.js';
import { STREAMS } from '../../src/records/names.js';
import { DAY_MS, startOfDay } from '../../src/records/time-range.js';
import { auditChangedDays, auditRange } from '../../src/rollups/audit.js';
import { ClickHouseAnalyticsStore } from '../../src/stores/clickhouse/clickhouse-analytics-store.js';
import type { ClickHouseDatabase } from '../../src/stores/clickhouse/database.js';
import { insertBatch } from '../../src/stores/clickhouse/insert-batch.js';
import { appliedMigrations } from '../../src/stores/clickhouse/schema.js';
import { ClickHouseCluster } from '../support/clickhouse-cluster.js';
import {
  attemptOf,
  eventOf,
  freshIngestStack,
  type IngestStack,
  rowBinaryOf,
  standingAttempts,
  standingEvents,
  toJson,
} from '../support/ingest.js';
import { AnalyticsModel } from '../support/model.js';
import { moveServices, runCli, setPhase } from '../support/move.js';

const never = new AbortController().signal;
const DAY = startOfDay(Date.now()) - 3 * DAY_MS;
const USERS = Array.from({ length: 20 }, () => randomUUID());

const attemptsOf = (count: number): AttemptRecord[] =>
  Array.from({ length: count }, (_, index) =>
    attemptOf({
      user_id: USERS[index % USERS.length] ?? '',
      status: index % 5 === 0 ? 'failed' : 'success',
      response_time_ms: index % 11 === 0 ? null : index % 13,
      created_at: DAY + ((index * 7_919_000) % DAY_MS),
    }),
  );

jest.setTimeout(180_000);

describe('two shards', () => {
  let cluster: ClickHouseCluster;
  let stack: IngestStack;
  let shards: readonly ClickHouseDatabase[];

  beforeAll(async () => {
    cluster = await ClickHouseCluster.start();
  });
  afterAll(() => cluster.stop());
  beforeEach(async () => {
    stack = await freshIngestStack({ cluster });
    shards = await cluster.straightTo(stack.clickhouse.database);
  });
  afterEach(async () => {
    await Promise.all(shards.map((shard) => shard.close()));
    await stack.close();
  });

  const insert = (attempts: readonly AttemptRecord[], token: string = randomUUID()): Promise<void> =>
    insertBatch(stack.clickhouse, attemptType, { rowBinary: rowBinaryOf(attemptType, attempts), token, signal: never });
  const services = () => ({ ...moveServices(stack), logger: pino({ level: 'silent' }) });
  const audit = (now: number) => auditChangedDays(services(), { now, retentionDays: 30 });
  const countOf = async (database: ClickHouseDatabase, table: string): Promise<number> => {
    const [row] = await database.query<{ rows: number }>({
      name: 'test',
      query: `SELECT count() AS rows FROM ${table}`,
    });
    return row?.rows ?? -1;
  };
  /** Of each shard. */
  const countsOf = (table: string): Promise<number[]> => Promise.all(shards.map((shard) => countOf(shard, table)));
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
      expect(Math.min(...(await countsOf(table)))).toBeGreaterThan(0);
    }
    const usersOn = (shard: ClickHouseDatabase) =>
      shard.query<{ user: string }>({
        name: 'test',
        query: 'SELECT DISTINCT user_id AS user FROM delivery_attempts_local',
      });
    const users = (await Promise.all(shards.map(usersOn))).flat().map(({ user }) => user);
    expect(users.sort()).toEqual([...USERS].sort());
  });

  test('count a batch once that is sent again, also where one of them has it and the other has not', async () => {
    const attempts = attemptsOf(300);
    await insert(attempts, 'sent twice');
    await insert(attempts, 'sent twice');
    await stack.expectExactRollups();

    const more = attemptsOf(300);
    await cluster.kill(1);
    await expect(insert(more, 'sent by halves')).rejects.toMatchObject({ retryable: true });
    await cluster.restart(1);
    await insert(more, 'sent by halves');
    await insert(more, 'sent by halves');
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
    await insert(attempts);
    expect(await audit(now)).toMatchObject([{ day: DAY, outcome: 'right' }]);
    expect(await audit(now + 60_000)).toEqual([]);
    for (const [index, user] of (await oneUserOfEachShard()).entries()) {
      await insert(attempts.filter(({ user_id }) => user_id === user));
      await expectWrong();
      const later = now + (index + 1) * 120_000;
      const [mended] = (await audit(later)) ?? [];
      expect(mended).toMatchObject({ outcome: 'mended', mends: [{ grain: 'hourly' }, { grain: 'daily' }] });
      await stack.expectExactRollups();
      expect(await audit(later + 31_000)).toMatchObject([{ outcome: 'right' }]);
    }
  });

  test('are rebuilt where the sums of one are gone', async () => {
    await insert(attemptsOf(300));
    const [, second] = shards;
    const date = new Date(DAY).toISOString().slice(0, 10);
    await second?.command({ name: 'test', query: `ALTER TABLE delivery_stats_daily_local DROP PARTITION '${date}'` });
    await expectWrong();
    const rebuilt = await auditRange(services(), {
      now: Date.now(),
      retentionDays: 30,
      range: { from: DAY, to: DAY + DAY_MS },
      rebuild: true,
    });
    expect(rebuilt).toMatchObject([{ outcome: 'mended', mends: [{ grain: 'daily' }] }]);
    await stack.expectExactRollups();
  });

  test('lose a user, or a day, by statements for the whole cluster, and what is left stays right', async () => {
    const attempts = attemptsOf(300);
    await insert(attempts);
    const tables = ['delivery_stats_hourly', 'delivery_stats_daily', 'delivery_attempts'];
    const [, purged = ''] = await oneUserOfEachShard();
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
    expect(await audit(Date.now())).toMatchObject([{ day: DAY, outcome: 'right' }]);
    const date = new Date(DAY).toISOString().slice(0, 10);
    await Promise.all(tables.map(everywhere((table) => `ALTER TABLE ${table} DROP PARTITION '${date}'`)));
    for (const table of tables) expect(await countsOf(`${table}_local`)).toEqual([0, 0]);
  });

  test('several auditors at once count no difference twice', async () => {
    const attempts = attemptsOf(300);
    await insert(attempts);
    await insert(attempts.slice(0, 40));
    const range = { from: DAY, to: DAY + DAY_MS };
    const clock = { now: Date.now(), retentionDays: 30 };
    await Promise.all([1, 2, 3].map(() => auditRange(services(), { ...clock, range, rebuild: true })));
    await stack.expectExactRollups();
  });

  test('answer for one user by the shard that has them, without the other', async () => {
    const attempts = attemptsOf(300);
    await insert(attempts);
    const [user = ''] = await oneUserOfEachShard();
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

  test('are compared with Postgres, and refuse to have history copied into them', async () => {
    await setPhase(stack, 'dual_write');
    stack.startWorker();
    await stack.addRecords('delivery_attempts', attemptsOf(300).map(toJson));
    await stack.addRecords(
      'events',
      Array.from({ length: 30 }, () => toJson(eventOf())),
    );
    await stack.drained();
    const report = await runVerify(services(), {
      tables: STREAMS,
      range: { from: 0, to: Number.POSITIVE_INFINITY },
      patienceMs: 0,
      now: Date.now(),
      onProgress: () => undefined,
    });
    expect(report).toMatchObject({
      complete: true,
      tables: [
        { table: 'events', rows: 30, differences: [] },
        { table: 'delivery_attempts', rows: 300, differences: [] },
      ],
      sums: { differences: [] },
      answers: { differences: [] },
    });
    expect(await runCli(stack, 'backfill')).toMatchObject({
      code: 1,
      errors: expect.stringContaining('not copied into a cluster'),
    });
    expect(await runCli(stack, 'verify', '--repair')).toMatchObject({
      code: 1,
      errors: expect.stringContaining('not copied into a cluster'),
    });
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
    await expectWrong();
    expect(await runCli(stack, 'rollups', 'audit')).toMatchObject({ code: 0 });
    await stack.expectExactRollups();
    await old.close();
  });

  async function oneUserOfEachShard(): Promise<string[]> {
    const found = await Promise.all(
      shards.map((shard) =>
        shard.query<{ user: string }>({
          name: 'test',
          query: 'SELECT user_id AS user FROM delivery_attempts_local ORDER BY user LIMIT 1',
        }),
      ),
    );
    return found.flat().map(({ user }) => user);
  }
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

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { type ShadowOutcome, ShadowReads } from '../../src/migration/shadow/shadow-reads.js';
import type { AttemptRecord } from '../../src/records/attempt.js';
import { STREAMS } from '../../src/records/names.js';
import { DAY_MS } from '../../src/records/time-range.js';
import { ClickHouseAnalyticsStore } from '../../src/stores/clickhouse/clickhouse-analytics-store.js';
import { ClickHouseDatabase } from '../../src/stores/clickhouse/database.js';
import { BackfillStore } from '../../src/stores/postgres/backfill-store.js';
import { PhaseStore } from '../../src/stores/postgres/phase-store.js';
import { PostgresAnalyticsStore } from '../../src/stores/postgres/postgres-analytics-store.js';
import { insertAttemptsIntoClickHouse, upsertAttemptsIntoPostgres } from '../support/analytics-stores.js';
import { attemptOf, freshIngestStack, type IngestStack, toJson } from '../support/ingest.js';
import { setPhase } from '../support/move.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

describe('shadow reads', () => {
  let stack: IngestStack;
  let way: TcpProxy;
  let clickhouse: ClickHouseDatabase;
  let reads: ShadowReads;
  let outcomes: ShadowOutcome[];
  let logged: string[];
  /** Questions to Postgres, by clients and in the background. */
  let clientReads: number;
  let ownReads: number;

  beforeEach(async () => {
    stack = await freshIngestStack();
    await setPhase(stack, 'dual_write');
    way = await TcpProxy.to(stack.environment.CLICKHOUSE_URL);
    clickhouse = new ClickHouseDatabase(way.through(stack.environment.CLICKHOUSE_URL), { applicationName: 'test' });
    outcomes = [];
    logged = [];
    clientReads = 0;
    ownReads = 0;
  });
  afterEach(async () => {
    await reads.close();
    await Promise.all([clickhouse.close(), way.close()]);
    await stack.close();
  });

  function start({ share = 1, patienceMs = 60_000 } = {}) {
    reads = new ShadowReads({
      ...stack,
      store: new PostgresAnalyticsStore(stack.postgres, { onRead: () => clientReads++ }),
      stores: {
        postgres: new PostgresAnalyticsStore(stack.postgres, { onRead: () => ownReads++ }),
        clickhouse: new ClickHouseAnalyticsStore(clickhouse),
      },
      share,
      patienceMs,
      onOutcome: (outcome) => outcomes.push(outcome),
      logger: pino({ level: 'warn' }, { write: (line: string) => void logged.push(line) }),
    });
    return reads.store;
  }
  const outcomesOf = async (count: number): Promise<ShadowOutcome[]> => {
    await until(`${count} outcomes`, () => outcomes.length >= count, 60);
    return outcomes;
  };
  const copied = async () => {
    const store = new BackfillStore(stack.postgres);
    const retentionFrom = Date.now() - DAY_MS;
    const plans = STREAMS.map((table) => ({ table, retentionFrom, chunks: [], unmovable: 0 }));
    await store.plan(await new PhaseStore(stack.postgres).read(), Date.now(), plans);
    for (const table of STREAMS) await store.noteFinished(table);
  };
  const statsOf = ({ user_id, created_at }: AttemptRecord) => ({
    scopes: [{ userId: user_id }],
    range: { from: created_at - DAY_MS, to: created_at + 1 },
    hourly: true,
    events: true,
  });

  test('find every kind of question answered alike where both stores hold the same', async () => {
    const store = start();
    stack.startWorker();
    const attempt = attemptOf();
    await stack.addRecords('delivery_attempts', [toJson(attempt)]);
    await stack.drained();
    const { scopes, range, ...stats } = statsOf(attempt);
    const userId = attempt.user_id;
    const answers = await Promise.all([
      store.deliveryStats({ scopes, range, ...stats }),
      store.dailyStats({ scopes, range, days: [range.from] }),
      store.breakdown({ scopes, range, by: 'endpoint', limit: 10 }),
      store.attemptPage({ userId, range, limit: 10 }),
    ]);
    expect(answers[3]).toEqual([attempt]);
    expect(await outcomesOf(4)).toEqual(['same', 'same', 'same', 'same']);
    await store.attempts({ keys: [{ userId, attemptId: attempt.id }], range });
    await store.events({ keys: [{ userId, eventId: attempt.event_id }], range });
    await store.eventPage({ userId, attemptsRange: range, range, limit: 10 });
    expect(await outcomesOf(7)).toEqual(Array(7).fill('same'));
  });

  test('log a question that ClickHouse answers otherwise for good, and give the answer of Postgres', async () => {
    const store = start({ patienceMs: 0 });
    await copied();
    stack.startWorker();
    const attempt = attemptOf();
    await upsertAttemptsIntoPostgres(stack.postgres, [attempt]);
    const [answer] = await store.deliveryStats(statsOf(attempt));
    expect(answer?.total.attempts).toBe(1);
    expect(await outcomesOf(1)).toEqual(['different']);
    expect(JSON.parse(logged[0] ?? '')).toMatchObject({
      question: 'deliveryStats',
      asked: { scopes: [{ userId: attempt.user_id }] },
    });
  });

  test('ask again by a way of their own, not by that of the clients', async () => {
    const store = start({ patienceMs: 0 });
    await copied();
    stack.startWorker();
    const attempt = attemptOf();
    await upsertAttemptsIntoPostgres(stack.postgres, [attempt]);
    await store.deliveryStats(statsOf(attempt));
    const reads = clientReads;
    expect(await outcomesOf(1)).toEqual(['different']);
    expect(clientReads).toBe(reads);
  });

  test('say nothing of differences while the phase was another one', async () => {
    const store = start({ patienceMs: 3_000 });
    await copied();
    stack.startWorker();
    const attempt = attemptOf();
    await upsertAttemptsIntoPostgres(stack.postgres, [attempt]);
    await store.deliveryStats(statsOf(attempt));
    const phases = new PhaseStore(stack.postgres);
    const back = { takenBy: 'test', reason: '', forced: false };
    await until('it is being judged', () => ownReads > 0);
    await phases.take({ ...back, from: await phases.read(), to: 'postgres' });
    await phases.take({ ...back, from: await phases.read(), to: 'dual_write' });
    expect(await outcomesOf(1)).toEqual(['undecided']);
    expect(logged).toEqual([]);
  });

  test('take a row that is on its way for no difference', async () => {
    const store = start();
    await copied();
    stack.startWorker();
    const attempt = attemptOf();
    await upsertAttemptsIntoPostgres(stack.postgres, [attempt]);
    await store.deliveryStats(statsOf(attempt));
    await insertAttemptsIntoClickHouse(stack.clickhouse, [attempt], 'late');
    expect(await outcomesOf(1)).toEqual(['same']);
    expect(logged).toEqual([]);
  });

  test('say nothing of differences before the history is copied', async () => {
    const store = start({ patienceMs: 0 });
    const attempt = attemptOf();
    await upsertAttemptsIntoPostgres(stack.postgres, [attempt]);
    await store.deliveryStats(statsOf(attempt));
    expect(await outcomesOf(1)).toEqual(['undecided']);
    expect(logged).toEqual([]);
  });

  test('hold nobody up while ClickHouse does not answer, and drop what is too much', async () => {
    const store = start();
    const question = statsOf(attemptOf());
    way.set({ kind: 'black hole' });
    for (let asked = 0; asked < 6; asked++) {
      expect((await store.deliveryStats(question))[0]?.total.attempts).toBe(0);
    }
    expect(await outcomesOf(2)).toEqual(['dropped', 'dropped']);
    way.set({ kind: 'refuse' });
    expect((await outcomesOf(6)).slice(2)).toEqual(['failed', 'failed', 'failed', 'failed']);
  });

  test('ask nothing of ClickHouse where the share is nought', async () => {
    const store = start({ share: 0 });
    way.set({ kind: 'refuse' });
    await store.deliveryStats(statsOf(attemptOf()));
    await reads.close();
    expect(outcomes).toEqual([]);
  });
});

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { AttemptRecord } from '../../src/records/attempt.js';
import { auditChangedDays, auditRange } from '../../src/rollups/audit.js';
import { auditDay, rebuildDay } from '../../src/rollups/audit-day.js';
import { ClickHouseAnalyticsStore } from '../../src/stores/clickhouse/clickhouse-analytics-store.js';
import { listenForCommitted } from '../../src/stores/redis/committed.js';
import { attemptOf, freshIngestStack, type IngestStack } from '../support/ingest.js';
import { AnalyticsModel } from '../support/model.js';
import { forgetAttempts, insertAttempts, rollupServices } from '../support/rollup-stack.js';
import { testServers } from '../support/servers.js';
import { until } from '../support/until.js';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const RETENTION = 30;

const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const day = today - 3 * DAY_MS;
const users = [1, 2, 3].map(() => randomUUID());
const endpoints = [1, 2].map(() => randomUUID());

const attemptsOf = (dayStart: number, count: number): AttemptRecord[] =>
  Array.from({ length: count }, (_, index) =>
    attemptOf({
      user_id: users[index % 3] ?? '',
      endpoint_id: endpoints[index % 2] ?? '',
      attempt_number: 1 + (index % 4),
      status: index % 5 === 0 ? 'failed' : index % 7 === 0 ? 'expired' : 'success',
      http_status_code: index % 7 === 0 ? null : index % 5 === 0 ? 500 : 200,
      response_time_ms: index % 11 === 0 ? null : index % 13,
      created_at: dayStart + ((index * 7_919_000) % DAY_MS),
    }),
  );

describe('the rollup audit', () => {
  let stack: IngestStack;
  let sent: AttemptRecord[];

  const services = () => rollupServices(stack);
  const audit = (now = Date.now()) => auditChangedDays(services(), { now, retentionDays: RETENTION });

  async function insert(attempts: readonly AttemptRecord[], token: string = randomUUID()): Promise<void> {
    sent.push(...attempts);
    await insertAttempts(stack, attempts, token);
  }

  const run = (query: string) =>
    stack.clickhouse.command({ name: 'test', query, settings: { mutations_sync: '1', lightweight_deletes_sync: '1' } });

  const expectWrong = () => expect(stack.expectExactRollups()).rejects.toThrow();

  /** Each number as the gateway would read it. */
  async function expectAnswersOfModel(): Promise<void> {
    const question = {
      scopes: users.map((userId) => ({ userId })),
      range: { from: day, to: day + DAY_MS },
      hourly: true,
      events: false,
    };
    const store = new ClickHouseAnalyticsStore(stack.clickhouse, { rollupsFromHours: 1 });
    expect(await store.deliveryStats(question)).toEqual(await new AnalyticsModel(sent).deliveryStats(question));
  }

  beforeAll(async () => {
    stack = await freshIngestStack();
  });

  afterAll(() => stack.close());

  beforeEach(async () => {
    sent = [];
    await forgetAttempts(stack);
    await insert([...attemptsOf(day, 300), ...attemptsOf(day - DAY_MS, 50)]);
  });

  const withoutView = async (grain: 'hourly' | 'daily', write: () => Promise<void>): Promise<void> => {
    await run(`DETACH TABLE delivery_stats_${grain}_view`);
    await write().finally(() => run(`ATTACH TABLE delivery_stats_${grain}_view`));
  };

  const corrected = (attempt: AttemptRecord, fields: Partial<AttemptRecord>): AttemptRecord => ({
    ...attempt,
    updated_at: attempt.updated_at + 5_000,
    ...fields,
  });

  const some = (): AttemptRecord[] => sent.slice(0, 40);

  const faults: Record<string, () => Promise<unknown>> = {
    'a batch counted twice': () => insert(some()),
    'a batch that no view has seen': () =>
      withoutView('hourly', () => withoutView('daily', () => insert(attemptsOf(day, 60)))),
    'a batch that the hourly view has not seen': () => withoutView('hourly', () => insert(attemptsOf(day, 20))),
    'a batch that the daily view has not seen': () => withoutView('daily', () => insert(attemptsOf(day, 20))),
    'a final status that was corrected': () =>
      insert(some().map((attempt) => corrected(attempt, { status: 'failed', http_status_code: 503 }))),
    'a response time that was corrected, and nothing else': () =>
      insert(some().map((attempt) => corrected(attempt, { response_time_ms: 77 }))),
    'a success that became pending again': () =>
      insert(some().map((attempt) => corrected(attempt, { status: 'pending', response_time_ms: null }))),
    'a stale version after a newer one': () =>
      insert(
        some().map((attempt) => corrected(attempt, { updated_at: attempt.updated_at - 5_000, status: 'expired' })),
      ),
    'sums deleted from the hourly rollup': () =>
      run(`ALTER TABLE delivery_stats_hourly DELETE WHERE user_id = '${users[0]}' AND toDate(hour) = '${dateOf(day)}'`),
    'sums deleted from the daily rollup': () =>
      run(`DELETE FROM delivery_stats_daily WHERE user_id = '${users[1]}' AND day = '${dateOf(day)}'`),
    'sums of attempts that nobody made': () =>
      run(`INSERT INTO delivery_stats_hourly SELECT generateUUIDv4(), hour, endpoint_id, status, http_status_code,
        attempt_number, attempts, latency FROM delivery_stats_hourly WHERE toDate(hour) = '${dateOf(day)}'`),
    'a rollup attached twice': () =>
      run(`ALTER TABLE delivery_stats_daily ATTACH PARTITION '${dateOf(day)}' FROM delivery_stats_daily`),
    'an hourly rollup that is gone': () => run(`ALTER TABLE delivery_stats_hourly DROP PARTITION '${dateOf(day)}'`),
  };

  test.each(Object.keys(faults))('mends %s', async (fault) => {
    await faults[fault]?.();
    await expectWrong();
    expect((await auditDay(services(), day)).outcome).toBe('mended');
    await stack.expectExactRollups();
    await expectAnswersOfModel();
    expect((await auditDay(services(), day)).outcome).toBe('right');
  });

  test('compares a day once, and again only when it has changed, not more often than every 30 seconds', async () => {
    const now = Date.now();
    expect((await audit(now))?.map((each) => each.day)).toEqual([day, day - DAY_MS]);
    expect(await audit(now)).toEqual([]);
    await run(`OPTIMIZE TABLE delivery_attempts FINAL`);
    expect(await audit(now + 60_000)).toEqual([]);
    await insert(attemptsOf(day, 10));
    expect(await audit(now + 29_000)).toEqual([]);
    expect((await audit(now + 31_000))?.map((each) => each.day)).toEqual([day]);
    await insert(some());
    expect(await audit(now + 62_000)).toMatchObject([{ day, outcome: 'mended' }]);
    expect(await audit(now + 63_000)).toEqual([]);
    expect(await audit(now + 93_000)).toMatchObject([{ day, outcome: 'right' }]);
    expect(await audit(now + 124_000)).toEqual([]);
  });

  test('says what it mended, and tells those who watch the hours', async () => {
    const [attempt] = sent.filter(({ created_at }) => created_at >= day);
    if (attempt === undefined) throw new Error('there is an attempt');
    const heard: string[] = [];
    const ended = listenForCommitted(testServers().redisUrl, {
      names: stack.names,
      applicationName: 'test',
      onNotice: (store, notice) => heard.push(JSON.stringify({ store, ...notice })),
      onGap: () => undefined,
    });
    await until('listening', async () =>
      JSON.stringify(await stack.redis.command('PUBSUB', 'NUMSUB', stack.names.committed('clickhouse'))).includes('1'),
    );
    await insert([attempt]);
    expect(await auditDay(services(), day)).toEqual({
      day,
      outcome: 'mended',
      mends: [
        { grain: 'hourly', keys: 1, attempts: -1 },
        { grain: 'daily', keys: 1, attempts: -1 },
      ],
    });
    const hour = Math.floor(attempt.created_at / HOUR_MS) * HOUR_MS;
    const notice = { store: 'clickhouse', stream: 'delivery_attempts', users: { [attempt.user_id]: [hour] } };
    await until('told', () => heard.length > 0);
    ended();
    expect(heard).toEqual([JSON.stringify(notice)]);
  });

  test('leaves the days alone that are about to expire', async () => {
    await insert(some());
    const expiring = day + (RETENTION + 1) * DAY_MS - HOUR_MS;
    expect(await audit(expiring)).toEqual([]);
    expect((await audit(expiring - 1))?.map((each) => each.day)).toEqual([day]);
    await stack.expectExactRollups();
  });

  test('on demand, audits the days that a range touches, until they are right', async () => {
    await insert([...sent.slice(0, 20), ...sent.slice(-20)]);
    const clock = { now: Date.now(), retentionDays: RETENTION };
    const range = { from: day - HOUR_MS, to: day };
    expect(await auditRange(services(), { ...clock, range, rebuild: false })).toMatchObject([
      { day: day - DAY_MS, outcome: 'mended' },
    ]);
    await expectWrong();
    const all = await auditRange(services(), { ...clock, range: { from: 0, to: day + 1 }, rebuild: false });
    expect(all).toMatchObject([
      { day: day - DAY_MS, outcome: 'right' },
      { day, outcome: 'mended' },
    ]);
    await stack.expectExactRollups();
  });

  test('rebuilds whole days, of which a reader never sees half', async () => {
    await run('TRUNCATE TABLE delivery_stats_daily');
    const seen = new Set<number>();
    let rebuilt = false;
    const reading = (async () => {
      while (!rebuilt) {
        const rows = await stack.clickhouse.query<{ n: number }>({
          name: 'test',
          query: `SELECT sum(attempts) AS n FROM delivery_stats_daily WHERE day = '${dateOf(day)}'`,
        });
        seen.add(rows[0]?.n ?? -1);
      }
    })();
    const audited = await rebuildDay(services(), day);
    rebuilt = true;
    await reading;
    expect(audited.mends).toMatchObject([{ grain: 'daily', attempts: 300 }]);
    expect([...seen].every((n) => n === 0 || n === 300)).toBe(true);
    expect((await rebuildDay(services(), day)).outcome).toBe('right');
  });
});

const dateOf = (time: number): string => new Date(time).toISOString().slice(0, 10);

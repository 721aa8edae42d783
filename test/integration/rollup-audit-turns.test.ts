import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { AttemptRecord } from '../../src/records/attempt.js';
import { auditChangedDays, auditRange } from '../../src/rollups/audit.js';
import { auditDay } from '../../src/rollups/audit-day.js';
import { ClickHouseDatabase } from '../../src/stores/clickhouse/database.js';
import { mendRollup } from '../../src/stores/clickhouse/mend-rollup.js';
import { mendNumber, takeRollupAudit } from '../../src/stores/redis/rollup-audits.js';
import { attemptOf, freshIngestStack, type IngestStack } from '../support/ingest.js';
import { forgetAttempts, insertAttempts, rollupServices } from '../support/rollup-stack.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

const DAY_MS = 86_400_000;
const never = new AbortController().signal;
const RETENTION = 30;

const day = Math.floor(Date.now() / DAY_MS) * DAY_MS - 3 * DAY_MS;

const attemptsOf = (dayStart: number, count: number): AttemptRecord[] =>
  Array.from({ length: count }, (_, index) =>
    attemptOf({ response_time_ms: index % 13, created_at: dayStart + ((index * 7_919_000) % DAY_MS) }),
  );

describe('one rollup audit at a time', () => {
  let stack: IngestStack;
  let sent: AttemptRecord[];

  const services = () => rollupServices(stack);
  const audit = () => auditChangedDays(services(), { now: Date.now(), retentionDays: RETENTION });
  const insert = (attempts: readonly AttemptRecord[]): Promise<void> => insertAttempts(stack, attempts);
  const run = (query: string) => stack.clickhouse.command({ name: 'test', query, settings: { mutations_sync: '1' } });
  const expectWrong = () => expect(stack.expectExactRollups()).rejects.toThrow();
  const some = (): AttemptRecord[] => sent.slice(0, 40);

  beforeAll(async () => {
    stack = await freshIngestStack();
  });

  afterAll(() => stack.close());

  beforeEach(async () => {
    await forgetAttempts(stack);
    sent = [...attemptsOf(day, 300), ...attemptsOf(day - DAY_MS, 50)];
    await insert(sent);
  });

  test('several auditors at once count no difference twice', async () => {
    await insert(some());
    await Promise.all([1, 2, 3].map(() => auditDay(services(), day)));
    await stack.expectExactRollups();
    const [first, second] = await Promise.all([audit(), audit()]);
    expect([first, second].filter((each) => each === null)).toHaveLength(1);
  });

  test('an audit that another has begun is left to it until its lease is over', async () => {
    expect(await takeRollupAudit(stack.redis, stack.names, 'dead', 300)).toBe(true);
    expect(await audit()).toBeNull();
    await until('the lease is over', async () => (await audit()) !== null);
  });

  test('an audit whose turn another has taken gives up what it is doing', async () => {
    const way = await TcpProxy.to(stack.environment.CLICKHOUSE_URL);
    const clickhouse = new ClickHouseDatabase(way.through(stack.environment.CLICKHOUSE_URL), {
      applicationName: 'test',
    });
    try {
      await clickhouse.ping();
      way.set({ kind: 'black hole' });
      const range = { from: day, to: day + DAY_MS };
      const clock = { now: Date.now(), retentionDays: RETENTION };
      const held = auditRange({ ...services(), clickhouse }, { ...clock, range, rebuild: false });
      const failure = held.catch((error: unknown) => error);
      await until('it has its turn', async () => (await stack.redis.command('GET', stack.names.rollupAudit)) !== null);
      await stack.redis.command('SET', stack.names.rollupAudit, 'another');
      expect(await failure).toMatchObject({
        upstream: 'redis',
        message: expect.stringContaining('another one has begun'),
      });
      expect(await stack.redis.command('GET', stack.names.rollupAudit)).toBe('another');
    } finally {
      await stack.redis.command('DEL', stack.names.rollupAudit);
      await Promise.all([clickhouse.close(), way.close()]);
    }
  });

  test('a day that ClickHouse has no memory for is postponed, and older ones are audited', async () => {
    await run(`INSERT INTO delivery_attempts (id, event_id, endpoint_id, user_id, attempt_number, status, created_at, updated_at)
      SELECT generateUUIDv4(), generateUUIDv4(1), generateUUIDv4(2), generateUUIDv4(3), 1, 'success',
        toDateTime64('${dateOf(day)} 12:00:00', 3, 'UTC') AS at, at FROM numbers(400000)`);
    const url = `${stack.environment.CLICKHOUSE_URL}?ch_max_memory_usage=60000000`;
    const clickhouse = new ClickHouseDatabase(url, { applicationName: 'test' });
    const audits = await auditChangedDays({ ...services(), clickhouse }, { now: Date.now(), retentionDays: RETENTION });
    await clickhouse.close();
    expect(audits).toEqual([
      { day, outcome: 'postponed', mends: [] },
      { day: day - DAY_MS, outcome: 'right', mends: [] },
    ]);
  });

  describe('an auditor that was killed or suspended', () => {
    const grainAndDay = `hourly ${day}`;
    const number = () => mendNumber(stack.redis, stack.names, grainAndDay, Date.now());
    const mend = async (mendWith: number, notAfter = Date.now() + 60_000) =>
      mendRollup(stack.clickhouse, 'hourly', {
        day,
        userIds: null,
        token: `rollup-audit:${grainAndDay}:${mendWith}`,
        notAfter,
        signal: never,
      });

    test('after its insert, before it could note it: what it added counts once, and what is wrong later is mended', async () => {
      await insert(some());
      await mend(await number());
      await auditDay(services(), day);
      await stack.expectExactRollups();
      await insert(some());
      await until('right again', async () => (await auditDay(services(), day)).outcome === 'right');
      await stack.expectExactRollups();
    });

    test('and another inserts the same difference at the same moment: it counts once', async () => {
      await insert(some());
      const mendWith = await number();
      await Promise.all([1, 2, 3, 4, 5].map(() => mend(mendWith)));
      const sums = `SELECT sum(attempts) AS n FROM delivery_stats_hourly WHERE toDate(hour) = '${dateOf(day)}'`;
      expect(await stack.clickhouse.query({ name: 'test', query: sums })).toEqual([{ n: 300 }]);
    });

    test('comes back after the gate was opened: it adds nothing', async () => {
      await insert(some());
      expect(await mend(await number(), Date.now() - 1)).toBe(0);
      await expectWrong();
    });

    test('comes back after another has mended: it adds nothing', async () => {
      await insert(some());
      const mendWith = await number();
      await auditDay(services(), day);
      await stack.expectExactRollups();
      await run(`ALTER TABLE delivery_stats_hourly DELETE WHERE toDate(hour) = '${dateOf(day)}'`);
      await mend(mendWith);
      await expectWrong();
      await auditDay(services(), day);
      await stack.expectExactRollups();
    });
  });
});

const dateOf = (time: number): string => new Date(time).toISOString().slice(0, 10);

import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { migrateUp } from '../../src/migration/schema-runner.js';
import { UpstreamError } from '../../src/platform/errors.js';
import { createLogger } from '../../src/platform/logger.js';
import { RedisNames, STREAMS, type StreamName } from '../../src/records/names.js';
import { DAY_MS } from '../../src/records/time-range.js';
import { seedDemo } from '../../src/simulation/history.js';
import { simulate } from '../../src/simulation/simulate.js';
import { PostgresDatabase } from '../../src/stores/postgres/database.js';
import { RedisDatabase } from '../../src/stores/redis/database.js';
import { StreamProducer, type Traffic } from '../../src/stores/redis/producer.js';
import { freshClickHouse, freshPostgres, freshPrefix, testServers } from '../support/servers.js';
import { until } from '../support/until.js';

const logger = createLogger('test', 'silent');
const NEVER = new AbortController().signal;

const digest = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');

/** Fails for good at its n-th call, after or before the records were added: as if the process was killed there. */
class KilledProducer extends StreamProducer {
  #calls = 0;

  constructor(
    redis: RedisDatabase,
    names: RedisNames,
    private readonly killedAt: number,
    private readonly added: boolean,
  ) {
    super(redis, names);
  }

  override async add(producer: string, sequence: number, traffic: Traffic): Promise<boolean> {
    const killed = ++this.#calls === this.killedAt;
    const result = killed && !this.added ? false : await super.add(producer, sequence, traffic);
    if (killed) throw new UpstreamError('redis', 'killed', { cause: undefined, kind: 'refused' });
    return result;
  }
}

describe('a demo on real servers', () => {
  const opened: RedisDatabase[] = [];
  let database: Awaited<ReturnType<typeof freshPostgres>>;
  let clickhouse: Awaited<ReturnType<typeof freshClickHouse>>;
  let postgres: PostgresDatabase;

  const connect = async (): Promise<RedisDatabase> => {
    const connection = new RedisDatabase(testServers().redisUrl, { applicationName: 'test' });
    opened.push(connection);
    await until('Redis answers', () =>
      connection.ping().then(
        () => true,
        () => false,
      ),
    );
    return connection;
  };

  const recordsOn = async (connection: RedisDatabase, names: RedisNames, stream: StreamName) => {
    const entries = (await connection.command('XRANGE', names.stream(stream), '-', '+')) as [string, string[]][];
    return entries.flatMap(([, [, value = '']]) =>
      value.split('\n').map((line): Record<string, unknown> => JSON.parse(line)),
    );
  };

  const idsOn = async (connection: RedisDatabase, names: RedisNames): Promise<unknown[][]> =>
    Promise.all(STREAMS.map(async (stream) => (await recordsOn(connection, names, stream)).map(({ id }) => id)));

  beforeAll(async () => {
    [database, clickhouse] = await Promise.all([freshPostgres(), freshClickHouse()]);
    await migrateUp({
      postgresUrl: database.url,
      clickhouseUrl: clickhouse.url,
      retention: { eventsDays: 90, attemptsDays: 30 },
      logger,
    });
    postgres = new PostgresDatabase(database.url, { applicationName: 'test' });
  });

  afterAll(async () => {
    for (const connection of opened) connection.close();
    await postgres.close();
    await Promise.all([database.drop(), clickhouse.drop()]);
  });

  /** Two days of it are enough here. */
  const seeding = { attemptsRetentionDays: 2, maxLength: Number.POSITIVE_INFINITY, logger, signal: NEVER };

  test('has each record of its history once, however often and wherever its seeding was killed', async () => {
    const connection = await connect();
    const names = new RedisNames(freshPrefix());
    const now = Date.now();
    for (const [killedAt, added] of [
      [3, true],
      [2, false],
    ] as const) {
      const producer = new KilledProducer(connection, names, killedAt, added);
      await expect(seedDemo({ ...seeding, postgres, producer, now })).rejects.toThrow('killed');
    }
    const producer = new StreamProducer(connection, names);
    await seedDemo({ ...seeding, postgres, producer, now: now + 60_000 });
    const afterwards = await idsOn(connection, names);
    for (const ids of afterwards) expect(new Set(ids).size).toBe(ids.length);
    expect(await seedDemo({ ...seeding, postgres, producer, now: now + DAY_MS })).toEqual({ events: 0, attempts: 0 });
    expect(digest(await idsOn(connection, names))).toBe(digest(afterwards));

    const untouched = new RedisNames(freshPrefix());
    const report = await seedDemo({
      ...seeding,
      postgres,
      producer: new StreamProducer(connection, untouched),
      now: now + 60_000,
    });
    expect(digest(await idsOn(connection, untouched))).toBe(digest(afterwards));
    expect([report.events, report.attempts]).toEqual(afterwards.map((ids) => ids.length));
    expect(report.attempts).toBeGreaterThan(1_500);

    const times = (await recordsOn(connection, untouched, 'delivery_attempts')).map(({ created_at }) =>
      Date.parse(String(created_at)),
    );
    expect(times.reduce((a, b) => Math.min(a, b))).toBeGreaterThan(now - 2 * DAY_MS);
    expect(times.reduce((a, b) => Math.max(a, b))).toBeLessThan(now);
    await connection.command(
      'DEL',
      ...[names, untouched].flatMap((each) => STREAMS.map((stream) => each.stream(stream))),
    );
  });

  test('gets live traffic at the asked rate, with an outcome for every attempt', async () => {
    const connection = await connect();
    const names = new RedisNames(freshPrefix());
    const producer = new StreamProducer(connection, names);
    const report = await simulate({
      postgres,
      producer,
      rate: 200,
      users: 5,
      durationMs: 1_500,
      logger,
      signal: NEVER,
    });
    expect(report.attempts).toBe(300);
    const attempts = await recordsOn(connection, names, 'delivery_attempts');
    const statuses = new Map(attempts.map(({ id, status }) => [id, status]));
    expect(statuses.size).toBe(report.attempts);
    expect([...statuses.values()]).not.toContain('pending');
    expect(new Set(attempts.map(({ user_id }) => user_id)).size).toBe(5);
  });

  test('stops when it is told to, and says so where there is nobody to simulate for', async () => {
    const connection = await connect();
    const producer = new StreamProducer(connection, new RedisNames(freshPrefix()));
    const stopped = await simulate({ postgres, producer, rate: 50, logger, signal: AbortSignal.timeout(200) });
    expect(stopped.attempts).toBeLessThanOrEqual(50);
    await postgres.query({ name: 'test', text: 'UPDATE endpoints SET is_active = false' });
    await expect(simulate({ postgres, producer, rate: 50, logger, signal: NEVER })).rejects.toThrow('--users');
  });
});

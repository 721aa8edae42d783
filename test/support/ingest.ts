import { randomUUID } from 'node:crypto';
import { expect } from '@jest/globals';
import { pino } from 'pino';
import { runWorker } from '../../ingest-worker/worker.js';
import { readWorkerConfig } from '../../src/config.js';
import { migrateUp } from '../../src/migration/schema-runner.js';
import { type AttemptRecord, attemptType, attemptVersion } from '../../src/records/attempt.js';
import { type EventRecord, eventType } from '../../src/records/event.js';
import { STORES, type Store } from '../../src/records/migration-phase.js';
import { type EntryForm, RedisNames, STREAMS, type StreamName } from '../../src/records/names.js';
import type { RecordType } from '../../src/records/record-type.js';
import { RowBinaryWriter } from '../../src/records/row-binary.js';
import { ClickHouseDatabase } from '../../src/stores/clickhouse/database.js';
import { PostgresDatabase } from '../../src/stores/postgres/database.js';
import { RedisDatabase, redisScript } from '../../src/stores/redis/database.js';
import type { ClickHouseCluster } from './clickhouse-cluster.js';
import { freshClickHouse, freshPostgres, freshPrefix, testServers } from './servers.js';
import { until } from './until.js';

const logger = pino({ level: process.env['TEST_LOG_LEVEL'] ?? 'silent' }, pino.destination(2));
const RETENTION = { eventsDays: 90, attemptsDays: 30 };

const ADD_MANY = redisScript('addMany', "for i = 1, #ARGV do redis.call('XADD', KEYS[1], '*', 'record', ARGV[i]) end");

/** A dead letter as its stream holds it. */
export interface DeadLetterEntry {
  readonly stream: string;
  readonly entry_id: string;
  readonly record_index: string;
  readonly reason: string;
  readonly payload: string;
  readonly failed_at: string;
}

function deadLetterOf(fields: readonly string[]): DeadLetterEntry {
  const field = (name: string): string => fields[fields.indexOf(name) + 1] ?? '';
  return {
    stream: field('stream'),
    entry_id: field('entry_id'),
    record_index: field('record_index'),
    reason: field('reason'),
    payload: field('payload'),
    failed_at: field('failed_at'),
  };
}

/** Streams, both stores and, when started, workers between them. */
export type IngestStack = Awaited<ReturnType<typeof freshIngestStack>>;

interface IngestStackOptions {
  /** In place of the ClickHouse of all tests. */
  readonly cluster?: ClickHouseCluster;
  readonly redisUrl?: string;
  readonly prefix?: string;
  /** What is done to Postgres before it is taken over. */
  readonly before?: (postgres: PostgresDatabase) => Promise<void>;
}

export async function freshIngestStack({
  cluster,
  redisUrl = testServers().redisUrl,
  prefix = freshPrefix(),
  before = async () => undefined,
}: IngestStackOptions = {}) {
  const [sql, columns, sharded] = await Promise.all([freshPostgres(), freshClickHouse(), cluster?.freshDatabase()]);
  const postgres = new PostgresDatabase(sql.url, { applicationName: 'test' });
  await before(postgres);
  await migrateUp({ postgresUrl: sql.url, clickhouseUrl: columns.url, retention: RETENTION, logger });
  const names = new RedisNames(prefix);
  const redis = new RedisDatabase(redisUrl, { applicationName: 'test' });
  const clickhouse = sharded?.database ?? new ClickHouseDatabase(columns.url, { applicationName: 'test' });
  const environment = {
    POSTGRES_URL: sql.url,
    CLICKHOUSE_URL: sharded?.url ?? columns.url,
    CLICKHOUSE_CLUSTER: clickhouse.cluster ?? '',
    REDIS_URL: redisUrl,
    STREAM_PREFIX: prefix,
    HOST: '127.0.0.1',
    WORKER_PORT: '0',
    LOG_LEVEL: 'silent',
  };
  const workers: (() => Promise<void>)[] = [];

  const add = async (stream: StreamName, form: EntryForm, value: string | Buffer, id = '*'): Promise<string> =>
    String(await redis.command('XADD', names.stream(stream), id, form, value));

  return {
    names,
    redis,
    postgres,
    clickhouse,
    environment,
    add,

    /** One `record` entry a value, many in one call. */
    async addMany(stream: StreamName, values: readonly string[]): Promise<void> {
      for (let at = 0; at < values.length; at += 2_000) {
        await redis.script(ADD_MANY, [names.stream(stream)], values.slice(at, at + 2_000));
      }
    },

    addRecords: (stream: StreamName, records: readonly object[]): Promise<string> =>
      add(stream, 'records', records.map((record) => JSON.stringify(record)).join('\n')),

    /** A worker in this process. Resolves to what stops it. */
    startWorker(overrides: Readonly<Record<string, string>> = {}): () => Promise<void> {
      const stopping = new AbortController();
      const done = runWorker(readWorkerConfig({ ...environment, ...overrides }), logger, stopping.signal);
      const stop = (): Promise<void> => {
        stopping.abort();
        return done;
      };
      workers.push(stop);
      return stop;
    },

    /** Resolves when every group of both streams has read and acknowledged all there is. */
    async drained(groups: readonly Store[] = STORES, seconds = 30): Promise<void> {
      for (const stream of STREAMS) {
        await until(`${stream} is drained`, () => isDrained(redis, names.stream(stream), groups), seconds);
      }
    },

    deadLetters: async (): Promise<DeadLetterEntry[]> => {
      const entries = (await redis.command('XRANGE', names.deadLetters, '-', '+')) as [string, string[]][];
      return entries.map(([, fields]) => deadLetterOf(fields));
    },

    attemptsIn: (store: Store): Promise<string[]> =>
      store === 'postgres' ? postgresRows(postgres, attemptType) : clickhouseRows(clickhouse, attemptType),
    eventsIn: (store: Store): Promise<string[]> =>
      store === 'postgres' ? postgresRows(postgres, eventType) : clickhouseRows(clickhouse, eventType),

    groupsOf: async (stream: StreamName): Promise<string[]> =>
      (await groupsOn(redis, names.stream(stream))).map((group) => String(group['name'])).sort(),

    /** Entries given to a consumer and not acknowledged, over all groups. */
    pendingOf: async (stream: StreamName): Promise<number> =>
      (await groupsOn(redis, names.stream(stream))).reduce((sum, group) => sum + Number(group['pending']), 0),

    /** Fails unless each rollup says what the attempts say. */
    async expectExactRollups(): Promise<void> {
      for (const [table, column, unit] of [
        ['delivery_stats_hourly', 'hour', 'toStartOfHour'],
        ['delivery_stats_daily', 'day', 'toDate'],
      ] as const) {
        const keys = `user_id, ${column}, endpoint_id, status, code, attempt_number`;
        const actual = await clickhouse.query({
          name: 'test',
          query: `SELECT user_id, ${column}, endpoint_id, status, http_status_code AS code, attempt_number,
              sum(attempts) AS n, mapFilter((ms, count) -> count != 0, sumMap(latency)) AS latencies
            FROM ${table} GROUP BY ${keys} HAVING n != 0 OR notEmpty(latencies) ORDER BY ${keys}`,
        });
        const expected = await clickhouse.query({
          name: 'test',
          query: `SELECT user_id, ${unit}(created_at, 'UTC') AS ${column}, endpoint_id, status,
              ifNull(http_status_code, 0) AS code, attempt_number, toInt64(count()) AS n,
              sumMapIf(map(assumeNotNull(response_time_ms), toInt64(1)), isNotNull(response_time_ms)) AS latencies
            FROM delivery_attempts FINAL WHERE status != 'pending' GROUP BY ${keys} ORDER BY ${keys}`,
        });
        expect(actual).toEqual(expected);
      }
    },

    async close(): Promise<void> {
      await Promise.all(workers.map((stop) => stop()));
      const keys = (await redis.command('KEYS', `${prefix}:*`)) as string[];
      if (keys.length > 0) await redis.command('DEL', ...keys);
      redis.close();
      await Promise.all([postgres.close(), sharded === undefined ? clickhouse.close() : sharded.close()]);
      await Promise.all([sql.drop(), columns.drop()]);
    },
  };
}

const objectOf = (fields: readonly unknown[]): Record<string, unknown> =>
  Object.fromEntries(
    Array.from({ length: fields.length / 2 }, (_, index) => [String(fields[2 * index]), fields[2 * index + 1]]),
  );

async function groupsOn(redis: RedisDatabase, key: string): Promise<Record<string, unknown>[]> {
  if ((await redis.command('EXISTS', key)) !== 1) return [];
  return ((await redis.command('XINFO', 'GROUPS', key)) as unknown[][]).map(objectOf);
}

async function isDrained(redis: RedisDatabase, key: string, groups: readonly Store[]): Promise<boolean> {
  if ((await redis.command('EXISTS', key)) !== 1) return false;
  const last = objectOf((await redis.command('XINFO', 'STREAM', key)) as unknown[])['last-generated-id'];
  const finished = (await groupsOn(redis, key))
    .filter((group) => group['pending'] === 0 && group['last-delivered-id'] === last)
    .map((group) => group['name']);
  return groups.every((group) => finished.includes(group));
}

/** Every row that stands, as the text that is the same in both stores, sorted. */
export async function clickhouseRows<R>(database: ClickHouseDatabase, type: RecordType<R>): Promise<string[]> {
  const rows = await database.query<Record<string, string | number | null>>({
    name: 'test',
    query: `SELECT ${type.columnNames.map((name) => clickhouseText(name, type.columns[name].clickhouse)).join(', ')}
      FROM ${type.table} FINAL`,
  });
  return canonical(type, rows);
}

/** As {@link clickhouseRows}. */
export async function postgresRows<R>(database: PostgresDatabase, type: RecordType<R>): Promise<string[]> {
  return canonical(
    type,
    await database.query({ name: 'test', text: `SELECT ${type.columnNames.join(', ')} FROM ${type.table}` }),
  );
}

/** What a value looks like in the record, whatever its ClickHouse type. */
function clickhouseText(name: string, type: string): string {
  if (type.startsWith('DateTime64')) return `toUnixTimestamp64Milli(${name}) AS ${name}`;
  const isBytes = type.includes('FixedString') || name === 'data';
  return isBytes ? `concat('0x', lower(hex(${name}))) AS ${name}` : name;
}

const canonical = <R>(type: RecordType<R>, rows: readonly object[]): string[] =>
  rows.map((row) => type.canonicalText(row as R)).sort();

/** What the stores must hold of attempts that were sent, in the order sent. */
export function standingAttempts(sent: readonly AttemptRecord[]): string[] {
  const standing = new Map<string, AttemptRecord>();
  for (const attempt of sent) {
    const before = standing.get(attempt.id);
    if (before === undefined || attemptVersion(attempt) >= attemptVersion(before)) standing.set(attempt.id, attempt);
  }
  return canonical(attemptType, [...standing.values()]);
}

export const standingEvents = (sent: readonly EventRecord[]): string[] => canonical(eventType, sent);

export function rowBinaryOf<R>(type: RecordType<R>, records: readonly R[]): Buffer {
  const writer = new RowBinaryWriter();
  writer.raw(type.rowBinaryHeader);
  for (const record of records) type.writeRow(writer, record);
  return Buffer.from(writer.bytes());
}

/** As a producer sends it. */
export const toJson = <R extends AttemptRecord | EventRecord>(record: R): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(record).map(([name, value]) => [
      name,
      name.endsWith('_at') && typeof value === 'number' ? new Date(value).toISOString() : value,
    ]),
  );

export const attemptOf = (fields: Partial<AttemptRecord> = {}): AttemptRecord => {
  const created_at = fields.created_at ?? Date.now() - 60_000;
  return {
    id: randomUUID(),
    event_id: randomUUID(),
    endpoint_id: randomUUID(),
    user_id: randomUUID(),
    attempt_number: 1,
    status: 'success',
    http_status_code: 200,
    response_time_ms: 42,
    error_message: null,
    created_at,
    updated_at: fields.updated_at ?? created_at,
    ...fields,
  };
};

const hex = (bytes: number, digit: string): string => `0x${digit.repeat(bytes * 2)}`;

export const eventOf = (fields: Partial<EventRecord> = {}): EventRecord => {
  const time = fields.ingested_at ?? Date.now() - 60_000;
  return {
    id: randomUUID(),
    chain_id: 1,
    block_number: 17_173_049,
    block_hash: hex(32, 'a'),
    transaction_hash: hex(32, 'b'),
    transaction_index: 3,
    log_index: 7,
    address: hex(20, 'c'),
    topic0: hex(32, 'd'),
    topic1: null,
    topic2: null,
    topic3: null,
    data: '0x00ff',
    ingested_at: time,
    created_at: time,
    ...fields,
  };
};

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runWorker } from '../../ingest-worker/worker.js';
import { readWorkerConfig } from '../../src/config.js';
import { createLogger } from '../../src/platform/logger.js';
import { RedisNames, type StreamName } from '../../src/records/names.js';
import { HOUR_MS } from '../../src/records/time-range.js';
import { RedisDatabase } from '../../src/stores/redis/database.js';
import { ALICE, BOB, BOBS_ENDPOINT, SHOP_ORDERS } from '../support/analytics-dataset.js';
import { freshStores, startTestGateway } from '../support/gateway.js';
import { testServers } from '../support/servers.js';
import { until } from '../support/until.js';

interface Log {
  readonly chain_id: number;
  readonly block_number: number;
  readonly block_hash: string;
  readonly transaction_hash: string;
  readonly transaction_index: number;
  readonly log_index: number;
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
}

/** Every log of block 17173049 of Ethereum mainnet, kept beside a checkout; elsewhere two logs of the same shape do. */
const BLOCK = join(import.meta.dirname, '..', '..', '..', 'shared', 'data', 'mainnet-logs-17173049.ndjson');
const word = (digit: string): string => `0x${digit.repeat(64)}`;
const MADE_UP: readonly Log[] = [0, 1].map((log_index) => ({
  chain_id: 1,
  block_number: 17_173_049,
  block_hash: word('a'),
  transaction_hash: word('b'),
  transaction_index: 0,
  log_index,
  address: `0x${'c'.repeat(40)}`,
  topics: Array.from({ length: log_index * 4 }, (_, index) => word(String(index))),
  data: log_index === 0 ? '0x' : '0xff',
}));
const logs: readonly Log[] = existsSync(BLOCK)
  ? readFileSync(BLOCK, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  : MADE_UP;

const idOf = (kind: number, index: number): string =>
  `00000000-0000-4000-800${kind}-${String(index).padStart(12, '0')}`;
const sentAt = Date.now() - HOUR_MS;
const iso = (time: number): string => new Date(time).toISOString();

const events = logs.map(({ topics, ...log }, index) => ({
  ...log,
  id: idOf(0, index),
  ...Object.fromEntries([0, 1, 2, 3].map((place) => [`topic${place}`, topics[place] ?? null])),
  ingested_at: iso(sentAt + index),
}));

/** Alice gets every log, and the odd ones twice since the first delivery fails; Bob gets every third. */
const attempts = logs.flatMap((_log, index) => {
  const attempt = (kind: number, user_id: string, endpoint_id: string, attempt_number: number, isSuccess: boolean) => ({
    id: idOf(kind, index),
    event_id: idOf(0, index),
    endpoint_id,
    user_id,
    attempt_number,
    status: isSuccess ? 'success' : 'failed',
    http_status_code: isSuccess ? 200 : 503,
    response_time_ms: 10 + index,
    error_message: isSuccess ? null : `log ${index} was refused`,
    created_at: iso(sentAt + 10 * index + attempt_number),
  });
  return [
    attempt(1, ALICE, SHOP_ORDERS, 1, index % 2 === 0),
    ...(index % 2 === 1 ? [attempt(2, ALICE, SHOP_ORDERS, 2, true)] : []),
    ...(index % 3 === 0 ? [attempt(3, BOB, BOBS_ENDPOINT, 1, true)] : []),
  ];
});

describe('a block of Ethereum mainnet', () => {
  const stopping = new AbortController();
  let stores: Awaited<ReturnType<typeof freshStores>>;
  let gateway: Awaited<ReturnType<typeof startTestGateway>>;
  let worker: Promise<void>;
  let redis: RedisDatabase;

  beforeAll(async () => {
    stores = await freshStores();
    gateway = await startTestGateway(stores.environment);
    const environment = {
      ...stores.environment,
      CLICKHOUSE_URL: testServers().clickhouseUrl.replace(/[^/]*$/, stores.clickhouse.database),
      WORKER_PORT: '0',
    };
    worker = runWorker(readWorkerConfig(environment), createLogger('test', 'silent'), stopping.signal);
    redis = new RedisDatabase(stores.environment.REDIS_URL, { applicationName: 'test' });
    await until('redis is connected', () =>
      redis.ping().then(
        () => true,
        () => false,
      ),
    );
    const names = new RedisNames(stores.environment.STREAM_PREFIX);
    const add = (stream: StreamName, field: string, value: string) =>
      redis.command('XADD', names.stream(stream), '*', field, value);
    const inHalves = [events.slice(0, 100), events.slice(100)].filter((half) => half.length > 0);
    for (const half of inHalves) await add('events', 'records', half.map((event) => JSON.stringify(event)).join('\n'));
    for (const attempt of attempts) await add('delivery_attempts', 'record', JSON.stringify(attempt));
  });

  afterAll(async () => {
    stopping.abort();
    await worker;
    redis?.close();
    await gateway?.close();
    await stores?.close();
  });

  test.each([
    ['Alice', ALICE],
    ['Bob', BOB],
  ])('comes back to %s field by field, with the right numbers', async (_name, userId) => {
    const own = attempts.filter(({ user_id }) => user_id === userId);
    const range = { from: iso(sentAt), to: iso(sentAt + HOUR_MS) };
    const ask = async (query: string, variables = {}): Promise<Record<string, unknown>> => {
      const { data, errors } = await gateway.ask(userId, query, { range, ...variables });
      expect(errors).toBeUndefined();
      return data ?? {};
    };

    await until('everything is committed', async () => {
      const data = await ask(
        'query ($range: TimeRange) { me { stats(range: $range) { attempts } } deliveryAttempts(first: 1) { nodes { event { id } } } }',
      );
      return (
        JSON.stringify(data).includes(`"attempts":${own.length}}`) && !JSON.stringify(data).includes('"event":null')
      );
    });
    const stats = await ask(`query ($range: TimeRange) { me { stats(range: $range) {
      attempts successes failures retries totalEvents minLatencyMs maxLatencyMs } } }`);
    const latencies = own.map(({ response_time_ms }) => response_time_ms);
    expect(stats).toEqual({
      me: {
        stats: {
          attempts: own.length,
          successes: own.filter(({ status }) => status === 'success').length,
          failures: own.filter(({ status }) => status === 'failed').length,
          retries: own.filter(({ attempt_number }) => attempt_number > 1).length,
          totalEvents: new Set(own.map(({ event_id }) => event_id)).size,
          minLatencyMs: Math.min(...latencies),
          maxLatencyMs: Math.max(...latencies),
        },
      },
    });

    const listed = await ask(`{ deliveryAttempts(first: 500) { nodes {
      id attemptNumber status httpStatusCode responseTimeMs errorMessage createdAt updatedAt endpoint { id }
      event { id chainId blockNumber blockHash transactionHash transactionIndex logIndex address topics data ingestedAt } } } }`);
    const newestFirst = own.toSorted(
      (a, b) => b.created_at.localeCompare(a.created_at) || b.id.localeCompare(a.id, 'en'),
    );
    expect(listed).toEqual({
      deliveryAttempts: {
        nodes: newestFirst.map((attempt) => {
          const index = Number(attempt.event_id.slice(-12));
          const log = logs[index];
          return {
            id: attempt.id,
            attemptNumber: attempt.attempt_number,
            status: attempt.status.toUpperCase(),
            httpStatusCode: attempt.http_status_code,
            responseTimeMs: attempt.response_time_ms,
            errorMessage: attempt.error_message,
            createdAt: attempt.created_at,
            updatedAt: attempt.created_at,
            endpoint: { id: attempt.endpoint_id },
            event: {
              id: attempt.event_id,
              chainId: log?.chain_id,
              blockNumber: log?.block_number,
              blockHash: log?.block_hash,
              transactionHash: log?.transaction_hash,
              transactionIndex: log?.transaction_index,
              logIndex: log?.log_index,
              address: log?.address,
              topics: log?.topics,
              data: log?.data,
              ingestedAt: iso(sentAt + index),
            },
          };
        }),
      },
    });
  });

  test('an event is nobody’s who has no attempt of it', async () => {
    const query = `{ event(id: "${idOf(0, 1)}") { logIndex } }`;
    expect((await gateway.ask(ALICE, query)).data).toEqual({ event: { logIndex: logs[1]?.log_index } });
    expect((await gateway.ask(BOB, query)).data).toEqual({ event: null });
  });
});

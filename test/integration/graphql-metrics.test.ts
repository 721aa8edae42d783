import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { hashOf } from '../../src/graphql/admission/documents.js';
import { SafeInt } from '../../src/graphql/scalars.js';
import { ALICE, ATTEMPTS, BOB } from '../support/analytics-dataset.js';
import { insertAttemptsIntoClickHouse, upsertAttemptsIntoPostgres } from '../support/analytics-stores.js';
import { range } from '../support/filled-gateway.js';
import { freshStores, startTestGateway, tokenOf } from '../support/gateway.js';
import { sampleOf, scrape } from '../support/scrape.js';
import { freshPrefix } from '../support/servers.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

const NUMBERS = 'query Numbers($range: TimeRange) { me { stats(range: $range) { attempts } } }';
const LIVE = 'subscription { hourlyStats { attempts } }';

describe('/metrics of the gateway', () => {
  let stores: Awaited<ReturnType<typeof freshStores>>;

  beforeAll(async () => {
    stores = await freshStores();
    await insertAttemptsIntoClickHouse(stores.clickhouse, ATTEMPTS, 'first');
    await upsertAttemptsIntoPostgres(stores.postgres, ATTEMPTS);
  });

  afterAll(() => stores?.close());

  async function withGateway(
    overrides: Readonly<Record<string, string>>,
    act: (gateway: Awaited<ReturnType<typeof startTestGateway>>) => Promise<void>,
  ): Promise<void> {
    const gateway = await startTestGateway({ ...stores.environment, ...overrides });
    try {
      await act(gateway);
    } finally {
      await gateway.close();
    }
  }

  test('counts operations, their fields, the waves they went in and the queries behind them', () =>
    withGateway({}, async ({ url, ask }) => {
      for (const user of [ALICE, BOB, ALICE]) expect((await ask(user, NUMBERS, { range })).errors).toBeUndefined();
      const counted = async (): Promise<boolean> =>
        sampleOf(await scrape(url), 'ethhook_graphql_operation_duration_seconds_count', { type: 'query' }) === 3;
      await until('all three are counted', counted);

      const series = await scrape(url);
      expect(sampleOf(series, 'ethhook_graphql_field_duration_seconds_count', { field: 'User.stats' })).toBe(3);
      const waves = { question: 'delivery_stats' };
      expect(sampleOf(series, 'ethhook_wave_questions_sum', waves)).toBe(3);
      const asked = { upstream: 'clickhouse', query: 'delivery_stats_from_attempts' };
      expect(sampleOf(series, 'ethhook_upstream_query_duration_seconds_count', asked)).toBe(
        sampleOf(series, 'ethhook_wave_questions_count', waves),
      );
      const counting = { upstream: 'redis', query: 'takeRequests' };
      expect(sampleOf(series, 'ethhook_upstream_query_duration_seconds_count', counting)).toBeGreaterThan(0);
      expect(sampleOf(series, 'ethhook_graphql_operation_errors_total')).toBe(0);
    }));

  test('knows operations by their names only where they come from an allow-list', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ethhook-test-'));
    const file = join(folder, 'allowed.json');
    const operations = [{ id: hashOf(NUMBERS), body: NUMBERS }];
    writeFileSync(file, JSON.stringify({ operations }));
    const namesOf = async (url: string): Promise<(string | undefined)[]> =>
      (await scrape(url))
        .filter(({ name }) => name === 'ethhook_graphql_operation_duration_seconds_count')
        .map(({ labels }) => labels['operation']);
    try {
      for (const [overrides, name] of [
        [{}, 'other'],
        [{ ALLOWED_DOCUMENTS_FILE: file }, 'Numbers'],
      ] as const) {
        await withGateway(overrides, async ({ url, ask }) => {
          await ask(ALICE, NUMBERS, { range });
          await until('it is counted', async () => (await namesOf(url)).length > 0);
          expect(await namesOf(url)).toEqual([name]);
          const alarming = { operation: name, code: 'INTERNAL_SERVER_ERROR' };
          expect(sampleOf(await scrape(url), 'ethhook_graphql_operation_errors_total', alarming)).toBe(0);
        });
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('counts what was refused by the code of the refusal, whichever way it came', () => {
    const limited = { STREAM_PREFIX: freshPrefix(), RATE_LIMIT_PER_MINUTE: '5', RATE_LIMIT_TIMEOUT_MS: '10000' };
    return withGateway(limited, async ({ url, socketUrl, ask }) => {
      const refused = async (code: string): Promise<number | null> =>
        sampleOf(await scrape(url), 'ethhook_graphql_refused_operations_total', { code });
      await ask({}, NUMBERS);
      expect(await refused('UNAUTHENTICATED')).toBe(1);
      await ask(ALICE, '{ me { nothing } }');
      const client = createClient({
        url: socketUrl,
        webSocketImpl: WebSocket,
        connectionParams: { authorization: `Bearer ${await tokenOf(ALICE)}` },
      });
      try {
        const over = new Promise((resolve) => {
          client.subscribe(
            { query: '{ me { nothing } }' },
            { next: resolve, error: resolve, complete: () => undefined },
          );
        });
        await over;
      } finally {
        await client.dispose();
      }
      expect(await refused('BAD_USER_INPUT')).toBe(2);
      await until('a request is one too many', async () => (await ask(ALICE, '{ me { id } }')).status === 429);
      expect(await refused('RATE_LIMITED')).toBe(1);
    });
  });

  test('counts subscribers while they are there', () =>
    withGateway({}, async ({ url, socketUrl }) => {
      const subscribers = async (): Promise<number | null> => sampleOf(await scrape(url), 'ethhook_subscribers');
      expect(await subscribers()).toBe(0);
      const client = createClient({
        url: socketUrl,
        webSocketImpl: WebSocket,
        connectionParams: { authorization: `Bearer ${await tokenOf(ALICE)}` },
      });
      const nothing = () => undefined;
      client.subscribe({ query: LIVE }, { next: nothing, error: nothing, complete: nothing });
      await until('one is counted', async () => (await subscribers()) === 1);
      await client.dispose();
      await until('it has left', async () => (await subscribers()) === 0);
    }));

  test('counts the errors that subscribers are sent, each as it is sent, and has told of none before', () =>
    withGateway({}, async ({ url, socketUrl }) => {
      const code = 'INTERNAL_SERVER_ERROR';
      const met = async (): Promise<number | null> =>
        sampleOf(await scrape(url), 'ethhook_graphql_operation_errors_total', { type: 'subscription', code });
      expect(await met()).toBe(0);
      expect(sampleOf(await scrape(url), 'ethhook_graphql_refused_operations_total', { code })).toBe(0);
      const authorization = `Bearer ${await tokenOf(ALICE)}`;
      const client = createClient({ url: socketUrl, webSocketImpl: WebSocket, connectionParams: { authorization } });
      const leaving = new AbortController();
      const broken = jest.spyOn(SafeInt, 'serialize').mockImplementation(() => {
        throw new Error('broken');
      });
      const nothing = () => undefined;
      try {
        client.subscribe({ query: LIVE }, { next: nothing, error: nothing, complete: nothing });
        client.subscribe({ query: LIVE }, { next: nothing, error: nothing, complete: nothing });
        await fetch(`${url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', accept: 'text/event-stream', authorization },
          body: JSON.stringify({ query: LIVE }),
          signal: leaving.signal,
        });
        await until('all three are told', async () => (await met()) === 3);
        expect(sampleOf(await scrape(url), 'ethhook_subscribers')).toBe(3);
      } finally {
        broken.mockRestore();
        leaving.abort();
        await client.dispose();
      }
    }));

  test('says which upstream does not answer, and how the queries fail that ask it', async () => {
    const clickhouse = await TcpProxy.to(stores.environment.CLICKHOUSE_URL);
    try {
      await withGateway(
        { CLICKHOUSE_URL: clickhouse.through(stores.environment.CLICKHOUSE_URL) },
        async ({ url, ask }) => {
          expect(sampleOf(await scrape(url), 'ethhook_upstream_up', { upstream: 'clickhouse' })).toBe(1);
          clickhouse.set({ kind: 'refuse' });
          clickhouse.resetAll();
          const { errors } = await ask(ALICE, NUMBERS, { range });
          expect(errors?.map(({ extensions }) => extensions['code'])).toEqual(['UPSTREAM_UNAVAILABLE']);

          const series = await scrape(url);
          const up = ['clickhouse', 'postgres', 'redis'].map((upstream) =>
            sampleOf(series, 'ethhook_upstream_up', { upstream }),
          );
          expect(up).toEqual([0, 1, 1]);
          expect(sampleOf(series, 'ethhook_upstream_ping_seconds', { upstream: 'clickhouse' })).toBeNull();
          const code = 'UPSTREAM_UNAVAILABLE';
          expect(sampleOf(series, 'ethhook_graphql_operation_errors_total', { code })).toBe(1);
          expect(sampleOf(series, 'ethhook_graphql_field_errors_total', { field: 'User.stats', code })).toBe(1);
          const failed = { upstream: 'clickhouse', query: 'delivery_stats_from_attempts', kind: 'unavailable' };
          expect(sampleOf(series, 'ethhook_upstream_query_errors_total', failed)).toBe(1);
        },
      );
    } finally {
      await clickhouse.close();
    }
  });

  test('tells the phase, and counts what is read from the tables that are being left', () =>
    withGateway({}, async ({ url, ask }) => {
      const reads = async (): Promise<number | null> => sampleOf(await scrape(url), 'ethhook_old_table_reads_total');
      await ask(ALICE, NUMBERS, { range });
      expect(sampleOf(await scrape(url), 'ethhook_phase', { phase: 'cutover' })).toBe(1);
      expect(await reads()).toBe(0);

      await stores.postgres.query({ name: 'test_phase', text: "UPDATE migration_phase SET phase = 'dual_write'" });
      const inDualWrite = async () => sampleOf(await scrape(url), 'ethhook_phase', { phase: 'dual_write' }) === 1;
      await until('the gateway follows', inDualWrite);
      await ask(ALICE, NUMBERS, { range });
      expect(await reads()).toBe(1);
      await stores.postgres.query({ name: 'test_phase', text: "UPDATE migration_phase SET phase = 'cutover'" });
    }));
});

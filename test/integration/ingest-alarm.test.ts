import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Health } from '../../ingest-worker/health.js';
import { freePort } from '../../src/embedded/free-port.js';
import { STORES } from '../../src/records/migration-phase.js';
import { attemptOf, freshIngestStack, type IngestStack, standingAttempts, toJson } from '../support/ingest.js';
import { until } from '../support/until.js';

describe('a view that throws', () => {
  let stack: IngestStack;
  let url: string;

  beforeEach(async () => {
    stack = await freshIngestStack();
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    stack.startWorker({ WORKER_PORT: String(port), BATCH_MAX_ROWS: '10' });
    await until('the worker is ready', async () => (await answer('/readyz'))?.status === 200);
  });

  afterEach(() => stack.close());

  const answer = (path: string): Promise<Response | null> => fetch(`${url}${path}`).catch(() => null);
  const body = async (path: string): Promise<string> => (await (await answer(path))?.text()) ?? '';
  const held = async (): Promise<Health['held']> => JSON.parse(await body('/healthz')).held;
  const run = (query: string) => stack.clickhouse.command({ name: 'test', query });

  test('holds its batch, says so, keeps nobody else waiting, and leaves every number exact once it is mended', async () => {
    await run('CREATE TABLE of_views (id UUID) ENGINE = MergeTree ORDER BY id');
    await run(`CREATE MATERIALIZED VIEW throwing TO of_views AS SELECT id FROM delivery_attempts
      WHERE throwIf(error_message = 'poison', 'this view throws') = 0`);
    const attempts = Array.from({ length: 95 }, (_, index) =>
      attemptOf(index === 42 ? { error_message: 'poison' } : {}),
    );
    for (const attempt of attempts) {
      await stack.add('delivery_attempts', 'record', JSON.stringify(toJson(attempt)));
    }
    await until('the batch is held', async () => Object.keys(await held()).length > 0);

    expect(await held()).toEqual({
      'delivery_attempts/clickhouse': {
        since: expect.any(Number),
        upstream: 'clickhouse',
        code: '395',
        message: expect.stringContaining('this view throws'),
      },
    });
    const metrics = await body('/metrics');
    expect(metrics).toContain('ethhook_ingest_held_batches{stream="delivery_attempts",group="clickhouse"} 1');
    expect(metrics).toContain('ethhook_ingest_held_batches{stream="delivery_attempts",group="postgres"} 0');
    await stack.drained(['postgres']);
    expect(await stack.attemptsIn('postgres')).toEqual(standingAttempts(attempts));

    await run('DROP VIEW throwing');
    await stack.drained();
    for (const store of STORES) expect(await stack.attemptsIn(store)).toEqual(standingAttempts(attempts));
    await stack.expectExactRollups();
    expect(await stack.deadLetters()).toEqual([]);
    expect(await held()).toEqual({});
  });

  test('/metrics tells how far each group has come', async () => {
    const attempts = Array.from({ length: 25 }, () => attemptOf());
    await stack.addRecords('delivery_attempts', [...attempts.map(toJson), { id: 'bad' }]);
    await stack.drained();
    const counted = (metrics: string): boolean =>
      STORES.every((group) => metrics.includes(`rows_total{stream="delivery_attempts",group="${group}"} 25`));
    await until('both lanes have counted their rows', async () => counted(await body('/metrics')));
    const metrics = await body('/metrics');
    for (const group of STORES) {
      const labels = `{stream="delivery_attempts",group="${group}"}`;
      expect(metrics).toContain(`ethhook_ingest_lag_entries${labels} 0`);
      expect(metrics).toContain(`ethhook_ingest_pending_entries${labels} 0`);
      expect(metrics).toContain(`ethhook_ingest_oldest_pending_age_seconds${labels} 0`);
      expect(metrics).toMatch(new RegExp(`ethhook_ingest_last_committed_timestamp_seconds${labels} \\d`));
    }
    expect(metrics).toContain('ethhook_ingest_dead_letters{stream="delivery_attempts"} 1');
    expect(metrics).toContain('process_resident_memory_bytes');
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { EmbeddedServer } from '../../src/embedded/embedded-server.js';
import { freePort } from '../../src/embedded/free-port.js';
import { startRedis } from '../../src/embedded/redis.js';
import type { AttemptRecord } from '../../src/records/attempt.js';
import { STORES } from '../../src/records/migration-phase.js';
import { attemptOf, freshIngestStack, type IngestStack, standingAttempts, toJson } from '../support/ingest.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

describe('broken connections', () => {
  let folder: string;
  /** Of its own: the connections that are broken are those of every worker there. */
  let server: EmbeddedServer;
  let stack: IngestStack;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ethhook-redis-'));
    server = await startRedis({ folder, port: await freePort(), password: 'test', say: () => undefined });
  });

  beforeEach(async () => {
    stack = await freshIngestStack({ redisUrl: server.url });
  });

  afterEach(() => stack.close());

  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The connections of workers to Redis, by id, and which of them wait for entries. */
  async function workerConnections(): Promise<{ ids: string[]; reading: number }> {
    const clients = String(await stack.redis.command('CLIENT', 'LIST')).split('\n');
    const ofWorkers = clients.filter((line) => line.includes(' name=ethhook-worker'));
    return {
      ids: ofWorkers.map((line) => /^id=(\d+)/.exec(line)?.[1] ?? ''),
      reading: ofWorkers.filter((line) => line.includes(' cmd=xreadgroup ')).length,
    };
  }

  /** Breaks all five connections of a worker to Redis, four of them its readers', whatever is under way on them. */
  async function breakRedisConnections(): Promise<void> {
    const { ids } = await workerConnections();
    for (const id of ids) await stack.redis.command('CLIENT', 'KILL', 'ID', id);
  }

  async function breakPostgresConnections(): Promise<void> {
    await stack.postgres.query({
      name: 'test',
      text: `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'ethhook-worker'`,
    });
  }

  test('again and again, in the middle of everything, lose and double nothing', async () => {
    const attempts = Array.from({ length: 6_000 }, () => attemptOf());
    stack.startWorker({ BATCH_MAX_ROWS: '100' });
    for (let at = 0; at < attempts.length; at += 300) {
      // One that was broken may be listed for a moment longer, beside the one that was made instead.
      await until('all lanes read on connections of their own', async () => {
        const { ids, reading } = await workerConnections();
        return ids.length === 5 && reading === 4;
      });
      const part = attempts.slice(at, at + 300).map((attempt) => JSON.stringify(toJson(attempt)));
      await Promise.all(part.map((json) => stack.add('delivery_attempts', 'record', json)));
      await breakRedisConnections();
      await breakPostgresConnections();
    }
    await stack.drained();
    for (const store of STORES) expect(await stack.attemptsIn(store)).toEqual(standingAttempts(attempts));
    await stack.expectExactRollups();
    expect(await stack.deadLetters()).toEqual([]);
  });

  test('that are cut in the middle of a reply with entries lose and double nothing', async () => {
    const proxy = await TcpProxy.to(server.url);
    const stop = stack.startWorker({ REDIS_URL: proxy.through(server.url), BATCH_MAX_ROWS: '300' });
    const attempts: AttemptRecord[] = [];
    for (const afterBytes of [40_000, 100_000, 200_000, 300_000, 400_000]) {
      const part = Array.from({ length: 2_000 }, () => attemptOf());
      attempts.push(...part);
      const cutsBefore = proxy.spoilt;
      proxy.set({ kind: 'cut', afterBytes });
      await stack.addMany(
        'delivery_attempts',
        part.map((attempt) => JSON.stringify(toJson(attempt))),
      );
      await until('a connection is cut', () => proxy.spoilt > cutsBefore);
      proxy.set({ kind: 'none' });
      await stack.drained();
    }
    await stop();
    await proxy.close();
    for (const store of STORES) expect(await stack.attemptsIn(store)).toEqual(standingAttempts(attempts));
    await stack.expectExactRollups();
    expect(await stack.deadLetters()).toEqual([]);
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { EmbeddedServer } from '../../src/embedded/embedded-server.js';
import { freePort } from '../../src/embedded/free-port.js';
import { startRedis } from '../../src/embedded/redis.js';
import { STORES, type Store } from '../../src/records/migration-phase.js';
import { RedisNames, STREAMS } from '../../src/records/names.js';
import { RedisDatabase } from '../../src/stores/redis/database.js';
import { createGroup, type GroupMember } from '../../src/stores/redis/entry-group.js';
import { StreamProducer } from '../../src/stores/redis/producer.js';
import { trimStream } from '../../src/stores/redis/trim.js';
import { eventOf } from '../support/ingest.js';
import { readNew } from '../support/read-new.js';
import { until } from '../support/until.js';

/** A Redis of its own, because it is restarted. */
let folder: string;
let port: number;
let server: EmbeddedServer;
let redis: RedisDatabase;
let producer: StreamProducer;

const names = new RedisNames('test');
const memberOf = (group: Store): GroupMember => ({ names, stream: 'events', group, consumer: 'test' });

const startServer = async (): Promise<void> => {
  server = await startRedis({ folder, port, password: 'test', say: () => undefined });
  redis = new RedisDatabase(server.url, { applicationName: 'test' });
  producer = new StreamProducer(redis, names);
};

const restart = async (): Promise<void> => {
  redis.close();
  await server.stop();
  await startServer();
};

/** As Redis does by itself once its file has grown. From here on it forgets, at a restart, how much a group has read. */
async function rewriteFile(): Promise<void> {
  await redis.command('BGREWRITEAOF');
  await until('the file is rewritten', async () =>
    /aof_rewrite_in_progress:0\s+aof_rewrite_scheduled:0/.test(String(await redis.command('INFO', 'persistence'))),
  );
}

const add = async (sequence: number): Promise<void> => {
  expect(await producer.add('test', sequence, { events: [eventOf()], attempts: [] })).toBe(true);
};

/** Gives a group's consumer the next entry. Resolves to its id. */
async function take(group: Store): Promise<string> {
  const [entry] = await readNew(redis, memberOf(group), { count: 1, blockMs: 1_000 });
  return entry?.id ?? '';
}

const acknowledge = async (group: Store, id: string): Promise<void> => {
  expect(await redis.command('XACK', names.stream('events'), group, id)).toBe(1);
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ethhook-redis-'));
  port = await freePort();
  await startServer();
});

afterAll(async () => {
  redis.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('entries wait until every group has acknowledged them, and a restart of Redis changes nothing about that', async () => {
  expect(await producer.isTakenIn()).toBe(true);
  await add(1);
  expect(await producer.isTakenIn()).toBe(false);
  for (const stream of STREAMS) {
    for (const group of STORES) await createGroup(redis, { ...memberOf(group), stream });
  }
  for (const group of STORES) await acknowledge(group, await take(group));
  await rewriteFile();
  await add(2);
  await add(3);
  for (const group of STORES) {
    for (let entries = 0; entries < 2; entries++) {
      expect(await producer.isTakenIn()).toBe(false);
      await acknowledge(group, await take(group));
    }
  }
  expect(await producer.isTakenIn()).toBe(true);
  expect(await producer.length()).toBe(3);
  await trimStream(redis, names, 'events', STORES);
  expect(await producer.length()).toBe(1);
  await restart();
  expect(await producer.isTakenIn()).toBe(true);

  await add(4);
  await restart();
  expect(await producer.isTakenIn()).toBe(false);
  await acknowledge('postgres', await take('postgres'));
  const id = await take('clickhouse');
  await restart();
  expect(await producer.isTakenIn()).toBe(false);
  await acknowledge('clickhouse', id);
  expect(await producer.isTakenIn()).toBe(true);
});

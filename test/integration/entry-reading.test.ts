import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { EmbeddedServer } from '../../src/embedded/embedded-server.js';
import { freePort } from '../../src/embedded/free-port.js';
import { startRedis } from '../../src/embedded/redis.js';
import { RedisNames } from '../../src/records/names.js';
import { RedisDatabase } from '../../src/stores/redis/database.js';
import { createGroup, type GroupMember } from '../../src/stores/redis/entry-group.js';
import { EntryReading } from '../../src/stores/redis/entry-reading.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

const MIB = 1024 * 1024;
const NOW = { blockMs: null };

describe('a connection that reads entries', () => {
  let folder: string;
  let server: EmbeddedServer;
  let proxy: TcpProxy;
  let redis: RedisDatabase;
  let reading: EntryReading;
  let member: GroupMember;
  let streams = 0;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ethhook-redis-'));
    server = await startRedis({ folder, port: await freePort(), password: 'test', say: () => undefined });
    redis = new RedisDatabase(server.url, { applicationName: 'test' });
  });

  afterAll(async () => {
    redis?.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    streams += 1;
    const names = new RedisNames(`test${streams}`);
    member = { names, stream: 'events', group: 'clickhouse', consumer: 'reader' };
    proxy = await TcpProxy.to(server.url);
    reading = new EntryReading(proxy.through(server.url), { applicationName: 'test-reading' });
    await createGroup(redis, member);
  });

  afterEach(async () => {
    reading.close();
    await proxy.close();
    await redis.command('FLUSHALL');
  });

  const key = (): string => member.names.stream(member.stream);
  async function add(count: number, value: Buffer): Promise<void> {
    for (let entry = 0; entry < count; entry++) await redis.command('XADD', key(), '*', 'record', value);
  }
  const pending = async (): Promise<number> => {
    const [count] = (await redis.command('XPENDING', key(), member.group)) as [number];
    return count;
  };
  async function takeAll(): Promise<number> {
    let taken = 0;
    for (; ; taken++) {
      await reading.arrival();
      if (reading.take() === null) return taken;
    }
  }

  test('tells how many are given before they have come, and none where there are none', async () => {
    expect(await reading.ask(member, { count: 10, ...NOW })).toBe(0);
    expect(await reading.ask(member, { count: 1, blockMs: 1 })).toBe(0);
    expect(reading.isEmpty).toBe(true);
    await add(7, Buffer.from('{}'));
    expect(await reading.ask(member, { count: 5, ...NOW })).toBe(5);
    expect(await takeAll()).toBe(5);
    expect(await reading.ask(member, { count: 5, ...NOW })).toBe(2);
    expect(await takeAll()).toBe(2);
    expect(reading.isEmpty).toBe(true);
  });

  test('reads no more than it is taken, so that a backlog of the largest entries stays with Redis', async () => {
    const [entries, value] = [120, Buffer.alloc(MIB, 'a')];
    await add(entries, value);
    expect(await reading.ask(member, { count: entries, ...NOW })).toBe(entries);
    await reading.arrival();
    /** Of the reply, what Redis has not sent yet. */
    const unsent = async (): Promise<number> => {
      const clients = String(await redis.command('CLIENT', 'LIST')).split('\n');
      return Number(/ omem=(\d+)/.exec(clients.find((line) => line.includes(' name=test-reading')) ?? '')?.[1]);
    };
    let [before, looks] = [Number.NaN, 0];
    await until('Redis sends no more', async () => {
      const now = await unsent();
      looks = now === before ? looks + 1 : 0;
      before = now;
      return looks >= 10;
    });
    // The rest is under way, in the buffers of sockets and the proxy.
    expect(before).toBeGreaterThan((entries / 2) * MIB);
    let bytes = 0;
    for (let entry = reading.take(); entry !== null; entry = reading.take()) {
      bytes += entry.to - entry.from;
      await reading.arrival();
    }
    expect(bytes).toBe(entries * MIB);
  });

  test('fails where it is cut in the middle of a reply, and reads on over another connection', async () => {
    const value = Buffer.alloc(10_000, 'a');
    await add(200, value);
    proxy.set({ kind: 'cut', afterBytes: MIB });
    expect(await reading.ask(member, { count: 150, ...NOW })).toBe(150);
    await expect(takeAll()).rejects.toMatchObject({ message: expect.stringContaining('in the middle of a reply') });
    proxy.set({ kind: 'none' });
    expect(await pending()).toBe(150);
    await reading.discard();
    expect(reading.isEmpty).toBe(true);
    const askAgain = () => reading.ask(member, { count: 150, ...NOW }).catch(() => 0);
    await until('it is connected again', async () => (await askAgain()) === 50);
    expect(await takeAll()).toBe(50);
  });

  test('lets go of a reply that is still coming, and is right for the next one', async () => {
    await add(20, Buffer.alloc(MIB, 'a'));
    expect(await reading.ask(member, { count: 15, ...NOW })).toBe(15);
    await reading.discard();
    expect(reading.isEmpty).toBe(true);
    expect(await reading.ask(member, { count: 15, ...NOW })).toBe(5);
    expect(await takeAll()).toBe(5);
  });

  test('fails as Redis says where there is no group', async () => {
    await redis.command('DEL', key());
    await expect(reading.ask(member, { count: 1, ...NOW })).rejects.toMatchObject({ options: { code: 'NOGROUP' } });
    await createGroup(redis, member);
    await add(1, Buffer.from('{}'));
    expect(await reading.ask(member, { count: 1, ...NOW })).toBe(1);
    expect(await takeAll()).toBe(1);
  });
});

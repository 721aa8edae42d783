import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { RedisNames } from '../../src/records/names.js';
import { listenForCommitted } from '../../src/stores/redis/committed.js';
import { RedisDatabase } from '../../src/stores/redis/database.js';
import { createGroup } from '../../src/stores/redis/entry-group.js';
import { EntryIds } from '../../src/stores/redis/entry-ids.js';
import { writeManifest } from '../../src/stores/redis/manifests.js';
import { attemptOf, freshIngestStack, standingAttempts, toJson } from '../support/ingest.js';
import { runCli } from '../support/move.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { freshPrefix } from '../support/servers.js';
import { until } from '../support/until.js';

describe('on a Redis Cluster', () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await RedisCluster.start();
  });
  afterAll(() => cluster.stop());

  /** A prefix with a tag, the node that has its keys, and the other one. */
  const tagged = async () => {
    const prefix = `{${freshPrefix()}}`;
    const [home, other] = await cluster.urlsFor(prefix);
    return { prefix, home, other };
  };

  test('a tag in STREAM_PREFIX holds all keys together: ingest and dead letters are as exact as ever, from either node', async () => {
    const { prefix, other } = await tagged();
    const stack = await freshIngestStack({ prefix, redisUrl: other });
    try {
      const heard: string[] = [];
      const ended = listenForCommitted(other, {
        names: stack.names,
        applicationName: 'test',
        onNotice: (_store, notice) => heard.push(...Object.keys(notice.users)),
        onGap: () => undefined,
      });
      stack.startWorker();
      const attempts = Array.from({ length: 100 }, () => attemptOf());
      const records = attempts.map(toJson);
      await stack.addRecords('delivery_attempts', [
        ...records,
        ...records.slice(0, 10),
        { ...records[0], id: 'no uuid' },
      ]);
      await stack.drained();
      for (const store of ['clickhouse', 'postgres'] as const) {
        expect(await stack.attemptsIn(store)).toEqual(standingAttempts(attempts));
      }
      await until('told of every user', () => new Set(heard).size === attempts.length);
      ended();
      expect(await stack.deadLetters()).toMatchObject([{ reason: expect.stringContaining('id') }]);
      expect(await runCli(stack, 'dlq', 'replay', '--all')).toMatchObject({ code: 0 });
      await until('the record is refused again', async () => (await stack.deadLetters()).length === 1);
      expect(await runCli(stack, 'rollups', 'audit')).toMatchObject({ code: 0 });
      await stack.expectExactRollups();
    } finally {
      await stack.close();
    }
  });

  test('keys without a tag are refused, with what to do about it', async () => {
    const names = new RedisNames(freshPrefix());
    const [url] = await cluster.urlsFor(names.stream('events'));
    const redis = new RedisDatabase(url, { applicationName: 'test' });
    const member = { names, stream: 'events', group: 'clickhouse', consumer: 'one' } as const;
    await createGroup(redis, member);
    const refusal = writeManifest(redis, member, {
      token: 'token',
      entryIds: new EntryIds(['1-1']),
      skipped: [],
      days: [],
    });
    await expect(refusal).rejects.toMatchObject({
      message: expect.stringContaining('STREAM_PREFIX'),
      options: { kind: 'refused', code: 'CROSSSLOT' },
    });
    redis.close();
  });

  test('keys that are told to be in two slots are refused, rather than followed to and fro', async () => {
    const prefix = freshPrefix();
    const homes = new Map<string, string>();
    for (let index = 0; homes.size < 2; index++) {
      const key = `${prefix}:${index}`;
      homes.set((await cluster.urlsFor(key))[0], key);
    }
    const [[url, near = ''] = [], [, far = ''] = []] = [...homes];
    const redis = new RedisDatabase(url ?? '', { applicationName: 'test' });
    const exists = (key: string) => redis.command('EXISTS', key);
    expect(await exists(near)).toBe(0);
    expect(await exists(far)).toBe(0);
    for (let again = 0; again < 2; again++) {
      await expect(exists(near)).rejects.toMatchObject({
        message: expect.stringContaining('STREAM_PREFIX'),
        options: { kind: 'refused', code: 'MOVED' },
      });
      expect(await exists(far)).toBe(0);
    }
    redis.close();
  });

  test('a slot that is given to the other node and back is followed', async () => {
    const { prefix, home, other } = await tagged();
    const redis = new RedisDatabase(home, { applicationName: 'test' });
    for (const [from, to] of [
      [home, other],
      [other, home],
    ] as const) {
      expect(await redis.command('EXISTS', prefix)).toBe(0);
      await cluster.giveSlot(prefix, from, to);
    }
    expect(await redis.command('EXISTS', prefix)).toBe(0);
    redis.close();
  });

  test('a connection finds its node again after that was away', async () => {
    const { prefix, home, other } = await tagged();
    const redis = new RedisDatabase(other, { applicationName: 'test' });
    await redis.command('SET', `${prefix}:key`, 'kept');
    await cluster.kill(home);
    await expect(redis.command('GET', `${prefix}:key`)).rejects.toMatchObject({ options: { kind: 'unavailable' } });
    await cluster.restartAt(home);
    await until('it answers again', () =>
      redis.command('GET', `${prefix}:key`).then(
        (value) => value === 'kept',
        () => false,
      ),
    );
    redis.close();
  });
});

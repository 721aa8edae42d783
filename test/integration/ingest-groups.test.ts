import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { STORES } from '../../src/records/migration-phase.js';
import { STREAMS } from '../../src/records/names.js';
import { type CommittedNotice, listenForCommitted } from '../../src/stores/redis/committed.js';
import { createGroup } from '../../src/stores/redis/entry-group.js';
import { trimStream } from '../../src/stores/redis/trim.js';
import { attemptOf, freshIngestStack, type IngestStack, standingAttempts, toJson } from '../support/ingest.js';
import { readNew } from '../support/read-new.js';
import { testServers } from '../support/servers.js';
import { until } from '../support/until.js';

describe('groups and streams', () => {
  let stack: IngestStack;

  beforeEach(async () => {
    stack = await freshIngestStack();
  });

  afterEach(() => stack.close());

  const length = async (): Promise<number> =>
    Number(await stack.redis.command('XLEN', stack.names.stream('delivery_attempts')));

  test('a stream is trimmed behind what every group has finished, and no further', async () => {
    const key = stack.names.stream('delivery_attempts');
    const ids: string[] = [];
    for (let index = 0; index < 10; index++) ids.push(await stack.add('delivery_attempts', 'record', '{}'));
    const member = { names: stack.names, stream: 'delivery_attempts', consumer: 'me' } as const;
    const trim = (): Promise<number> => trimStream(stack.redis, stack.names, 'delivery_attempts', STORES);
    await createGroup(stack.redis, { ...member, group: 'postgres' });
    await readNew(stack.redis, { ...member, group: 'postgres' }, { count: 10, blockMs: 10 });
    await stack.redis.command('XACK', key, 'postgres', ...ids);
    expect(await trim()).toBe(0);

    await createGroup(stack.redis, { ...member, group: 'clickhouse' });
    expect(await trim()).toBe(0);
    await readNew(stack.redis, { ...member, group: 'clickhouse' }, { count: 6, blockMs: 10 });
    expect(await trim()).toBe(0);
    await stack.redis.command('XACK', key, 'clickhouse', ...ids.slice(0, 2), ...ids.slice(3, 6));
    expect(await trim()).toBe(2);
    await stack.redis.command('XACK', key, 'clickhouse', ids[2] ?? '');
    expect(await trim()).toBe(3);
    expect(await length()).toBe(5);
  });

  test('a running worker trims, and starts again when a group or the stream is deleted', async () => {
    const key = stack.names.stream('delivery_attempts');
    stack.startWorker();
    const first = [attemptOf(), attemptOf()];
    await stack.addRecords('delivery_attempts', first.map(toJson));
    await stack.drained();
    await stack.redis.command('XGROUP', 'DESTROY', key, 'clickhouse');
    const second = attemptOf();
    await stack.addRecords('delivery_attempts', [toJson(second)]);
    await stack.drained();
    await stack.redis.command('DEL', key);
    const third = attemptOf();
    await stack.addRecords('delivery_attempts', [toJson(third)]);
    await stack.drained();

    for (const store of STORES)
      expect(await stack.attemptsIn(store)).toEqual(standingAttempts([...first, second, third]));
    for (let index = 0; index < 5; index++) await stack.addRecords('delivery_attempts', [toJson(attemptOf())]);
    await until('the stream is trimmed', async () => (await length()) <= 1);
  });

  test('what was committed is told, by user and hour', async () => {
    const notices: [string, CommittedNotice][] = [];
    const end = listenForCommitted(testServers().redisUrl, {
      names: stack.names,
      applicationName: 'test',
      onNotice: (store, notice) => notices.push([store, notice]),
      onGap: () => undefined,
    });
    try {
      const channels = STORES.map((store) => stack.names.committed(store));
      await until('the listener is there', async () => {
        const counts = (await stack.redis.command('PUBSUB', 'NUMSUB', ...channels)) as unknown[];
        return counts[1] === 1 && counts[3] === 1;
      });
      const attempt = attemptOf({ created_at: Math.floor(Date.now() / 3_600_000) * 3_600_000 - 1 });
      stack.startWorker();
      await stack.addRecords('delivery_attempts', [toJson(attempt)]);
      await until('both stores have told', () => notices.length === 2);
      const notice = {
        stream: 'delivery_attempts',
        users: { [attempt.user_id]: [attempt.created_at + 1 - 3_600_000] },
      };
      expect(new Map(notices)).toEqual(new Map(STORES.map((store) => [store, notice])));
    } finally {
      end();
    }
  });

  test('a group exists for as long as the phase of the move writes its store', async () => {
    const enter = (phase: string): Promise<object[]> =>
      stack.postgres.query({ name: 'test', text: 'UPDATE migration_phase SET phase = $1', values: [phase] });
    await enter('postgres');
    const early = attemptOf();
    await stack.addRecords('delivery_attempts', [toJson(early)]);
    stack.startWorker();
    await stack.drained(['postgres']);
    expect(await stack.groupsOf('delivery_attempts')).toEqual(['postgres']);

    await enter('dual_write');
    await until('both groups', async () => (await stack.groupsOf('events')).length === 2);
    const late = attemptOf();
    await stack.addRecords('delivery_attempts', [toJson(late)]);
    await stack.drained();
    expect(await stack.attemptsIn('postgres')).toEqual(standingAttempts([early, late]));

    await enter('complete');
    await until('one group', async () => (await stack.groupsOf('events')).length === 1);
    expect(await stack.groupsOf('delivery_attempts')).toEqual(['clickhouse']);
  });

  test('a group is made on a stream that is there while Redis is full', async () => {
    await stack.add('events', 'record', '{}');
    await stack.redis.command('CONFIG', 'SET', 'maxmemory', '1mb');
    try {
      await expect(stack.add('events', 'record', '{}')).rejects.toMatchObject({ options: { code: 'OOM' } });
      const member = { names: stack.names, consumer: 'me', group: 'clickhouse' } as const;
      for (const stream of STREAMS) await createGroup(stack.redis, { ...member, stream });
    } finally {
      await stack.redis.command('CONFIG', 'SET', 'maxmemory', '0');
    }
    for (const stream of STREAMS) expect(await stack.groupsOf(stream)).toEqual(['clickhouse']);
  });

  test('two workers share the streams and count everything once', async () => {
    const attempts = Array.from({ length: 400 }, () => attemptOf());
    stack.startWorker({ BATCH_MAX_ROWS: '7' });
    stack.startWorker({ BATCH_MAX_ROWS: '13' });
    for (const attempt of attempts) await stack.add('delivery_attempts', 'record', JSON.stringify(toJson(attempt)));
    await stack.drained();
    for (const store of STORES) expect(await stack.attemptsIn(store)).toEqual(standingAttempts(attempts));
    await stack.expectExactRollups();
  });

  test('a worker that is told to stop commits what it has in hand and leaves nothing behind', async () => {
    const stop = stack.startWorker({ BATCH_MAX_AGE_MS: '4000' });
    await until('the worker reads', async () => (await stack.groupsOf('delivery_attempts')).length === 2);
    const attempts = Array.from({ length: 10 }, () => attemptOf());
    await stack.addRecords('delivery_attempts', attempts.map(toJson));
    await until('it has read', async () => (await stack.pendingOf('delivery_attempts')) === 2);
    await stop();
    await stack.drained(STORES, 1);
    const workers = await stack.redis.command('KEYS', stack.names.worker('*'));
    const consumers = await stack.redis.command('XINFO', 'CONSUMERS', stack.names.stream('events'), 'postgres');
    expect([workers, consumers]).toEqual([[], []]);
  });
});

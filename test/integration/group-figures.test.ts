import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { StreamName } from '../../src/records/names.js';
import { deadLetterCounts } from '../../src/stores/redis/dead-letter-counts.js';
import { removeLetter, replayLetter, selectedLetters } from '../../src/stores/redis/dead-letter-queue.js';
import { addDeadLetters } from '../../src/stores/redis/dead-letters.js';
import { createGroup, type GroupMember } from '../../src/stores/redis/entry-group.js';
import { EntryIds } from '../../src/stores/redis/entry-ids.js';
import { groupFigures } from '../../src/stores/redis/group-figures.js';
import { acknowledge } from '../../src/stores/redis/manifests.js';
import { attemptOf, freshIngestStack, type IngestStack, toJson } from '../support/ingest.js';
import { readNew } from '../support/read-new.js';

describe('the figures of a group', () => {
  let stack: IngestStack;
  let member: GroupMember;
  let ids: string[];

  beforeEach(async () => {
    stack = await freshIngestStack();
    member = { names: stack.names, stream: 'delivery_attempts', group: 'clickhouse', consumer: 'reader' };
    ids = [];
    for (let index = 0; index < 10; index++) {
      ids.push(await stack.add('delivery_attempts', 'record', JSON.stringify(toJson(attemptOf()))));
    }
  });

  afterEach(() => stack.close());

  const figures = () => groupFigures(stack.redis, member);
  const key = () => stack.names.stream('delivery_attempts');
  const timeOf = (id: string | undefined): number => Number(id?.split('-')[0]);

  test('count what was not delivered, what was not acknowledged, and since when', async () => {
    expect(await figures()).toEqual({ lag: 10, pending: 0, oldestPendingAt: null, lastCommittedAt: null });
    await createGroup(stack.redis, member);
    expect(await figures()).toEqual({ lag: 10, pending: 0, oldestPendingAt: null, lastCommittedAt: null });
    await readNew(stack.redis, member, { count: 7, blockMs: 10 });
    const started = { lag: 3, pending: 7, oldestPendingAt: timeOf(ids[0]), lastCommittedAt: null };
    expect(await figures()).toEqual(started);

    await acknowledge(stack.redis, member, { token: 'first', entryIds: new EntryIds(ids.slice(0, 4)) }, []);
    const finished = await figures();
    expect(finished).toMatchObject({ lag: 3, pending: 3, oldestPendingAt: timeOf(ids[4]) });
    expect(finished.lastCommittedAt).toBeGreaterThanOrEqual(timeOf(ids[9]));
  });

  test('are right after entries were deleted, where Redis does not know the lag', async () => {
    await createGroup(stack.redis, member);
    await readNew(stack.redis, member, { count: 5, blockMs: 10 });
    for (const id of [ids[0], ids[6], ids[9]]) await stack.redis.command('XDEL', key(), id ?? '');
    expect(await figures()).toMatchObject({ lag: 3, pending: 5 });
  });

  test('are right after entries were trimmed that the group had not been given', async () => {
    await createGroup(stack.redis, member);
    await readNew(stack.redis, member, { count: 2, blockMs: 10 });
    await stack.redis.command('XTRIM', key(), 'MAXLEN', '=', 5);
    expect(await figures()).toMatchObject({ lag: 5, pending: 2 });
    await stack.redis.command('XTRIM', key(), 'MAXLEN', '=', 0);
    expect(await figures()).toMatchObject({ lag: 0, pending: 2 });
  });

  test('count a backlog of many pages, near either end', async () => {
    await createGroup(stack.redis, member);
    const many = Array.from({ length: 4_990 }, () => JSON.stringify(toJson(attemptOf())));
    await stack.addMany('delivery_attempts', many);
    expect((await figures()).lag).toBe(5_000);
    await readNew(stack.redis, member, { count: 1_000, blockMs: 10 });
    expect((await figures()).lag).toBe(4_000);
    await readNew(stack.redis, member, { count: 3_500, blockMs: 10 });
    expect((await figures()).lag).toBe(500);
  });

  test('are nothing where there is no stream', async () => {
    expect(await groupFigures(stack.redis, { ...member, stream: 'events' })).toEqual({
      lag: 0,
      pending: 0,
      oldestPendingAt: null,
      lastCommittedAt: null,
    });
  });

  test('count the dead letters of each stream, through replays, purges and changes by hand', async () => {
    const counts = () => deadLetterCounts(stack.redis, stack.names);
    const bury = async (stream: StreamName, letters: number) => {
      const consumer = { ...member, stream };
      await createGroup(stack.redis, consumer);
      await stack.add(stream, 'record', '{}');
      const [entry] = await readNew(stack.redis, consumer, { count: 1, blockMs: 10 });
      const same = { entryId: entry?.id ?? '', reason: 'id: must be a UUID', payload: Buffer.from('{}') };
      const all = Array.from({ length: letters }, (_, recordIndex) => ({ ...same, recordIndex }));
      for (let repeat = 0; repeat < 2; repeat++) await addDeadLetters(stack.redis, consumer, all, Date.now());
    };
    expect(await counts()).toEqual({ events: 0, delivery_attempts: 0 });
    await bury('events', 2);
    await bury('delivery_attempts', 30);
    expect(await counts()).toEqual({ events: 2, delivery_attempts: 30 });

    const letters = [];
    for await (const letter of selectedLetters(stack.redis, stack.names, {}, 'newest first')) letters.push(letter);
    const [replayed, removed, deleted] = letters;
    if (replayed === undefined || removed === undefined || deleted === undefined) throw new Error('too few letters');
    await replayLetter(stack.redis, stack.names, replayed);
    expect(await replayLetter(stack.redis, stack.names, replayed)).toBeNull();
    await removeLetter(stack.redis, stack.names, removed);
    expect(await removeLetter(stack.redis, stack.names, removed)).toBe(false);
    expect(await counts()).toEqual({ events: 2, delivery_attempts: 28 });
    await stack.redis.command('XDEL', stack.names.deadLetters, deleted.id);
    expect(await counts()).toEqual({ events: 2, delivery_attempts: 27 });
    await stack.redis.command('DEL', stack.names.deadLetters);
    expect(await counts()).toEqual({ events: 0, delivery_attempts: 0 });
  });
});

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { BatchBuilder } from '../../ingest-worker/batch.js';
import { clickhouseSink } from '../../ingest-worker/clickhouse-sink.js';
import { attemptKind } from '../../ingest-worker/stream-kind.js';
import type { AttemptRecord } from '../../src/records/attempt.js';
import { STORES } from '../../src/records/migration-phase.js';
import { claimPending } from '../../src/stores/redis/consumers.js';
import { addDeadLetters } from '../../src/stores/redis/dead-letters.js';
import { createGroup, type GroupMember } from '../../src/stores/redis/entry-group.js';
import { acknowledge, manifestOwners, writeManifest } from '../../src/stores/redis/manifests.js';
import { attemptOf, freshIngestStack, type IngestStack, standingAttempts, toJson } from '../support/ingest.js';
import { readNew } from '../support/read-new.js';
import { until } from '../support/until.js';

const logger = pino({ level: 'silent' });
const never = new AbortController().signal;
const DAY_MS = 86_400_000;

describe('what a worker leaves behind when it is killed', () => {
  let stack: IngestStack;
  let dead: GroupMember;

  beforeEach(async () => {
    stack = await freshIngestStack();
    dead = { names: stack.names, stream: 'delivery_attempts', group: 'clickhouse', consumer: 'dead' };
    await createGroup(stack.redis, dead);
  });

  afterEach(() => stack.close());

  /** Six entries with good, bad and repeated records, read by a worker that is about to die. */
  async function readByTheDead() {
    const attempts = Array.from({ length: 6 }, (_, day) => attemptOf({ created_at: Date.now() - (day + 1) * DAY_MS }));
    const corrected = attempts.map(
      (attempt): AttemptRecord => ({ ...attempt, status: 'failed', updated_at: attempt.updated_at + 1 }),
    );
    for (const [index, attempt] of attempts.entries()) {
      const records = [attempt, { ...attempt, id: 'no uuid' }, corrected[index] ?? attempt].map((record) =>
        JSON.stringify(toJson(record)),
      );
      await stack.add('delivery_attempts', 'records', records.join('\n'));
    }
    const entries = await readNew(stack.redis, dead, { count: 10, blockMs: 10 });
    expect(entries).toHaveLength(6);
    const builder = new BatchBuilder(attemptKind, 30);
    for (const entry of entries) builder.add(entry);
    return { attempts: corrected, batch: builder.build() };
  }

  const sinkOfTheDead = () =>
    clickhouseSink({ kind: attemptKind, database: stack.clickhouse, redis: stack.redis, member: dead, logger });

  async function expectExact(attempts: readonly AttemptRecord[]): Promise<void> {
    await stack.drained();
    for (const store of STORES) expect(await stack.attemptsIn(store)).toEqual(standingAttempts(attempts));
    await stack.expectExactRollups();
    expect(await stack.deadLetters()).toHaveLength(6);
    expect((await manifestOwners(stack.redis, dead)).size).toBe(0);
  }

  test('after reading', async () => {
    const { attempts } = await readByTheDead();
    stack.startWorker();
    await expectExact(attempts);
  });

  test('after writing the manifest', async () => {
    const { attempts, batch } = await readByTheDead();
    expect(await writeManifest(stack.redis, dead, batch)).toBe('written');
    stack.startWorker();
    await expectExact(attempts);
  });

  test('after the insert, before the acknowledgement', async () => {
    const { attempts, batch } = await readByTheDead();
    expect(await sinkOfTheDead().write(batch, never)).toEqual([]);
    stack.startWorker();
    await expectExact(attempts);
  });

  test('after the insert, with the retention shortened before the next start', async () => {
    const { attempts, batch } = await readByTheDead();
    await sinkOfTheDead().write(batch, never);
    await stack.startWorker({ ATTEMPTS_RETENTION_DAYS: '2' });
    await stack.drained();
    expect(await stack.attemptsIn('clickhouse')).toEqual(standingAttempts(attempts));
    await stack.expectExactRollups();
  });

  test('while another worker is running, which takes over within ten seconds', async () => {
    await stack.redis.command('SET', stack.names.worker('dead'), '1');
    const { attempts, batch } = await readByTheDead();
    await sinkOfTheDead().write(batch, never);
    stack.startWorker();
    await stack.drained(['postgres']);
    const next = attemptOf();
    await stack.addRecords('delivery_attempts', [toJson(next)]);
    await until('it reads on', async () => (await stack.attemptsIn('clickhouse')).length === attempts.length + 1);
    expect((await manifestOwners(stack.redis, dead)).get(batch.token)).toBe('dead');

    await stack.redis.command('DEL', stack.names.worker('dead'));
    await stack.drained(STORES, 10);
    await expectExact([...attempts, next]);
  });

  test('a worker that comes back finds its entries gone and writes nothing', async () => {
    const { attempts, batch } = await readByTheDead();
    stack.startWorker();
    await expectExact(attempts);
    expect(await sinkOfTheDead().write(batch, never)).toBe('lost');
    await expectExact(attempts);
  });

  test('a worker that comes back writes no dead letter a second time, long after the first is forgotten', async () => {
    const { attempts, batch } = await readByTheDead();
    stack.startWorker();
    await expectExact(attempts);
    await stack.redis.command('DEL', stack.names.deadLetterMarks('delivery_attempts'));
    expect(await addDeadLetters(stack.redis, dead, batch.rejected, Date.now())).toEqual({ added: 0, lost: 6 });
    await expectExact(attempts);
  });

  test('a worker that comes back and finishes a batch that was taken over counts nothing twice', async () => {
    const { attempts, batch } = await readByTheDead();
    await writeManifest(stack.redis, dead, batch);
    stack.startWorker();
    await expectExact(attempts);
    await sinkOfTheDead().write({ ...batch, recorded: true }, never);
    await acknowledge(stack.redis, dead, batch, []);
    await expectExact(attempts);
  });

  test('entries of a batch with a manifest are never claimed for another batch', async () => {
    const { batch } = await readByTheDead();
    await writeManifest(stack.redis, dead, batch);
    expect(await claimPending(stack.redis, { ...dead, consumer: 'heir' }, 'dead')).toBe(0);
  });

  test('nothing is taken from a worker that lives', async () => {
    const { batch } = await readByTheDead();
    await stack.redis.command('SET', stack.names.worker('dead'), '1');
    expect(await claimPending(stack.redis, { ...dead, consumer: 'heir' }, 'dead')).toBe(0);
    expect(await writeManifest(stack.redis, dead, batch)).toBe('written');
  });

  test('entries deleted from the stream are left out of a batch that was begun', async () => {
    const { attempts, batch } = await readByTheDead();
    await writeManifest(stack.redis, dead, batch);
    await stack.redis.command('XDEL', stack.names.stream('delivery_attempts'), batch.entryIds.list()[2] ?? '');
    stack.startWorker();
    await stack.drained();
    expect(await stack.attemptsIn('clickhouse')).toEqual(standingAttempts(attempts.filter((_, index) => index !== 2)));
    await stack.expectExactRollups();
  });
});

import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { AttemptRecord } from '../../src/records/attempt.js';
import { auditDay, type DayAudit } from '../../src/rollups/audit-day.js';
import { INSERTS_INTO_ROLLUPS } from '../../src/stores/clickhouse/mend-rollup.js';
import { runningQueries } from '../../src/stores/clickhouse/running-queries.js';
import { createGroup } from '../../src/stores/redis/entry-group.js';
import { EntryIds } from '../../src/stores/redis/entry-ids.js';
import { acknowledge, type Manifest, writeManifest } from '../../src/stores/redis/manifests.js';
import { closeRollupGate } from '../../src/stores/redis/rollup-gate.js';
import { attemptOf, freshIngestStack, type IngestStack, standingAttempts, toJson } from '../support/ingest.js';
import { readNew } from '../support/read-new.js';
import { insertAttempts, rollupServices } from '../support/rollup-stack.js';
import { until } from '../support/until.js';

const DAY_MS = 86_400_000;
const never = new AbortController().signal;
const day = Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS;
const users = Array.from({ length: 4 }, () => randomUUID());

const newAttempts = (count: number): AttemptRecord[] =>
  Array.from({ length: count }, (_, index) =>
    attemptOf({
      user_id: users[index % users.length] ?? '',
      endpoint_id: users[0] ?? '',
      response_time_ms: index % 7,
      created_at: day + Math.floor(Math.random() * DAY_MS),
    }),
  );

describe('the rollup audit while traffic goes on', () => {
  let stack: IngestStack;

  beforeEach(async () => {
    stack = await freshIngestStack();
  });

  afterEach(() => stack.close());

  const audit = (): Promise<DayAudit> => auditDay(rollupServices(stack), day);
  const insert = (attempts: readonly AttemptRecord[], token?: string) => insertAttempts(stack, attempts, token);
  const isGateOpen = async () => (await stack.redis.command('EXISTS', stack.names.rollupGate)) === 0;

  /** Sends batches through a worker and audits their day all the time, twice over. */
  async function auditDuring(batches: readonly (readonly AttemptRecord[])[]): Promise<DayAudit[]> {
    stack.startWorker({ BATCH_MAX_ROWS: '40', BATCH_MAX_AGE_MS: '0' });
    const audits: DayAudit[] = [];
    let over = false;
    const auditing = [1, 2].map(async () => {
      while (!over) audits.push(await audit());
    });
    for (const batch of batches) {
      await stack.addRecords('delivery_attempts', batch.map(toJson));
      await until('some of it is written', async () => (await stack.pendingOf('delivery_attempts')) < 20);
    }
    await stack.drained();
    over = true;
    await Promise.all(auditing);
    return audits;
  }

  test('takes no insert in flight for a difference', async () => {
    const batches = Array.from({ length: 40 }, () => newAttempts(20));
    const audits = await auditDuring(batches);
    expect(audits.length).toBeGreaterThan(4);
    expect(audits.flatMap(({ mends }) => mends)).toEqual([]);
    await stack.expectExactRollups();
    expect(await stack.attemptsIn('clickhouse')).toEqual(standingAttempts(batches.flat()));
  });

  test('mends duplicates and corrections as they come', async () => {
    const attempts = newAttempts(300);
    const parts = Array.from({ length: 15 }, (_, index) => attempts.slice(index * 20, index * 20 + 20));
    const batches = parts.flatMap((part, index) => [
      part,
      part.slice(0, 5),
      (parts[index - 1] ?? part).slice(5, 12).map(
        (attempt): AttemptRecord => ({
          ...attempt,
          status: 'failed',
          http_status_code: 500,
          updated_at: attempt.updated_at + 1_000,
        }),
      ),
    ]);
    const audits = await auditDuring(batches);
    expect(audits.some(({ outcome }) => outcome === 'mended')).toBe(true);
    await until('the day is right', async () => (await audit()).outcome === 'right');
    await stack.expectExactRollups();
    expect(await stack.attemptsIn('clickhouse')).toEqual(standingAttempts(batches.flat()));
  });

  test('a worker mends what it finds wrong, with no hand laid on', async () => {
    const attempts = newAttempts(50);
    await insert(attempts);
    await insert(attempts);
    stack.startWorker();
    await until('the rollups are right', () =>
      stack.expectExactRollups().then(
        () => true,
        () => false,
      ),
    );
  });

  test('holds the batches of its day alone, and for no longer than a dead auditor’s lease', async () => {
    const gate = { day, holder: 'dead' };
    expect(await closeRollupGate(stack.redis, stack.names, gate, 3_000)).toBe(true);
    expect(await closeRollupGate(stack.redis, stack.names, { day, holder: 'other' }, 3_000)).toBe(false);
    stack.startWorker({ BATCH_MAX_ROWS: '1' });
    const [elsewhere, held] = [
      newAttempts(1).map((each) => ({ ...each, created_at: day - 1, updated_at: day })),
      newAttempts(1),
    ];
    await stack.addRecords('delivery_attempts', elsewhere.map(toJson));
    await stack.drained();
    await stack.addRecords('delivery_attempts', held.map(toJson));
    await stack.drained(['postgres']);
    expect(await isGateOpen()).toBe(false);
    expect(await stack.attemptsIn('clickhouse')).toEqual(standingAttempts(elsewhere));
    await stack.drained();
    expect(await isGateOpen()).toBe(true);
    await stack.expectExactRollups();
  });

  test('waits for a batch in flight, and opens the gate where that takes too long', async () => {
    const attempts = newAttempts(30);
    await insert(attempts);
    await insert(attempts);
    const member = { names: stack.names, stream: 'delivery_attempts', group: 'clickhouse', consumer: 'slow' } as const;
    await createGroup(stack.redis, member);
    await stack.addRecords('delivery_attempts', newAttempts(1).map(toJson));
    const [entry] = await readNew(stack.redis, member, { count: 1, blockMs: 10 });
    const manifest: Manifest = { token: 'slow', entryIds: new EntryIds([entry?.id ?? '']), skipped: [], days: [day] };
    expect(await writeManifest(stack.redis, member, manifest)).toBe('written');

    expect(await audit()).toEqual({ day, outcome: 'postponed', mends: [] });
    expect(await isGateOpen()).toBe(true);

    const waiting = audit();
    await until('the gate is closed', async () => !(await isGateOpen()));
    expect(await writeManifest(stack.redis, member, { ...manifest, token: 'next' })).toBe('held');
    expect(await writeManifest(stack.redis, member, { ...manifest, token: 'next', days: [day + DAY_MS] })).toBe(
      'written',
    );
    expect(await writeManifest(stack.redis, member, manifest)).toBe('written');
    await acknowledge(stack.redis, member, manifest, []);
    expect((await waiting).outcome).toBe('mended');
    await stack.expectExactRollups();
  });

  test('waits for an insert that its client has given up and the server has not', async () => {
    const wrong = newAttempts(30);
    await insert(wrong);
    await insert(wrong);
    await stack.clickhouse.command({
      name: 'test',
      query: `CREATE MATERIALIZED VIEW a_slow_view ENGINE = Null AS SELECT sleepEachRow(0.05) FROM delivery_attempts`,
    });
    const givenUp = insert(newAttempts(40));
    await until('the server works on it', async () => (await running()).size > 0);
    await Promise.all([givenUp, until('mended', async () => (await audit()).outcome === 'mended')]);
    await stack.expectExactRollups();
  });

  const running = () => runningQueries(stack.clickhouse, INSERTS_INTO_ROLLUPS, never);
});

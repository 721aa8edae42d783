import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { gatesOf } from '../../src/migration/gates.js';
import { takeStep } from '../../src/migration/move-phase.js';
import { readMigrationStatus } from '../../src/migration/status.js';
import { STREAMS } from '../../src/records/names.js';
import { DAY_MS } from '../../src/records/time-range.js';
import { BackfillStore } from '../../src/stores/postgres/backfill-store.js';
import { PhaseStore } from '../../src/stores/postgres/phase-store.js';
import { noteVerification } from '../../src/stores/postgres/verification-store.js';
import { attemptOf, eventOf, freshIngestStack, type IngestStack, toJson } from '../support/ingest.js';
import { moveServices, setPhase } from '../support/move.js';
import { until } from '../support/until.js';

// Each test makes two databases, and some run commands.
jest.setTimeout(180_000);

describe('the steps of the move', () => {
  let stack: IngestStack;
  const take = (
    to: 'postgres' | 'dual_write' | 'cutover' | 'complete',
    options: { force?: boolean; now?: number } = {},
  ) =>
    takeStep(moveServices(stack), {
      to,
      takenBy: 'ana@ops-1',
      reason: `to ${to}`,
      force: options.force ?? false,
      now: options.now ?? Date.now(),
    });
  const phase = async () => (await new PhaseStore(stack.postgres).read()).phase;
  const missing = async (to: 'cutover' | 'complete', now = Date.now()) => {
    const row = await new PhaseStore(stack.postgres).read();
    const gates = await gatesOf(moveServices(stack), { ...row, now, waitMs: 0 }, to);
    return gates.filter(({ holds }) => !holds).map(({ name }) => name);
  };
  const backfilled = async () => {
    const store = new BackfillStore(stack.postgres);
    const row = await new PhaseStore(stack.postgres).read();
    const plans = STREAMS.map((table) => ({ table, retentionFrom: Date.now() - DAY_MS, chunks: [], unmovable: 0 }));
    expect(await store.plan(row, Date.now(), plans)).toBe(true);
    for (const table of STREAMS) await store.noteFinished(table);
  };
  const verified = (differences: number, beganAt = Date.now() + 1_000, complete = true) =>
    noteVerification(stack.postgres, { beganAt, complete, comparedRows: 1, differences });

  beforeEach(async () => {
    stack = await freshIngestStack();
    await setPhase(stack, 'postgres');
  });
  afterEach(() => stack.close());

  test('go on and back one at a time, and the history says who took them and why', async () => {
    expect(await take('dual_write')).toMatchObject({ from: 'postgres', to: 'dual_write', outcome: 'taken' });
    expect(await take('dual_write')).toMatchObject({ outcome: 'nothing' });
    expect(await take('cutover', { force: true })).toMatchObject({ outcome: 'taken' });
    expect(await take('dual_write')).toMatchObject({ outcome: 'taken' });
    expect(await take('postgres')).toMatchObject({ outcome: 'taken' });
    const history = await new PhaseStore(stack.postgres).history();
    expect(history.map(({ from, to, forced }) => [from, to, forced])).toEqual([
      ['postgres', 'dual_write', false],
      ['dual_write', 'cutover', true],
      ['cutover', 'dual_write', false],
      ['dual_write', 'postgres', false],
    ]);
    expect(history[0]).toMatchObject({ takenBy: 'ana@ops-1', reason: 'to dual_write' });
  });

  test('that do not exist are refused with those that do', async () => {
    await expect(take('cutover')).rejects.toThrow(/from postgres it goes on to dual_write/);
    await setPhase(stack, 'complete');
    await expect(take('cutover', { force: true })).rejects.toThrow(/no longer|not been written/);
    expect(await phase()).toBe('complete');
  });

  test('to cutover needs the history copied and a clean comparison that is later and not old', async () => {
    await setPhase(stack, 'dual_write');
    const [history, clean] = ['the history is in ClickHouse', 'verify found no difference'];
    expect(await missing('cutover')).toEqual([history, clean]);
    expect(await take('cutover')).toMatchObject({ outcome: 'refused' });
    expect(await phase()).toBe('dual_write');
    await verified(0, Date.now() - 1_000);
    await backfilled();
    expect(await missing('cutover')).toEqual([clean]);
    await verified(0);
    expect(await missing('cutover')).toEqual([]);
    expect(await missing('cutover', Date.now() + 2 * DAY_MS)).toEqual([clean]);
    await verified(3);
    expect(await missing('cutover')).toEqual([clean]);
    await verified(0);
    expect(await take('cutover')).toMatchObject({ outcome: 'taken' });
  });

  test('to cutover are refused as long as a later comparison of a part has found differences', async () => {
    await setPhase(stack, 'dual_write');
    await backfilled();
    await verified(0);
    await verified(2, Date.now() + 1_000, false);
    await verified(0, Date.now() + 1_000, false);
    expect(await missing('cutover')).toEqual(['verify found no difference']);
    await verified(0);
    expect(await missing('cutover')).toEqual([]);
  });

  test('are not taken from a phase that was left and entered again meanwhile', async () => {
    await setPhase(stack, 'dual_write');
    const store = new PhaseStore(stack.postgres);
    const looked = await store.read();
    await take('cutover', { force: true });
    await take('dual_write');
    const step = { from: looked, to: 'cutover', takenBy: 'ana@ops-1', reason: '', forced: false } as const;
    expect(await store.take(step)).toBe(false);
    expect(await phase()).toBe('dual_write');
  });

  test('keep a backfill from being planned for a phase that was left meanwhile', async () => {
    await setPhase(stack, 'dual_write');
    const looked = await new PhaseStore(stack.postgres).read();
    await take('postgres');
    const plans = STREAMS.map((table) => ({ table, retentionFrom: Date.now() - DAY_MS, chunks: [], unmovable: 0 }));
    const store = new BackfillStore(stack.postgres);
    expect(await store.plan(looked, Date.now(), plans)).toBe(false);
    expect(await store.tables()).toEqual([]);
  });

  test('into dual_write need the group clickhouse of an earlier one to be gone', async () => {
    await stack.redis.command('XGROUP', 'CREATE', stack.names.stream('events'), 'clickhouse', '$', 'MKSTREAM');
    const row = await new PhaseStore(stack.postgres).read();
    const gates = await gatesOf(moveServices(stack), { ...row, now: Date.now(), waitMs: 0 }, 'dual_write');
    const left = gates.filter(({ holds }) => !holds).map(({ name }) => name);
    expect(left).toEqual(['no group clickhouse is left from before']);
    const step = take('dual_write');
    // A worker that follows the phase ends it.
    stack.startWorker();
    expect(await step).toMatchObject({ outcome: 'taken' });
  });

  test('back to postgres forgets what was copied and compared', async () => {
    await setPhase(stack, 'dual_write');
    await backfilled();
    await verified(0);
    await take('postgres');
    await take('dual_write');
    expect(await missing('cutover')).toHaveLength(2);
  });

  test('to cutover do not count a comparison that began before a step back to postgres', async () => {
    await setPhase(stack, 'dual_write');
    const beganAt = Date.now();
    await take('postgres');
    await take('dual_write');
    await backfilled();
    await verified(0, beganAt);
    expect(await missing('cutover')).toEqual(['verify found no difference']);
  });

  test('to complete needs seven days of grace', async () => {
    await setPhase(stack, 'cutover');
    expect(await missing('complete')).toEqual(['7 days of grace since cutover']);
    expect(await missing('complete', Date.now() + 7 * DAY_MS + 60_000)).toEqual([]);
    expect(await take('complete')).toMatchObject({ outcome: 'refused' });
    expect(await take('complete', { now: Date.now() + 8 * DAY_MS })).toMatchObject({ outcome: 'taken' });
  });

  test('to complete need what a forced cutover did without', async () => {
    await setPhase(stack, 'dual_write');
    await take('cutover', { force: true });
    const later = Date.now() + 8 * DAY_MS;
    expect(await missing('complete', later)).toEqual(['the history is in ClickHouse', 'verify found no difference']);
    await backfilled();
    await verified(0, later);
    expect(await missing('complete', later)).toEqual([]);
  });

  test('back from cutover waits until Postgres has all that is on the streams', async () => {
    await setPhase(stack, 'cutover');
    await stack.redis.command('XGROUP', 'CREATE', stack.names.stream('events'), 'postgres', '0', 'MKSTREAM');
    await stack.addRecords('events', [toJson(eventOf())]);
    await stack.addRecords('delivery_attempts', [toJson(attemptOf())]);
    const back = take('dual_write');
    expect(await phase()).toBe('cutover');
    stack.startWorker();
    expect(await back).toMatchObject({ outcome: 'taken' });
    expect(await stack.attemptsIn('postgres')).toHaveLength(1);
  });

  test('into dual_write begin the group clickhouse at the oldest entry that the group postgres has not finished', async () => {
    const stop = stack.startWorker();
    await stack.addRecords('delivery_attempts', [toJson(attemptOf())]);
    await stack.drained(['postgres']);
    expect(await stack.groupsOf('delivery_attempts')).toEqual(['postgres']);
    await stop();
    const unfinished = Array.from({ length: 3 }, () => attemptOf());
    await stack.addRecords('delivery_attempts', unfinished.map(toJson));
    await take('dual_write');
    stack.startWorker();
    await stack.drained();
    const [first] = await stack.attemptsIn('clickhouse').then((rows) => [new Set(rows)]);
    for (const { id } of unfinished) expect([...(first ?? [])].some((row) => row.includes(id))).toBe(true);
  });

  test('show in the status with the sinks that are written', async () => {
    stack.startWorker();
    await until('the groups', async () => (await stack.groupsOf('events')).length === 1);
    const status = await readMigrationStatus(moveServices(stack));
    expect(status).toMatchObject({
      phase: 'postgres',
      readsFrom: 'postgres',
      writesTo: ['postgres'],
      backfill: [],
      verifiedAt: null,
      differences: null,
      deadLetters: 0,
    });
    expect(status.sinks.map(({ store, stream }) => `${store} ${stream}`)).toEqual([
      'postgres events',
      'postgres delivery_attempts',
    ]);
    await take('dual_write');
    const after = await readMigrationStatus(moveServices(stack));
    expect(after.sinks).toHaveLength(4);
  });
});

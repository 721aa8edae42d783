import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { planBackfill } from '../../src/migration/backfill/plan.js';
import { runBackfill } from '../../src/migration/backfill/run.js';
import { STREAMS } from '../../src/records/names.js';
import { DAY_MS } from '../../src/records/time-range.js';
import { BackfillStore } from '../../src/stores/postgres/backfill-store.js';
import { attemptOf, eventOf, freshIngestStack, type IngestStack, toJson } from '../support/ingest.js';
import { fillInUsers, insertLegacyHistory, LEGACY_USERS } from '../support/legacy-history.js';
import { moveServices, runCli, setPhase } from '../support/move.js';

const everything = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };

// Each test makes two databases and runs several commands.
jest.setTimeout(180_000);

describe('the backfill', () => {
  let stack: IngestStack;
  const run = (options: Partial<Parameters<typeof runBackfill>[1]> = {}) =>
    runBackfill(moveServices(stack), {
      tables: STREAMS,
      range: everything,
      share: 1,
      onProgress: () => undefined,
      ...options,
    });
  const sql = (text: string, values: readonly unknown[] = []) =>
    stack.postgres.query({ name: 'test_sql', text, values });
  /** Both stores hold the same, whatever Postgres writes differently. */
  const expectSame = async () => {
    await fillInUsers(stack.postgres);
    const lower = (rows: readonly string[]) => rows.map((row) => row.toLowerCase().replaceAll('\\n', '\\N')).sort();
    expect(differing(await stack.attemptsIn('clickhouse'), await stack.attemptsIn('postgres'))).toEqual([]);
    expect(differing(await stack.eventsIn('clickhouse'), lower(await stack.eventsIn('postgres')))).toEqual([]);
    await stack.expectExactRollups();
  };

  beforeEach(async () => {
    stack = await freshIngestStack();
    await setPhase(stack, 'dual_write');
  });
  afterEach(() => stack.close());

  test('copies what an older system left, to the millisecond, while traffic goes on', async () => {
    await insertLegacyHistory(stack.postgres, { days: 4, perDay: 500 });
    stack.startWorker();
    const traffic = Array.from({ length: 50 }, (_, index) =>
      attemptOf({ user_id: LEGACY_USERS[0]?.userId ?? '', created_at: Date.now() - (index % 4) * DAY_MS - 5_000 }),
    );
    await stack.addRecords('delivery_attempts', traffic.map(toJson));
    await stack.addRecords('events', [toJson(eventOf())]);
    const [events, attempts] = await run();
    await stack.drained();
    expect(events).toMatchObject({ table: 'events', rowsRejected: 0, finishedAt: expect.any(Number) });
    expect(attempts).toMatchObject({ table: 'delivery_attempts', rowsRejected: 0, finishedAt: expect.any(Number) });
    expect(attempts?.rowsDone).toBeGreaterThanOrEqual(2_000);
    await expectSame();
    // Once more there is nothing to do.
    expect((await run()).map(({ rowsDone }) => rowsDone)).toEqual([events?.rowsDone, attempts?.rowsDone]);
  });

  test('lists what cannot be moved with a reason, and what is older than the retention by day', async () => {
    const old = new Date(Date.now() - 40 * DAY_MS).toISOString();
    const [endpoint] = LEGACY_USERS[0]?.endpointIds ?? [];
    await insertLegacyHistory(stack.postgres, { days: 1, perDay: 20 });
    const attempt = `INSERT INTO delivery_attempts (event_id, endpoint_id, id, attempt_number, status, http_status_code,
      response_time_ms, error_message, created_at, updated_at) VALUES (gen_random_uuid(), `;
    await sql(`${attempt} gen_random_uuid(), $1, 1, 'success', 200, 1, NULL, now(), now())`, [id(1)]);
    await sql(`${attempt} $1, $2, 0, 'success', 200, 1, NULL, now(), now())`, [endpoint, id(2)]);
    await sql(`${attempt} $1, $2, 1, 'retrying', 200, 1, NULL, now(), now())`, [endpoint, id(3)]);
    await sql(`${attempt} $1, $2, 1, 'failed', 999, 1, NULL, now(), now())`, [endpoint, id(4)]);
    await sql(`${attempt} $1, $2, 1, 'failed', 500, -1, NULL, now(), now())`, [endpoint, id(5)]);
    await sql(`${attempt} $1, $2, 1, 'failed', 500, 1, repeat('ü', 40000), now(), now())`, [endpoint, id(6)]);
    await sql(`${attempt} $1, $2, 1, 'failed', 500, 1, NULL, now(), 'infinity')`, [endpoint, id(7)]);
    await sql(`${attempt} $1, $2, 1, 'failed', 500, 1, NULL, $3, $3)`, [endpoint, id(8), old]);
    await sql(`${attempt} $1, $2, 1, 'failed', 500, 1, NULL, 'infinity', now())`, [endpoint, id(9)]);
    await sql(`${attempt} $1, $2, 1, 'failed', 500, 1, NULL, '2106-01-20Z', now())`, [endpoint, id(10)]);
    await sql(`${attempt} $1, $2, 1, 'failed', 500, 1, NULL, '12026-01-01Z', now())`, [endpoint, id(11)]);
    await sql(`${attempt} $1, $2, 1, 'failed', 500, 1, NULL, '0044-03-15Z BC', now())`, [endpoint, id(12)]);
    await sql(`INSERT INTO events (id, block_hash) VALUES ($1, '0x12')`, [id(1)]);
    await sql(`INSERT INTO events (id, ingested_at) VALUES ($1, '-infinity')`, [id(5)]);
    const [, planned] = await planBackfill(moveServices(stack), Date.now());
    expect(planned).toMatchObject({ table: 'delivery_attempts', unmovable: 4 });
    await sql(`INSERT INTO events (id, data) VALUES ($1, '0x123')`, [id(2)]);
    await sql(`INSERT INTO events (id, topic2) VALUES ($1, '0x' || repeat('a', 64))`, [id(3)]);
    await sql(`INSERT INTO events (id, chain_id) VALUES ($1, 0)`, [id(4)]);
    stack.startWorker();
    const tables = await run();
    expect(tables.map(({ table, rowsDone, rowsRejected }) => [table, rowsDone, rowsRejected])).toEqual([
      ['events', 20, 5],
      ['delivery_attempts', 20, 12],
    ]);
    const store = new BackfillStore(stack.postgres);
    expect((await store.rejections(100)).map((row) => [row.table, row.id, row.reason]).sort()).toEqual([
      ['delivery_attempts', id(1), 'user_id: is null, and its endpoint or application is gone'],
      ['delivery_attempts', id(2), 'attempt_number: must be between 1 and 255'],
      ['delivery_attempts', id(3), 'status: must be one of pending, success, failed, expired'],
      ['delivery_attempts', id(4), 'http_status_code: must be between 100 and 599'],
      ['delivery_attempts', id(5), 'response_time_ms: must be between 0 and 4294967295'],
      ['delivery_attempts', id(6), 'error_message: must be at most 65536 bytes'],
      ['delivery_attempts', id(7), 'updated_at: must be between the years 1970 and 2094'],
      ...[9, 10, 11, 12].map((row) => [
        'delivery_attempts',
        id(row),
        'created_at: must be between the years 1970 and 2094',
      ]),
      ['events', id(1), 'block_hash: must be 0x and 64 hex digits'],
      ['events', id(2), 'data: must be 0x and an even number of hex digits'],
      ['events', id(3), 'topic2: must be null where topic1 is null'],
      ['events', id(4), 'chain_id: must be between 1 and 4294967295'],
      ['events', id(5), 'ingested_at: must be between the years 1970 and 2094'],
    ]);
    expect(await store.expired()).toMatchObject([{ table: 'delivery_attempts', rows: 1 }]);
    const listed = await runCli(stack, 'backfill', '--rejected');
    expect(listed.output).toContain('1 rows: older than the retention');
    expect(listed.output).toContain(`${id(1)}  user_id: is null`);
    expect(listed.output).toContain(`infinity  ${id(9)}  created_at`);
    expect(listed.output).toContain(`2106-01-20T00:00:00.000Z  ${id(10)}  created_at`);
    expect(await stack.attemptsIn('clickhouse')).toHaveLength(20);
  });

  test('killed before it noted a chunk, lists what could not be moved then and can be now no longer', async () => {
    await insertLegacyHistory(stack.postgres, { days: 1, perDay: 20 });
    const store = new BackfillStore(stack.postgres);
    await sql('UPDATE delivery_attempts SET attempt_number = 0');
    stack.startWorker();
    await run();
    expect(await store.rejections(100)).toHaveLength(20);
    await sql('UPDATE delivery_attempts SET attempt_number = 1');
    await sql('UPDATE backfill_chunks SET finished_at = NULL, rows_copied = NULL, rows_rejected = NULL');
    await run();
    expect(await store.rejections(100)).toEqual([]);
    await expectSame();
  });

  test('goes on where it was killed, at whichever moment', async () => {
    await insertLegacyHistory(stack.postgres, { days: 3, perDay: 300 });
    stack.startWorker();
    for (let kill = 0; kill < 5; kill++) {
      const controller = new AbortController();
      let steps = 0;
      const services = { ...moveServices(stack), signal: controller.signal };
      const killed = runBackfill(services, {
        tables: STREAMS,
        range: everything,
        share: 1,
        onProgress: () => {
          // Once before a chunk, then between chunks: whatever is under way is given up.
          if (steps++ === kill % 3) controller.abort(new Error('killed'));
        },
      });
      await expect(killed).rejects.toThrow();
    }
    await run();
    await expectSame();
  });

  test('copies one table or one range alone where told to, and says before what there is', async () => {
    await insertLegacyHistory(stack.postgres, { days: 3, perDay: 100 });
    const plans = await planBackfill(moveServices(stack), Date.now());
    expect(plans.map(({ table, chunks }) => [table, chunks.reduce((sum, { rows }) => sum + rows, 0)])).toEqual([
      ['events', 300],
      ['delivery_attempts', 300],
    ]);
    expect(await stack.eventsIn('clickhouse')).toEqual([]);
    stack.startWorker();
    const midnight = Math.floor(Date.now() / DAY_MS) * DAY_MS;
    const [events, attempts] = await run({
      tables: ['delivery_attempts'],
      range: { from: midnight - DAY_MS, to: midnight },
    });
    expect(events).toMatchObject({ rowsDone: 0, finishedAt: null });
    expect(attempts).toMatchObject({ rowsDone: 100, finishedAt: null });
    const rest = await runCli(stack, 'backfill', '--json');
    expect({ ...rest, output: JSON.parse(rest.output) }).toMatchObject({
      code: 0,
      output: [
        { rowsDone: 300, finishedAt: expect.any(String) },
        { rowsDone: 300, finishedAt: expect.any(String) },
      ],
    });
    await expectSame();
  });

  test('does not begin before both stores are written', async () => {
    await setPhase(stack, 'postgres');
    await expect(run()).rejects.toThrow(/First: ethhook-analytics phase dual_write/);
    await setPhase(stack, 'complete');
    await expect(run()).rejects.toThrow(/nothing to copy/);
  });
});

/** What is in one list alone. */
const differing = (left: readonly string[], right: readonly string[]): string[] => {
  const [lefts, rights] = [new Set(left), new Set(right)];
  return [...left.filter((row) => !rights.has(row)), ...right.filter((row) => !lefts.has(row))];
};

const id = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

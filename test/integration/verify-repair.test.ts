import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { exclusively } from '../../src/migration/backfill/exclusively.js';
import { runBackfill } from '../../src/migration/backfill/run.js';
import { mendRows } from '../../src/migration/verify/mend-rows.js';
import { repair } from '../../src/migration/verify/repair.js';
import { runVerify } from '../../src/migration/verify/run.js';
import { STREAMS } from '../../src/records/names.js';
import { DAY_MS, startOfDay } from '../../src/records/time-range.js';
import { BackfillStore } from '../../src/stores/postgres/backfill-store.js';
import { attemptOf, freshIngestStack, type IngestStack, toJson } from '../support/ingest.js';
import { insertLegacyHistory, LEGACY_USERS } from '../support/legacy-history.js';
import { moveServices, setPhase } from '../support/move.js';
import { until } from '../support/until.js';

const everything = { from: 0, to: Number.POSITIVE_INFINITY };

// Each test makes two databases.
jest.setTimeout(180_000);

describe('the repair of what differs', () => {
  let stack: IngestStack;
  let stopWorker: () => Promise<void>;
  const compare = () =>
    runVerify(moveServices(stack), {
      tables: STREAMS,
      range: everything,
      patienceMs: 0,
      now: Date.now(),
      onProgress: () => undefined,
    });
  const named = async () =>
    (await compare()).tables.flatMap(({ differences }) =>
      differences.map(({ id, kind, columns }) => [id, kind, columns]),
    );
  const mend = async () => repair(moveServices(stack), await compare(), everything);
  const backfill = () =>
    runBackfill(moveServices(stack), { tables: STREAMS, range: everything, share: 1, onProgress: () => undefined });
  const sql = <Row extends Record<string, unknown>>(text: string, values: readonly unknown[] = []) =>
    stack.postgres.query<Row>({ name: 'test_sql', text, values });
  const oldest = async (where: string): Promise<string> =>
    (
      await sql<{ id: string }>(
        `SELECT id FROM delivery_attempts WHERE ${where} AND error_message IS NULL ORDER BY created_at LIMIT 1`,
      )
    )[0]?.id ?? '';

  beforeEach(async () => {
    stack = await freshIngestStack();
    await setPhase(stack, 'dual_write');
    await insertLegacyHistory(stack.postgres, { days: 2, perDay: 100 });
    stopWorker = stack.startWorker();
  });
  afterEach(() => stack.close());

  test('keeps the attempts of an endpoint that was deleted after they were copied, and restores their user', async () => {
    await backfill();
    const [attempt] = await sql<{ endpoint_id: string }>(
      'SELECT endpoint_id FROM delivery_attempts WHERE user_id IS NULL',
    );
    const endpointId = attempt?.endpoint_id ?? '';
    const owner = LEGACY_USERS.find(({ endpointIds }) => endpointIds.includes(endpointId));
    const ownerless = await sql<{ id: string }>(
      'SELECT id FROM delivery_attempts WHERE user_id IS NULL AND endpoint_id = $1 ORDER BY id',
      [endpointId],
    );
    expect(ownerless.length).toBeGreaterThan(10);
    await sql('DELETE FROM endpoints WHERE id = $1', [endpointId]);
    expect((await named()).sort()).toEqual(ownerless.map(({ id }) => [id, 'changed', ['user_id']]));
    await mend();
    expect(await named()).toEqual([]);
    expect(await stack.attemptsIn('clickhouse')).toHaveLength(200);
    const ids = ownerless.map(({ id }) => id);
    expect(await sql('SELECT DISTINCT user_id FROM delivery_attempts WHERE id = ANY($1)', [ids])).toEqual([
      { user_id: owner?.userId },
    ]);
  });

  test('leaves in ClickHouse what Postgres has in a form that cannot be moved, and goes on naming it', async () => {
    await backfill();
    const id = await oldest('user_id IS NOT NULL');
    await sql('UPDATE delivery_attempts SET attempt_number = 0 WHERE id = $1', [id]);
    expect(await named()).toEqual([[id, 'changed', ['attempt_number']]]);
    await mend();
    expect(await named()).toEqual([[id, 'changed', ['attempt_number']]]);
    expect(await stack.attemptsIn('clickhouse')).toHaveLength(200);
  });

  test('copies a row that could not be moved and now can, and leaves the other rejections of its day listed', async () => {
    const first = await oldest('user_id IS NOT NULL');
    await sql(
      `UPDATE delivery_attempts SET attempt_number = 0 WHERE created_at < (
        SELECT created_at + interval '4 hours' FROM delivery_attempts WHERE id = $1)`,
      [first],
    );
    await backfill();
    const store = new BackfillStore(stack.postgres);
    const listed = (await store.rejections(1_000)).length;
    expect(listed).toBeGreaterThan(4);
    expect(await named()).toEqual([]);
    await sql('UPDATE delivery_attempts SET attempt_number = 1 WHERE id = $1', [first]);
    expect(await named()).toEqual([[first, 'missing', []]]);
    await mend();
    expect(await named()).toEqual([]);
    expect(await store.rejections(1_000)).toHaveLength(listed - 1);
  });

  test('writes a row anew that ClickHouse has in a later version or under another key', async () => {
    await backfill();
    const [later, moved] = await Promise.all([oldest('user_id IS NOT NULL'), oldest('user_id IS NULL')]);
    const change = (id: string, replacement: string) =>
      stack.clickhouse.command({
        name: 'test',
        query: `INSERT INTO delivery_attempts SELECT * REPLACE (${replacement}) FROM delivery_attempts FINAL WHERE id = '${id}'`,
      });
    await change(later, 'updated_at + toIntervalHour(1) AS updated_at, toUInt16(418) AS http_status_code');
    await change(moved, 'created_at + toIntervalHour(1) AS created_at');
    const kinds = new Map((await named()).map(([id, kind]) => [id, kind]));
    expect(kinds.get(later)).toBe('changed');
    expect(kinds.get(moved)).toBe('extra');
    await mend();
    expect(await named()).toEqual([]);
    await stack.expectExactRollups();
  });

  test('of a part copies a row to the day that Postgres has it on, which it leaves in ClickHouse', async () => {
    await backfill();
    const id = await oldest('user_id IS NOT NULL');
    await stack.clickhouse.command({
      name: 'test',
      query: `INSERT INTO delivery_attempts SELECT * REPLACE (created_at + toIntervalDay(1) AS created_at)
        FROM delivery_attempts FINAL WHERE id = '${id}'`,
    });
    await stack.clickhouse.command({
      name: 'test',
      query: `DELETE FROM delivery_attempts WHERE id = '${id}' AND created_at <
      (SELECT max(created_at) FROM delivery_attempts WHERE id = '${id}')`,
    });
    const [row] = await sql<{ created_at: number }>('SELECT created_at FROM delivery_attempts WHERE id = $1', [id]);
    const later = startOfDay(row?.created_at ?? 0) + DAY_MS;
    await repair(moveServices(stack), await compare(), { from: later, to: later + DAY_MS });
    expect(await named()).toEqual([]);
  });

  test('keeps what came by the streams and is too large for the columns of Postgres', async () => {
    await backfill();
    await sql('ALTER TABLE delivery_attempts ALTER COLUMN response_time_ms TYPE integer');
    const tooLarge = attemptOf({ response_time_ms: 2 ** 31 });
    const pending = attemptOf({ status: 'pending', http_status_code: null, response_time_ms: null });
    await stack.addRecords('delivery_attempts', [toJson(tooLarge), toJson(pending)]);
    await stack.drained();
    const ended = {
      ...pending,
      status: 'success',
      response_time_ms: 2 ** 31,
      updated_at: pending.updated_at + 1,
    } as const;
    await stack.addRecords('delivery_attempts', [toJson(ended)]);
    await stack.drained();
    expect(await stack.deadLetters()).toHaveLength(2);
    const found = async () => {
      const [, attempts] = (await compare()).tables;
      return { kinds: await named(), rejected: attempts?.rejected };
    };
    const expected = {
      kinds: [[pending.id, 'changed', expect.arrayContaining(['status', 'response_time_ms'])]],
      rejected: [{ id: tooLarge.id, day: startOfDay(tooLarge.created_at), columns: ['response_time_ms'] }],
    };
    expect(await found()).toMatchObject(expected);
    await mend();
    expect(await found()).toMatchObject(expected);
    expect(await stack.attemptsIn('clickhouse')).toHaveLength(202);
  });

  test('keeps the phase from the last look at the rows until they are mended', async () => {
    await backfill();
    const id = await oldest('user_id IS NOT NULL');
    await sql('UPDATE delivery_attempts SET response_time_ms = 4321 WHERE id = $1', [id]);
    const services = moveServices(stack);
    const [difference] = (await compare()).tables.flatMap(({ differences }) => differences);
    await stopWorker();
    // Until somebody reads it, no row can be told from one that is on its way.
    await stack.addRecords('delivery_attempts', [toJson(attemptOf())]);
    const day = difference?.day ?? 0;
    const wanted = { table: 'delivery_attempts', range: { from: day, to: day + DAY_MS } } as const;
    const mended = exclusively(services, (copy) =>
      mendRows(services, copy, wanted, difference === undefined ? [] : [difference]),
    );
    await until('the phase is held', () =>
      sql('SELECT FROM migration_phase FOR UPDATE NOWAIT').then(
        () => false,
        () => true,
      ),
    );
    stack.startWorker();
    await mended;
    await sql('SELECT FROM migration_phase FOR UPDATE NOWAIT');
    expect(await named()).toEqual([]);
  });

  test('is refused where reads have gone to ClickHouse since the comparison', async () => {
    await backfill();
    const id = await oldest('user_id IS NOT NULL');
    await sql('UPDATE delivery_attempts SET response_time_ms = 4321 WHERE id = $1', [id]);
    const report = await compare();
    await setPhase(stack, 'cutover');
    await expect(repair(moveServices(stack), report, everything)).rejects.toThrow(/ethhook-analytics rollback/);
    expect(await named()).toEqual([[id, 'changed', ['response_time_ms']]]);
  });
});

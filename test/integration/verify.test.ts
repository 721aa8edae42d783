import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { auditAllDays } from '../../src/migration/backfill/rollups.js';
import { runBackfill } from '../../src/migration/backfill/run.js';
import { differencesIn } from '../../src/migration/verify/report.js';
import { runVerify } from '../../src/migration/verify/run.js';
import { STREAMS } from '../../src/records/names.js';
import { lastVerification } from '../../src/stores/postgres/verification-store.js';
import { attemptOf, freshIngestStack, type IngestStack, toJson } from '../support/ingest.js';
import { insertLegacyHistory, LEGACY_USERS } from '../support/legacy-history.js';
import { moveServices, runCli, setPhase } from '../support/move.js';

const everything = { from: 0, to: Number.POSITIVE_INFINITY };

describe('the comparison of both stores', () => {
  let stack: IngestStack;
  const compare = () =>
    runVerify(moveServices(stack), {
      tables: STREAMS,
      range: everything,
      patienceMs: 0,
      now: Date.now(),
      onProgress: () => undefined,
    });
  const sql = (text: string) => stack.postgres.query<{ id: string }>({ name: 'test_sql', text });
  const columns = (query: string) => stack.clickhouse.command({ name: 'test', query });
  /** Two rows in the middle of the history. */
  const twoRowsOf = async (table: string, time: string): Promise<string[]> =>
    (await sql(`SELECT id FROM ${table} ORDER BY ${time} OFFSET 333 LIMIT 2`)).map(({ id }) => id);

  beforeAll(async () => {
    stack = await freshIngestStack();
    await setPhase(stack, 'dual_write');
    await insertLegacyHistory(stack.postgres, { days: 3, perDay: 300 });
    const stop = stack.startWorker();
    await runBackfill(moveServices(stack), {
      tables: STREAMS,
      range: { from: 0, to: 9e15 },
      share: 1,
      onProgress: () => undefined,
    });
    const traffic = Array.from({ length: 20 }, () => attemptOf({ user_id: LEGACY_USERS[1]?.userId ?? '' }));
    await stack.addRecords('delivery_attempts', traffic.map(toJson));
    await stack.drained();
    // From here on nothing mends what the tests spoil.
    await stop();
  }, 120_000);
  afterAll(() => stack.close());
  test('finds none where there is none, and notes it for the gates', async () => {
    const report = await compare();
    expect(report).toMatchObject({
      complete: true,
      tables: [
        { table: 'events', rows: 900, differences: [] },
        { table: 'delivery_attempts', rows: 920, differences: [] },
      ],
      sums: { differences: [] },
      answers: { differences: [] },
    });
    expect(report.answers.asked).toBeGreaterThan(20);
    expect(await lastVerification(stack.postgres)).toMatchObject({
      complete: true,
      comparedRows: 1_820,
      differences: 0,
    });
  });

  test('names every changed, missing and extra row and a rollup that counts twice, and the command mends them', async () => {
    const expected: (readonly string[])[] = [];
    for (const [table, time, change, column] of [
      ['delivery_attempts', 'created_at', 'response_time_ms = 4321', 'response_time_ms'],
      ['events', 'ingested_at', 'log_index = 4321', 'log_index'],
    ] as const) {
      const [changed = '', missing = ''] = await twoRowsOf(table, time);
      await sql(`UPDATE ${table} SET ${change} WHERE id = '${changed}'`);
      await columns(`DELETE FROM ${table} WHERE id = '${missing}'`);
      const extra = '00000000-0000-4000-8000-00000000e111';
      await columns(`INSERT INTO ${table} SELECT * REPLACE ('${extra}' AS id) FROM ${table} LIMIT 1`);
      expected.push([table, changed, 'changed', column], [table, missing, 'missing'], [table, extra, 'extra']);
    }
    await auditAllDays(moveServices(stack));
    const userId = LEGACY_USERS[0]?.userId ?? '';
    await columns(`INSERT INTO delivery_stats_hourly SELECT * FROM delivery_stats_hourly FINAL
      WHERE user_id = '${userId}' AND toDate(hour) = yesterday() SETTINGS insert_deduplicate = 0`);

    const report = await compare();
    const rows = report.tables.flatMap(({ differences }) =>
      differences.map(({ table, id, kind, columns: differing }) => [table, id, kind, ...differing]),
    );
    expect(rows.sort()).toEqual(expected.sort());
    expect(report.sums.differences).toMatchObject([{ userId, rollups: ['hourly'] }]);
    expect(await lastVerification(stack.postgres)).toMatchObject({ differences: differencesIn(report) });

    const found = await runCli(stack, 'verify', '--patience', '0');
    expect(found.code).toBe(1);
    for (const [, id = ''] of expected) expect(found.output).toContain(id);
    expect(found.output).toContain(`user ${userId}  hourly`);
    expect(found.errors).toContain('verify --repair');

    const mended = await runCli(stack, 'verify', '--repair', '--patience', '0', '--json');
    expect({ ...mended, output: JSON.parse(mended.output) }).toMatchObject({ code: 0, output: { differences: 0 } });
    await stack.expectExactRollups();
  }, 180_000);

  test('repairs ClickHouse only while Postgres is what is read', async () => {
    await setPhase(stack, 'cutover');
    expect((await runCli(stack, 'verify', '--repair')).errors).toContain('ethhook-analytics rollback');
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { runBackfill } from '../../src/migration/backfill/run.js';
import { differencesIn } from '../../src/migration/verify/report.js';
import { runVerify } from '../../src/migration/verify/run.js';
import { STREAMS, type StreamName } from '../../src/records/names.js';
import { freshIngestStack, type IngestStack } from '../support/ingest.js';
import { insertLegacyHistory } from '../support/legacy-history.js';
import { moveServices, runCli, setPhase } from '../support/move.js';
import { until } from '../support/until.js';

// Each test makes two databases and runs several processes.
jest.setTimeout(300_000);

describe('the backfill under kill -9', () => {
  let stack: IngestStack;
  const differences = async () =>
    differencesIn(
      await runVerify(moveServices(stack), {
        tables: STREAMS,
        range: { from: 0, to: Number.POSITIVE_INFINITY },
        patienceMs: 0,
        now: Date.now(),
        onProgress: () => undefined,
      }),
    );
  const backfillTables = async () =>
    (
      await stack.clickhouse.query<{ name: string }>({
        name: 'test',
        query: `SELECT name FROM system.tables
          WHERE database = currentDatabase() AND startsWith(name, 'delivery_attempts_backfill')`,
      })
    ).map(({ name }) => name);
  /** Whether rows of a table are on their way out of Postgres and some have come in. */
  const inChunk = async (table: StreamName): Promise<boolean> => {
    const copies = await stack.postgres.query({
      name: 'test_copies',
      text: `SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '/* copy_${table} */%' AND state = 'active'`,
    });
    return copies.length > 0;
  };

  beforeEach(async () => {
    stack = await freshIngestStack();
    await setPhase(stack, 'dual_write');
    await insertLegacyHistory(stack.postgres, { days: 2, perDay: 40_000 });
    stack.startWorker();
  });
  afterEach(() => stack.close());

  test('in the middle of a chunk, and again, loses no row, doubles none and leaves nothing behind', async () => {
    for (const table of ['events', 'events', 'delivery_attempts', 'delivery_attempts', 'delivery_attempts'] as const) {
      const child = spawn(process.execPath, ['dist/src/main.js', 'backfill', '--share', '0.1', '--table', table], {
        env: { PATH: process.env['PATH'], ...stack.environment },
        stdio: 'ignore',
      });
      const ended = once(child, 'exit');
      await until(`rows of ${table} are on their way`, () => inChunk(table), 60);
      child.kill('SIGKILL');
      expect((await ended)[1]).toBe('SIGKILL');
    }
    expect((await backfillTables()).length).toBeGreaterThan(0);
    const rest = await runCli(stack, 'backfill', '--json');
    expect({ ...rest, output: JSON.parse(rest.output) }).toMatchObject({
      code: 0,
      output: [
        { rowsDone: 80_000, rowsRejected: 0, finishedAt: expect.any(String) },
        { rowsDone: 80_000, rowsRejected: 0, finishedAt: expect.any(String) },
      ],
    });
    expect(await backfillTables()).toEqual([]);
    expect(await differences()).toBe(0);
    await stack.expectExactRollups();
  });

  test('attaches nothing once it may no longer be alone, and goes on in another run', async () => {
    let isCut = false;
    const options = { range: { from: 0, to: Number.POSITIVE_INFINITY }, share: 1 };
    const cut = async () => {
      isCut = true;
      await stack.postgres.query({
        name: 'test_cut',
        text: `SELECT pg_terminate_backend(pid) FROM pg_locks
          WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      });
    };
    const run = runBackfill(moveServices(stack), {
      ...options,
      tables: ['delivery_attempts'],
      onProgress: () => {
        if (!isCut) void cut();
      },
    });
    await expect(run).rejects.toThrow(/kept other backfills away is gone/);
    expect(await stack.attemptsIn('clickhouse')).toEqual([]);
    await runBackfill(moveServices(stack), { ...options, tables: STREAMS, onProgress: () => undefined });
    expect(await differences()).toBe(0);
  });
});

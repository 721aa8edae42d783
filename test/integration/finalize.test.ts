import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { attemptOf, eventOf, freshIngestStack, type IngestStack, toJson } from '../support/ingest.js';
import { runCli } from '../support/move.js';

// Each test makes two databases, and some run commands.
jest.setTimeout(180_000);

describe('the finalize command', () => {
  let stack: IngestStack;
  let folder: string;
  const tables = () =>
    stack.postgres.query<{ name: string }>({
      name: 'test_tables',
      text: `SELECT relname AS name FROM pg_class WHERE relname IN ('events', 'delivery_attempts') ORDER BY 1`,
    });

  beforeEach(async () => {
    stack = await freshIngestStack();
    folder = mkdtempSync(join(tmpdir(), 'ethhook-finalize-'));
    stack.startWorker();
    const message = 'tab\t, backslash \\ and\nnew line';
    await stack.addRecords('events', [toJson(eventOf())]);
    await stack.addRecords('delivery_attempts', [toJson(attemptOf({ error_message: message })), toJson(attemptOf())]);
    await stack.drained();
  });
  afterEach(async () => {
    rmSync(folder, { recursive: true });
    await stack.close();
  });

  test('dumps the old tables, restores the dump, compares it and drops them', async () => {
    const backup = join(folder, 'history.sql');
    expect(await runCli(stack, 'finalize', '--drop-postgres-tables')).toMatchObject({ code: 2 });
    const refused = await runCli(stack, 'finalize', '--drop-postgres-tables', '--backup', backup);
    expect(refused.code).toBe(1);
    expect(refused.errors).toContain('[ ] 7 days of grace since cutover');
    expect(await tables()).toHaveLength(2);

    const args = ['finalize', '--force', '--drop-postgres-tables', '--backup', backup, '--json'];
    const done = await runCli(stack, ...args);
    expect({ ...done, output: JSON.parse(done.output) }).toMatchObject({
      code: 0,
      output: {
        outcome: 'taken',
        drop: {
          backup,
          tables: [
            { table: 'events', rows: 1 },
            { table: 'delivery_attempts', rows: 2 },
          ],
        },
      },
    });
    expect(await tables()).toEqual([]);
    const dump = readFileSync(backup, 'utf8');
    expect(dump).toContain('tab\\t, backslash \\\\ and\\nnew line');
    expect(dump).toContain('ADD CONSTRAINT delivery_attempts_pkey PRIMARY KEY (id);');
    expect((await runCli(stack, 'rollback')).errors).toContain('There is no way from complete to dual_write');
  });

  test('drops nothing while somebody still uses the tables', async () => {
    const backup = join(folder, 'history.sql');
    await stack.postgres.withConnection('test_reader', async (reader) => {
      await reader.query({ name: 'test_begin', text: 'BEGIN' });
      await reader.query({ name: 'test_hold', text: 'SELECT count(*) FROM events' });
      const held = await runCli(stack, 'finalize', '--force', '--drop-postgres-tables', '--backup', backup);
      expect(held.code).toBe(1);
      expect(await tables()).toHaveLength(2);
      await reader.query({ name: 'test_commit', text: 'COMMIT' });
    });
    expect((await runCli(stack, 'finalize', '--drop-postgres-tables', '--backup', backup)).errors).toContain(
      'is there already',
    );
    const again = await runCli(stack, 'finalize', '--drop-postgres-tables', '--backup', `${backup}.2`);
    expect(again).toMatchObject({ code: 0, errors: expect.not.stringContaining('error') });
    expect(await tables()).toEqual([]);
  });
});

import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { dumpHistory } from '../../src/migration/history-dump.js';
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

  test('drops an empty table too, whatever dates the database prefers and whatever a killed run has left', async () => {
    const backup = join(folder, 'history.sql');
    const [row] = await stack.postgres.query<{ name: string }>({
      name: 'test_database',
      text: 'SELECT current_database() AS name',
    });
    const sql = (text: string) => stack.postgres.query({ name: 'test_sql', text });
    await sql('TRUNCATE events');
    await sql(`ALTER DATABASE ${row?.name} SET DateStyle = 'SQL, DMY'`);
    // As a run that was killed leaves it.
    const scratch = `ethhook_scratch_${createHash('md5')
      .update(row?.name ?? '')
      .digest('hex')}`;
    await sql(`CREATE DATABASE ${scratch}`);
    await sql('CREATE EXTENSION pg_trgm');
    await sql('CREATE INDEX legacy_messages ON delivery_attempts USING gin (error_message gin_trgm_ops)');
    await sql("CREATE FUNCTION legacy_status() RETURNS text LANGUAGE sql AS 'SELECT ''pending'''");
    await sql('ALTER TABLE delivery_attempts ALTER COLUMN status SET DEFAULT legacy_status()');
    const done = await runCli(stack, 'finalize', '--force', '--drop-postgres-tables', '--backup', backup);
    expect(done).toMatchObject({ code: 0, errors: expect.not.stringContaining('error') });
    expect(done.output).toContain('events (0 rows) and delivery_attempts (2 rows) were dropped');
    expect(await tables()).toEqual([]);
    expect(await sql(`SELECT FROM pg_database WHERE datname = '${scratch}'`)).toEqual([]);
    const dump = readFileSync(backup, 'utf8');
    expect(dump).toContain('CREATE EXTENSION IF NOT EXISTS pg_trgm;');
    expect(dump).toContain(`\t${new Date().getUTCFullYear()}-`);
  });

  test('leaves no part of a dump behind that could not be written', async () => {
    await stack.postgres.query({ name: 'test_rename', text: 'ALTER TABLE delivery_attempts RENAME TO elsewhere' });
    await expect(dumpHistory(stack.postgres, join(folder, 'history.sql'), Date.now())).rejects.toThrow();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('drops nothing while somebody still uses the tables', async () => {
    const backup = join(folder, 'history.sql');
    await stack.postgres.withConnection('test_reader', async (reader) => {
      await reader.query({ name: 'test_begin', text: 'BEGIN' });
      await reader.query({ name: 'test_hold', text: 'SELECT count(*) FROM events' });
      const held = await runCli(stack, 'finalize', '--force', '--drop-postgres-tables', '--backup', backup);
      expect(held.code).toBe(1);
      expect(held.errors).toContain('The step to complete has been taken, but the tables were not dropped.');
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

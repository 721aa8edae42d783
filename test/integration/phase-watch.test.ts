import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { watchPhase } from '../../src/migration/phase-watch.js';
import { migrateUp } from '../../src/migration/schema-runner.js';
import { PostgresDatabase } from '../../src/stores/postgres/database.js';
import { PhaseStore } from '../../src/stores/postgres/phase-store.js';
import { freshClickHouse, freshPostgres } from '../support/servers.js';
import { until } from '../support/until.js';

const logger = pino({ level: 'silent' });

describe('watching the phase of the move', () => {
  let fresh: Awaited<ReturnType<typeof freshPostgres>>[];
  let database: PostgresDatabase;
  let stop: AbortController;
  const run = (text: string): Promise<object[]> => database.query({ name: 'change', text });

  beforeEach(async () => {
    const [sql, columns] = await Promise.all([freshPostgres(), freshClickHouse()]);
    fresh = [sql, columns];
    stop = new AbortController();
    database = new PostgresDatabase(sql.url, { applicationName: 'test' });
    await migrateUp({
      postgresUrl: sql.url,
      clickhouseUrl: columns.url,
      retention: { eventsDays: 90, attemptsDays: 30 },
      logger,
    });
  });

  afterEach(async () => {
    stop.abort();
    await database.close();
    await Promise.all(fresh.map(({ drop }) => drop()));
  });

  test('starts with the phase of the database and tells each later one', async () => {
    const told: string[] = [];
    const watch = await watchPhase(new PhaseStore(database), {
      logger,
      signal: stop.signal,
      intervalMs: 10,
      onChange: (next, previous) => told.push(`${previous.phase} -> ${next.phase}`),
    });
    expect(watch.current()).toEqual({ phase: 'cutover', since: expect.any(Number) });
    await run("UPDATE migration_phase SET phase = 'complete', since = '2026-01-01Z'");
    await until('complete', () => watch.current().phase === 'complete');
    expect(watch.current().since).toBe(Date.parse('2026-01-01T00:00:00Z'));
    await run("UPDATE migration_phase SET phase = 'cutover'");
    await until('cutover', () => watch.current().phase === 'cutover');
    expect(told).toEqual(['cutover -> complete', 'complete -> cutover']);
    stop.abort();
    await watch.stopped;
  });

  test('follows by itself where no interval is given', async () => {
    const watch = await watchPhase(new PhaseStore(database), { logger, signal: stop.signal });
    await run("UPDATE migration_phase SET phase = 'complete'");
    await until('complete', () => watch.current().phase === 'complete');
  });

  test('keeps the last phase while it cannot be read, and follows again afterwards', async () => {
    const warnings: string[] = [];
    const heard = pino({ level: 'warn' }, { write: (line: string) => void warnings.push(line) });
    const watch = await watchPhase(new PhaseStore(database), { logger: heard, signal: stop.signal, intervalMs: 10 });
    await run('ALTER TABLE migration_phase RENAME TO away');
    await until('a failed read', () => warnings.length > 0);
    expect(watch.current().phase).toBe('cutover');
    await run("UPDATE away SET phase = 'complete'");
    await run('ALTER TABLE away RENAME TO migration_phase');
    await until('complete', () => watch.current().phase === 'complete');
    expect(warnings).toHaveLength(1);
  });

  test('does not start on a phase that cannot be read', async () => {
    await run('DELETE FROM migration_phase');
    await expect(watchPhase(new PhaseStore(database), { logger, signal: stop.signal })).rejects.toThrow(/no row/);
  });
});

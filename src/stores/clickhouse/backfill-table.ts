import type { ClickHouseDatabase } from './database.js';

/**
 * Where attempts are put together before they become part of their table: no view counts what comes by an attached
 * partition, so that an hour's sums are never counted from two sources.
 */
export const BACKFILL_TABLE = 'delivery_attempts_backfill';

/** Makes the table, empty, as the table of the attempts is now. Fails with an UpstreamError. */
export async function emptyBackfillTable(database: ClickHouseDatabase, signal: AbortSignal): Promise<void> {
  const run = (name: string, query: string): Promise<number> => database.command({ name, query, signal });
  await run('create_backfill_table', `CREATE TABLE IF NOT EXISTS ${BACKFILL_TABLE} AS delivery_attempts`);
  await run('empty_backfill_table', `TRUNCATE TABLE ${BACKFILL_TABLE}`);
}

/**
 * Makes what was put together of one day part of the attempts, in one step. Done twice it changes nothing more: rows
 * with the same key are one.
 */
export async function attachBackfilledDay(
  database: ClickHouseDatabase,
  day: number,
  signal: AbortSignal,
): Promise<void> {
  const date = new Date(day).toISOString().slice(0, 10);
  await database.command({
    name: 'attach_backfilled_day',
    query: `ALTER TABLE delivery_attempts ATTACH PARTITION '${date}' FROM ${BACKFILL_TABLE}`,
    signal,
  });
}

export async function dropBackfillTable(database: ClickHouseDatabase): Promise<void> {
  await database.command({ name: 'drop_backfill_table', query: `DROP TABLE IF EXISTS ${BACKFILL_TABLE}` });
}

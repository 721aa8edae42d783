import { randomBytes } from 'node:crypto';
import type { ClickHouseDatabase } from './database.js';

const PREFIX = 'delivery_attempts_backfill';

/**
 * Where attempts of one day are put together before they become part of their table: no view counts what comes by an
 * attached partition, so that an hour's sums are never counted from two sources. No other backfill uses it, should this
 * one go on although it is taken for dead.
 */
export class BackfillTable {
  readonly name = `${PREFIX}_${randomBytes(6).toString('hex')}`;

  constructor(private readonly database: ClickHouseDatabase) {}

  /** Makes the table as the table of the attempts is now. Fails with an UpstreamError. */
  async create(signal: AbortSignal): Promise<void> {
    const query = `CREATE TABLE ${this.name} AS delivery_attempts`;
    await this.database.command({ name: 'create_backfill_table', query, signal });
  }

  /**
   * Makes what was put together of one day part of the attempts, in one step. Done twice it changes nothing more: rows
   * with the same key are one. Fails with an UpstreamError.
   */
  async attachDay(day: number, signal: AbortSignal): Promise<void> {
    const date = new Date(day).toISOString().slice(0, 10);
    await this.database.command({
      name: 'attach_backfilled_day',
      query: `ALTER TABLE delivery_attempts ATTACH PARTITION '${date}' FROM ${this.name}`,
      signal,
    });
  }

  /** Fails with an UpstreamError; {@link dropBackfillTables} drops what is left. */
  async drop(signal: AbortSignal): Promise<void> {
    await this.database.command({ name: 'drop_backfill_table', query: `DROP TABLE ${this.name} SYNC`, signal });
  }
}

/** Drops the tables of every backfill there was. Fails with an UpstreamError. */
export async function dropBackfillTables(database: ClickHouseDatabase): Promise<void> {
  const tables = await database.query<{ name: string }>({
    name: 'backfill_tables',
    query: 'SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, {prefix:String})',
    params: { prefix: PREFIX },
  });
  for (const { name } of tables) {
    await database.command({ name: 'drop_backfill_table', query: `DROP TABLE IF EXISTS ${name} SYNC` });
  }
}

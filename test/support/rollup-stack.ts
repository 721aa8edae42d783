import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { type AttemptRecord, attemptType } from '../../src/records/attempt.js';
import { insertBatch } from '../../src/stores/clickhouse/insert-batch.js';
import { type IngestStack, rowBinaryOf } from './ingest.js';

const never = new AbortController().signal;

/** What an audit of the rollups works with. */
export const rollupServices = ({ clickhouse, redis, names }: IngestStack) => ({
  clickhouse,
  redis,
  names,
  logger: pino({ level: 'silent' }),
  signal: never,
});

/** As a worker does, but for its manifest; with a token that was used before, as one that tries again. */
export const insertAttempts = (
  { clickhouse }: IngestStack,
  attempts: readonly AttemptRecord[],
  token: string = randomUUID(),
): Promise<void> =>
  insertBatch(clickhouse, attemptType, { rowBinary: rowBinaryOf(attemptType, attempts), token, signal: never });

/** Empties the attempts and their sums, and forgets what was audited. */
export async function forgetAttempts({ clickhouse, redis, names }: IngestStack): Promise<void> {
  for (const table of ['delivery_attempts', 'delivery_stats_hourly', 'delivery_stats_daily']) {
    await clickhouse.command({ name: 'test', query: `TRUNCATE TABLE ${table}` });
  }
  for (const key of [names.rollupMarks, names.rollupMends]) await redis.command('DEL', key);
}

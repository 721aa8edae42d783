import { startOfDay } from '../../records/time-range.js';
import { BackfillTable } from '../../stores/clickhouse/backfill-table.js';
import { insertHistory } from '../../stores/clickhouse/history-rows.js';
import {
  copyHistory,
  forgetRejections,
  type HistoryRange,
  listRejections,
} from '../../stores/postgres/history-rows.js';
import type { MoveServices } from '../move-services.js';
import type { ExclusiveCopy } from './exclusively.js';
import type { Pace } from './pace.js';

/** What became of the rows of a chunk. */
export interface CopiedChunk {
  readonly copied: number;
  readonly rejected: number;
}

/**
 * Streams the rows of a chunk from one database into the other, and lists those that cannot be moved, out of one
 * snapshot. Done twice it changes nothing more. Fails with an UpstreamError, some rows being in or not.
 */
export async function copyChunk(
  { postgres, clickhouse, signal }: MoveServices,
  { assertAlone }: ExclusiveCopy,
  chunk: HistoryRange,
  pace: Pace,
): Promise<CopiedChunk> {
  const { table, range } = chunk;
  // On a cluster a day lies on many servers and cannot be attached at once: the views count what comes, and the audit of the
  // day, which follows, takes from the sums what they have counted twice.
  const aside = table === 'delivery_attempts' && clickhouse.cluster === null ? new BackfillTable(clickhouse) : null;
  await aside?.create(signal);
  const into = aside?.name ?? table;
  const outcome = await postgres.transaction('copy_chunk', async (connection) => {
    await connection.query({ name: 'copy_snapshot', text: 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ' });
    const { rows: sent, result: copied } = await copyHistory(connection, chunk, (rows) =>
      insertHistory(clickhouse, { table, into, rows: pace.throttle(rows, signal), signal }),
    );
    // What was listed before, and can be moved now, is not on the list any more.
    await forgetRejections(connection, chunk);
    const rejected = copied < sent ? await listRejections(connection, chunk) : 0;
    if (copied + rejected === sent) return { copied, rejected };
    throw new Error(
      `${table} from ${new Date(range.from).toISOString()} to ${new Date(range.to).toISOString()}: of ${sent} rows ` +
        `ClickHouse took ${copied}, and Postgres sees ${rejected} that it cannot take`,
    );
  });
  if (aside !== null && outcome.copied > 0) {
    await assertAlone();
    await aside.attachDay(startOfDay(range.from), signal);
  }
  await aside?.drop(signal);
  return outcome;
}

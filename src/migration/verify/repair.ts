import { UserError } from '../../platform/errors.js';
import { DAY_MS } from '../../records/time-range.js';
import { dropBackfillTable } from '../../stores/clickhouse/backfill-table.js';
import { deleteHistory } from '../../stores/clickhouse/history-figures.js';
import { BackfillStore } from '../../stores/postgres/backfill-store.js';
import { PhaseStore } from '../../stores/postgres/phase-store.js';
import { copyChunk } from '../backfill/copy-chunk.js';
import { Pace } from '../backfill/pace.js';
import { auditAllDays } from '../backfill/rollups.js';
import type { MoveServices } from '../move-services.js';
import { assertSingleNode } from '../single-node.js';
import type { RowDifference, VerifyReport } from './report.js';

/** Fails with a UserError where ClickHouse is what is read: nothing tells then which store is right; and on a cluster. */
export async function assertRepairable(services: MoveServices): Promise<void> {
  assertSingleNode(services);
  const { phase } = await new PhaseStore(services.postgres).read();
  if (phase === 'dual_write') return;
  throw new UserError(
    `A repair makes ClickHouse what Postgres is, and in the phase ${phase} it is not Postgres that is read. ` +
      'Return to dual_write first with: ethhook-analytics rollback',
  );
}

/**
 * Makes the rows that differ in ClickHouse what they are in Postgres, and the sums what the attempts say. Fails with a
 * UserError where a backfill is running, and with an UpstreamError, some rows being mended.
 */
export async function repair(services: MoveServices, report: VerifyReport): Promise<void> {
  const done = await new BackfillStore(services.postgres).exclusively(async () => {
    const days = new Map<string, RowDifference[]>();
    for (const difference of report.tables.flatMap(({ differences }) => differences)) {
      const key = `${difference.table} ${difference.day}`;
      days.set(key, [...(days.get(key) ?? []), difference]);
    }
    for (const differences of days.values()) await repairDay(services, differences);
    await dropBackfillTable(services.clickhouse);
    await auditAllDays(services);
    return true;
  });
  if (done === null) throw new UserError('A backfill is running. Repair when it has ended. Nothing was changed.');
}

/** Differences of one table and day. */
async function repairDay(services: MoveServices, differences: readonly RowDifference[]): Promise<void> {
  const [first] = differences;
  if (first === undefined) return;
  const { clickhouse, signal } = services;
  const { table, day } = first;
  const wrong = differences.filter(({ kind }) => kind !== 'missing').map(({ id }) => id);
  if (wrong.length > 0) await deleteHistory(clickhouse, { table, ids: wrong, signal });
  const ids = differences.map(({ id }) => id);
  await copyChunk(services, { table, range: { from: day, to: day + DAY_MS }, ids }, new Pace(1));
}

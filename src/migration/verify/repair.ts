import { UserError } from '../../platform/errors.js';
import { startOfDay, type TimeRange } from '../../records/time-range.js';
import type { HistoryRange } from '../../stores/postgres/history-rows.js';
import { copyChunk } from '../backfill/copy-chunk.js';
import { type ExclusiveCopy, exclusively } from '../backfill/exclusively.js';
import { Pace } from '../backfill/pace.js';
import { auditAllDays } from '../backfill/rollups.js';
import type { MoveServices } from '../move-services.js';
import { compareRows } from './compare-rows.js';
import { comparedRanges } from './compared-ranges.js';
import { mendRows } from './mend-rows.js';
import { assertRepairable, whileRepairable } from './repairable.js';
import type { VerifyReport } from './report.js';

/** Rows of a day that are mended before it is compared again. */
const MENDED_AT_ONCE = 10_000;

/**
 * Compares the days of a report that differ once more, and makes ClickHouse there what Postgres is, and the sums what the
 * attempts say. Fails with a UserError where it may not, and with an UpstreamError, some rows being mended.
 */
export async function repair(services: MoveServices, report: VerifyReport, range: TimeRange): Promise<void> {
  const done = await exclusively(services, async (copy) => {
    for (const { table, differences, cutShort } of report.tables) {
      const days = new Set([...differences.map(({ day }) => day), ...cutShort]);
      if (days.size === 0) continue;
      for (const compared of await comparedRanges(services, table, { range, now: report.beganAt })) {
        if (days.has(startOfDay(compared.from))) await repairRange(services, copy, { table, range: compared });
      }
    }
    await auditAllDays(services);
    return true;
  });
  if (done === null) throw new UserError('A backfill is running. Repair when it has ended. Nothing was changed.');
}

/** Until nothing differs, or what differs cannot be mended. */
async function repairRange(services: MoveServices, copy: ExclusiveCopy, wanted: HistoryRange): Promise<void> {
  let before = new Set<string>();
  for (;;) {
    await assertRepairable(services);
    const { differences, cutShort } = await compareRows(services, wanted, MENDED_AT_ONCE);
    if (differences.every(({ id }) => before.has(id))) return;
    before = new Set(differences.map(({ id }) => id));
    const isBulk = cutShort && differences.some(({ kind }) => kind === 'missing');
    if (isBulk) await whileRepairable(services, () => copyChunk(services, copy, wanted, new Pace(1)));
    else await mendRows(services, copy, wanted, differences);
    if (!cutShort) return;
  }
}

import type { StreamName } from '../../records/names.js';
import { DAY_MS, HOUR_MS, startOfDay, type TimeRange } from '../../records/time-range.js';
import { historyDays } from '../../stores/clickhouse/history-figures.js';
import { rowsInTime } from '../../stores/postgres/history-rows.js';
import { retentionStart } from '../backfill/chunks.js';
import type { MoveServices } from '../move-services.js';

interface Wanted {
  readonly range: TimeRange;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * The days on which either store has rows, oldest first, cut to what is asked for and kept for at least another hour.
 * Fails with an UpstreamError.
 */
export async function comparedRanges(
  { postgres, clickhouse, retention, signal }: MoveServices,
  table: StreamName,
  { range, now }: Wanted,
): Promise<TimeRange[]> {
  const keptDays = { events: retention.eventsDays, delivery_attempts: retention.attemptsDays }[table];
  const keptFrom = Math.max(range.from, retentionStart(now, keptDays) + HOUR_MS);
  const { byHour } = await rowsInTime(postgres, table);
  const days = new Set([...[...byHour.keys()].map(startOfDay), ...(await historyDays(clickhouse, table, signal))]);
  return [...days]
    .sort((a, b) => a - b)
    .map((day) => ({ from: Math.max(day, keptFrom), to: Math.min(day + DAY_MS, range.to) }))
    .filter(({ from, to }) => from < to);
}

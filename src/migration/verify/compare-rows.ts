import { NO_ROWS, sameFigures } from '../../records/history-figures.js';
import * as clickhouseFigures from '../../stores/clickhouse/history-figures.js';
import * as postgresFigures from '../../stores/postgres/history-figures.js';
import type { HistoryRange } from '../../stores/postgres/history-rows.js';
import type { MoveServices } from '../move-services.js';
import { confirmedDifferences } from './confirmed-differences.js';
import type { RejectedRow, RowDifference } from './report.js';

interface ComparedRange {
  /** In Postgres. */
  readonly rows: number;
  readonly differences: readonly RowDifference[];
  readonly rejected: readonly RejectedRow[];
  /** Whether the comparison ended before the last row, because so many differ: there may be more. */
  readonly cutShort: boolean;
}

/** A comparison ends once it has found so many differences. */
const NAMED_ROWS = 1_000;
/** Rows whose hashes are held at once, a single bucket apart. */
const HASHES_AT_ONCE = 100_000;
const SUSPECTS_AT_ONCE = 1_000;

/**
 * Compares the rows of a range, which lies within one UTC day, by count and checksums, then by the checksums of
 * buckets, then by the rows of the buckets that differ. Fails with an UpstreamError, and with a UserError while a store
 * lags.
 */
export async function compareRows(
  services: MoveServices,
  wanted: HistoryRange,
  most: number = NAMED_ROWS,
): Promise<ComparedRange> {
  const { postgres, clickhouse, signal } = services;
  const [{ rows, ...ours }, theirs] = await Promise.all([
    postgresFigures.historyFigures(postgres, wanted),
    clickhouseFigures.historyFigures(clickhouse, { ...wanted, signal }),
  ]);
  const differences: RowDifference[] = [];
  const rejected: RejectedRow[] = [];
  if (sameFigures({ rows, ...ours }, theirs)) return { rows, differences, rejected, cutShort: false };
  for (const buckets of await differingBuckets(services, wanted)) {
    const suspects = await suspectsIn(services, wanted, buckets);
    for (let at = 0; at < suspects.length; at += SUSPECTS_AT_ONCE) {
      const some = suspects.slice(at, at + SUSPECTS_AT_ONCE);
      const confirmed = await confirmedDifferences(services, wanted, some);
      differences.push(...confirmed.differences);
      rejected.push(...confirmed.rejected);
      if (differences.length >= most) return { rows, differences, rejected, cutShort: true };
    }
  }
  return { rows, differences, rejected, cutShort: false };
}

/** The buckets whose checksums differ, as many together as can be looked through at once. */
async function differingBuckets(
  { postgres, clickhouse, signal }: MoveServices,
  wanted: HistoryRange,
): Promise<number[][]> {
  const [ours, theirs] = await Promise.all([
    postgresFigures.historyBuckets(postgres, wanted),
    clickhouseFigures.historyBuckets(clickhouse, { ...wanted, signal }),
  ]);
  const together: number[][] = [];
  let room = 0;
  for (const bucket of new Set([...ours.keys(), ...theirs.keys()])) {
    const [left, right] = [ours.get(bucket) ?? NO_ROWS, theirs.get(bucket) ?? NO_ROWS];
    if (sameFigures(left, right)) continue;
    room -= left.rows + right.rows;
    const last = together.at(-1);
    if (last !== undefined && room >= 0) last.push(bucket);
    else {
      together.push([bucket]);
      room = HASHES_AT_ONCE - left.rows - right.rows;
    }
  }
  return together;
}

/** The ids of rows that look different at this moment: some may be on their way to the other store. */
async function suspectsIn(
  { postgres, clickhouse, signal }: MoveServices,
  wanted: HistoryRange,
  buckets: readonly number[],
): Promise<string[]> {
  const [left, right] = await Promise.all([
    postgresFigures.historyHashes(postgres, wanted, buckets),
    clickhouseFigures.historyHashes(clickhouse, { ...wanted, signal }, buckets),
  ]);
  const keys = (rows: typeof left): Set<string> => new Set(rows.map(({ id, hash }) => `${id} ${hash}`));
  const [lefts, rights] = [keys(left), keys(right)];
  const alone = [
    ...left.filter(({ id, hash }) => !rights.has(`${id} ${hash}`)),
    ...right.filter(({ id, hash }) => !lefts.has(`${id} ${hash}`)),
  ];
  return [...new Set(alone.map(({ id }) => id))];
}

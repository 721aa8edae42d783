import { HISTORY } from '../../records/history.js';
import type { StreamName } from '../../records/names.js';
import { startOfDay } from '../../records/time-range.js';
import type { HistoryRange } from '../../stores/postgres/history-rows.js';
import type { MoveServices } from '../move-services.js';
import { confirmedRows, rowValues, type Sighting } from './confirm-rows.js';
import { narrowColumns } from './narrow-columns.js';
import type { RejectedRow, RowDifference } from './report.js';

interface ConfirmedDifferences {
  readonly differences: readonly RowDifference[];
  readonly rejected: readonly RejectedRow[];
}

/**
 * Those of the rows that differ for good, named. Fails with an UpstreamError, and with a UserError while a store lags.
 */
export async function confirmedDifferences(
  services: MoveServices,
  { table, range }: HistoryRange,
  suspects: readonly string[],
): Promise<ConfirmedDifferences> {
  const { differing, undecided } = await confirmedRows(services, table, suspects);
  const day = startOfDay(range.from);
  const differences: RowDifference[] = undecided.map((id) => ({ table, day, id, kind: 'undecided', columns: [] }));
  const rejected: RejectedRow[] = [];
  const tooNarrowFor = await narrowColumns(services, table);
  for (const [id, sighting] of differing) {
    const columns = sighting.postgres === null ? sighting.clickhouse.flatMap(({ text }) => tooNarrowFor(text)) : [];
    if (columns.length > 0) rejected.push({ table, day, id, columns });
    else differences.push({ table, day, id, ...differenceOf(table, sighting) });
  }
  return { differences, rejected };
}

function differenceOf(table: StreamName, { postgres, clickhouse }: Sighting): Pick<RowDifference, 'kind' | 'columns'> {
  const [theirs] = clickhouse;
  if (theirs === undefined) return { kind: 'missing', columns: [] };
  if (postgres === null) return { kind: 'extra', columns: [] };
  if (postgres.movable && clickhouse.some(({ text }) => text === postgres.text)) return { kind: 'extra', columns: [] };
  return { kind: 'changed', columns: differingColumns(table, postgres.text, theirs.text) };
}

function differingColumns(table: StreamName, left: string, right: string): string[] {
  const [lefts, rights] = [rowValues(table, left), rowValues(table, right)];
  return HISTORY[table].columns.filter((_column, index) => lefts[index] !== rights[index]).map(({ name }) => name);
}

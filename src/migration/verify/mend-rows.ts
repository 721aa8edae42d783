import { isDeepStrictEqual } from 'node:util';
import { HISTORY } from '../../records/history.js';
import type { StreamName } from '../../records/names.js';
import { DAY_MS, startOfDay } from '../../records/time-range.js';
import { deleteHistory } from '../../stores/clickhouse/history-figures.js';
import { type ForgottenOwner, restoreOwners } from '../../stores/postgres/forgotten-owners.js';
import type { HistoryRange } from '../../stores/postgres/history-rows.js';
import { copyChunk } from '../backfill/copy-chunk.js';
import type { ExclusiveCopy } from '../backfill/exclusively.js';
import { Pace } from '../backfill/pace.js';
import type { MoveServices } from '../move-services.js';
import { confirmedRows, rowValues, type Sighting } from './confirm-rows.js';
import { narrowColumns } from './narrow-columns.js';
import { whileRepairable } from './repairable.js';
import type { RowDifference } from './report.js';

const ROWS_AT_ONCE = 1_000;

/**
 * Makes rows of a range in ClickHouse what they are in Postgres. A row leaves ClickHouse for good only where Postgres does
 * not have it at all and could: what Postgres has in a form that cannot be moved stays, so does what its columns are too
 * narrow for, and an attempt whose endpoint is gone gets its user in Postgres from ClickHouse, which alone remembers it.
 * Fails with an UpstreamError, and with a UserError once the phase is another one, some rows being mended.
 */
export async function mendRows(
  services: MoveServices,
  copy: ExclusiveCopy,
  wanted: HistoryRange,
  differences: readonly RowDifference[],
): Promise<void> {
  const ids = differences.filter(({ kind }) => kind !== 'undecided').map(({ id }) => id);
  for (let at = 0; at < ids.length; at += ROWS_AT_ONCE) {
    await whileRepairable(services, () => mendSome(services, copy, wanted, ids.slice(at, at + ROWS_AT_ONCE)));
  }
}

async function mendSome(
  services: MoveServices,
  copy: ExclusiveCopy,
  wanted: HistoryRange,
  ids: readonly string[],
): Promise<void> {
  const { postgres, clickhouse, logger, signal } = services;
  const { table, range } = wanted;
  // Once more: what was compared a while ago may have changed since.
  const { differing } = await confirmedRows(services, table, ids);
  // A dead letter there, and nowhere else than in ClickHouse.
  const tooNarrowFor = await narrowColumns(services, table);
  const isTooLarge = (sighting: Sighting) => sighting.clickhouse.some(({ text }) => tooNarrowFor(text).length > 0);
  const wrong = new Map([...differing].filter(([, sighting]) => !isTooLarge(sighting)));
  const owners = [...wrong].flatMap(([id, sighting]) => forgottenOwner(table, id, sighting) ?? []);
  const removable = [...wrong.values()].flatMap(removableRows);
  if (owners.length > 0) await restoreOwners(postgres, owners);
  if (removable.length > 0) await deleteHistory(clickhouse, { table, rows: removable, signal });
  // A row that ClickHouse has on another day than Postgres is copied to that of Postgres.
  const copied = movableByDay(table, wrong);
  for (const [day, its] of copied) {
    await copyChunk(services, copy, { table, range: { from: day, to: day + DAY_MS }, ids: its }, new Pace(1));
  }
  const counts = {
    copied: [...copied.values()].flat().length,
    notInPostgres: [...wrong.values()].filter((sighting) => sighting.postgres === null).length,
    ownersRestored: owners.length,
    tooLargeForPostgres: differing.size - wrong.size,
  };
  const left = wrong.size - counts.copied - counts.notInPostgres - counts.ownersRestored;
  logger.info({ table, day: new Date(range.from).toISOString().slice(0, 10), ...counts, left }, 'mended rows');
}

/** The ids of the rows that can be moved, by the start of the UTC day on which Postgres has them. */
function movableByDay(table: StreamName, rows: ReadonlyMap<string, Sighting>): Map<number, string[]> {
  const { columns, time } = HISTORY[table];
  const index = columns.findIndex(({ name }) => name === time);
  const byDay = new Map<number, string[]>();
  for (const [id, { postgres }] of rows) {
    if (postgres?.movable !== true) continue;
    const day = startOfDay(Number(rowValues(table, postgres.text)[index]));
    byDay.set(day, [...(byDay.get(day) ?? []), id]);
  }
  return byDay;
}

/** What ClickHouse has in the place of a row that is copied again, or that Postgres does not have. */
const removableRows = ({ postgres, clickhouse }: Sighting): Sighting['clickhouse'] =>
  postgres === null || postgres.movable ? clickhouse.filter(({ text }) => text !== postgres?.text) : [];

/** The user of an attempt that was copied before its endpoint or application went, where nothing else differs. */
function forgottenOwner(table: StreamName, id: string, { postgres, clickhouse }: Sighting): ForgottenOwner | null {
  const [row, ...others] = clickhouse;
  const index = HISTORY[table].columns.findIndex(({ name }) => name === 'user_id');
  if (postgres === null || postgres.movable || row === undefined || others.length > 0 || index < 0) return null;
  const [theirs, ours] = [rowValues(table, row.text), rowValues(table, postgres.text)];
  const [userId = ''] = theirs.splice(index, 1, '');
  return isDeepStrictEqual(theirs, ours) ? { id, userId } : null;
}

import { HISTORY } from '../../records/history.js';
import type { StreamName } from '../../records/names.js';
import { deleteHistory } from '../../stores/clickhouse/history-figures.js';
import { type ForgottenOwner, restoreOwners } from '../../stores/postgres/forgotten-owners.js';
import type { HistoryRange } from '../../stores/postgres/history-rows.js';
import { copyChunk } from '../backfill/copy-chunk.js';
import type { ExclusiveCopy } from '../backfill/exclusively.js';
import { Pace } from '../backfill/pace.js';
import type { MoveServices } from '../move-services.js';
import { confirmedRows, SEPARATOR, type Sighting } from './confirm-rows.js';
import type { RowDifference } from './report.js';

const ROWS_AT_ONCE = 1_000;

/**
 * Makes rows of a range in ClickHouse what they are in Postgres. A row leaves ClickHouse for good only where Postgres does
 * not have it at all: what Postgres has in a form that cannot be moved stays, and an attempt whose endpoint is gone gets
 * its user in Postgres from ClickHouse, which alone remembers it. Fails with an UpstreamError, some rows being mended.
 */
export async function mendRows(
  services: MoveServices,
  copy: ExclusiveCopy,
  wanted: HistoryRange,
  differences: readonly RowDifference[],
): Promise<void> {
  const ids = differences.filter(({ kind }) => kind !== 'undecided').map(({ id }) => id);
  for (let at = 0; at < ids.length; at += ROWS_AT_ONCE) {
    await mendSome(services, copy, wanted, ids.slice(at, at + ROWS_AT_ONCE));
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
  const { differing: wrong } = await confirmedRows(services, table, ids);
  const owners = [...wrong].flatMap(([id, sighting]) => forgottenOwner(table, id, sighting) ?? []);
  const removable = [...wrong.values()].flatMap(removableRows);
  const copied = [...wrong].filter(([, sighting]) => sighting.postgres?.movable === true).map(([id]) => id);
  if (owners.length > 0) await restoreOwners(postgres, owners);
  if (removable.length > 0) await deleteHistory(clickhouse, { table, rows: removable, signal });
  if (copied.length > 0) await copyChunk(services, copy, { table, range, ids: copied }, new Pace(1));
  const absent = [...wrong.values()].filter((sighting) => sighting.postgres === null).length;
  const left = wrong.size - owners.length - copied.length - absent;
  const counts = { copied: copied.length, notInPostgres: absent, ownersRestored: owners.length, left };
  logger.info({ table, day: new Date(range.from).toISOString().slice(0, 10), ...counts }, 'mended rows');
}

/** What ClickHouse has in the place of a row that is copied again, or that Postgres does not have. */
const removableRows = ({ postgres, clickhouse }: Sighting): Sighting['clickhouse'] =>
  postgres === null || postgres.movable ? clickhouse.filter(({ text }) => text !== postgres?.text) : [];

/** The user of an attempt that was copied before its endpoint or application went, where nothing else differs. */
function forgottenOwner(table: StreamName, id: string, { postgres, clickhouse }: Sighting): ForgottenOwner | null {
  const [row, ...others] = clickhouse;
  const index = HISTORY[table].columns.findIndex(({ name }) => name === 'user_id');
  if (postgres === null || postgres.movable || row === undefined || others.length > 0 || index < 0) return null;
  const values = row.text.split(SEPARATOR);
  const [userId = ''] = values.splice(index, 1, '');
  return values.join(SEPARATOR) === postgres.text ? { id, userId } : null;
}

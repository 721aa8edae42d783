import { UserError } from '../../platform/errors.js';
import { HISTORY } from '../../records/history.js';
import { NO_ROWS, sameFigures } from '../../records/history-figures.js';
import { STORES } from '../../records/migration-phase.js';
import { startOfDay } from '../../records/time-range.js';
import * as clickhouseFigures from '../../stores/clickhouse/history-figures.js';
import * as postgresFigures from '../../stores/postgres/history-figures.js';
import type { HistoryRange } from '../../stores/postgres/history-rows.js';
import { caughtUp } from '../catch-up.js';
import type { MoveServices } from '../move-services.js';
import type { RowDifference } from './report.js';

interface ComparedRange {
  readonly rows: number;
  readonly differences: readonly RowDifference[];
  /** Whether more rows differ than are named. */
  readonly cutShort: boolean;
}

/** Named at most, of one day. */
const NAMED_ROWS = 1_000;
const HASHES = 200_000;
const BUCKETS_AT_ONCE = 64;
const LAG_MS = 60_000;
/** A row that changes all the time is looked at so often. */
const ROUNDS = 20;
const SEPARATOR = '\u001f';

/**
 * Compares the rows of a range, which lies within one UTC day, by count and checksums, then by the checksums of
 * buckets, then by the rows of the buckets that differ. Fails with an UpstreamError, and with a UserError while a store
 * lags.
 */
export async function compareRows(services: MoveServices, wanted: HistoryRange): Promise<ComparedRange> {
  const { postgres, clickhouse, signal } = services;
  const here = { ...wanted, signal };
  const [ours, theirs] = await Promise.all([
    postgresFigures.historyFigures(postgres, wanted),
    clickhouseFigures.historyFigures(clickhouse, here),
  ]);
  if (sameFigures(ours, theirs)) return { rows: ours.rows, differences: [], cutShort: false };
  const { ids, cutShort } = await suspectsIn(services, wanted);
  const differences = await confirmed(services, wanted, ids);
  return { rows: ours.rows, differences, cutShort: cutShort && differences.length > 0 };
}

/** The rows that look different at this moment: some may be on their way to the other store. */
async function suspectsIn(
  { postgres, clickhouse, signal }: MoveServices,
  wanted: HistoryRange,
): Promise<{ ids: string[]; cutShort: boolean }> {
  const here = { ...wanted, signal };
  const [ours, theirs] = await Promise.all([
    postgresFigures.historyBuckets(postgres, wanted),
    clickhouseFigures.historyBuckets(clickhouse, here),
  ]);
  const buckets = [...new Set([...ours.keys(), ...theirs.keys()])].filter(
    (bucket) => !sameFigures(ours.get(bucket) ?? NO_ROWS, theirs.get(bucket) ?? NO_ROWS),
  );
  const ids = new Set<string>();
  for (let at = 0; at < buckets.length && ids.size < NAMED_ROWS; at += BUCKETS_AT_ONCE) {
    const some = buckets.slice(at, at + BUCKETS_AT_ONCE);
    const [left, right] = await Promise.all([
      postgresFigures.historyHashes(postgres, wanted, some, HASHES),
      clickhouseFigures.historyHashes(clickhouse, here, some, HASHES),
    ]);
    const keys = (rows: typeof left): Set<string> => new Set(rows.map(({ id, hash }) => `${id} ${hash}`));
    const [lefts, rights] = [keys(left), keys(right)];
    for (const { id, hash } of left) if (!rights.has(`${id} ${hash}`)) ids.add(id);
    for (const { id, hash } of right) if (!lefts.has(`${id} ${hash}`)) ids.add(id);
  }
  const named = [...ids].slice(0, NAMED_ROWS);
  return { ids: named, cutShort: ids.size >= NAMED_ROWS };
}

/** What one look saw of a row: its texts in ClickHouse and the one in Postgres, null where it is not to be moved. */
interface Sighting {
  readonly postgres: string | null;
  readonly clickhouse: readonly string[];
}

/**
 * Those of the rows that differ for good. A row that neither store has changed while both finished everything that was
 * on the streams is not on its way any more.
 */
async function confirmed(
  services: MoveServices,
  { table, range }: HistoryRange,
  suspects: readonly string[],
): Promise<RowDifference[]> {
  const differences: RowDifference[] = [];
  let before = await look(services, table, suspects);
  for (let round = 0; round < ROUNDS && before.size > 0; round++) {
    if (!(await caughtUp(services, STORES, LAG_MS))) {
      throw new UserError(
        `The stores cannot be compared: one of them has not finished within ${LAG_MS / 1000} s what was on the streams. ` +
          'See with: ethhook-analytics phase',
      );
    }
    const now = await look(services, table, [...before.keys()]);
    const moving = new Map<string, Sighting>();
    for (const [id, sighting] of now) {
      if (isRight(sighting)) continue;
      const last = before.get(id);
      if (last !== undefined && sameSighting(last, sighting)) {
        differences.push({ table, day: startOfDay(range.from), id, ...differenceOf(table, sighting) });
      } else moving.set(id, sighting);
    }
    before = moving;
  }
  return differences;
}

async function look(
  { postgres, clickhouse, signal }: MoveServices,
  table: HistoryRange['table'],
  ids: readonly string[],
): Promise<Map<string, Sighting>> {
  if (ids.length === 0) return new Map();
  const [ours, theirs] = await Promise.all([
    postgresFigures.historyTexts(postgres, table, ids),
    clickhouseFigures.historyTexts(clickhouse, { table, ids, signal }),
  ]);
  const texts = new Map(ours.map(({ id, text }) => [id, text]));
  return new Map(
    ids.map((id) => [
      id,
      {
        postgres: texts.get(id) ?? null,
        clickhouse: theirs
          .filter((row) => row.id === id)
          .map(({ text }) => text)
          .sort(),
      },
    ]),
  );
}

const isRight = ({ postgres, clickhouse }: Sighting): boolean =>
  postgres === null ? clickhouse.length === 0 : clickhouse.length === 1 && clickhouse[0] === postgres;

const sameSighting = (left: Sighting, right: Sighting): boolean =>
  left.postgres === right.postgres && left.clickhouse.join('\n') === right.clickhouse.join('\n');

function differenceOf(
  table: HistoryRange['table'],
  { postgres, clickhouse }: Sighting,
): Pick<RowDifference, 'kind' | 'columns'> {
  const [theirs] = clickhouse;
  if (theirs === undefined) return { kind: 'missing', columns: [] };
  if (postgres === null || clickhouse.includes(postgres)) return { kind: 'extra', columns: [] };
  const [ours, others] = [postgres.split(SEPARATOR), theirs.split(SEPARATOR)];
  const { columns } = HISTORY[table];
  // A message may hold the separator: then it is not known which value is whose.
  const known = ours.length === columns.length && others.length === columns.length;
  const differing = columns.filter((_column, index) => known && ours[index] !== others[index]);
  return { kind: 'changed', columns: differing.map(({ name }) => name) };
}

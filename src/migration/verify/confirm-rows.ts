import { UserError } from '../../platform/errors.js';
import { HISTORY } from '../../records/history.js';
import { STORES } from '../../records/migration-phase.js';
import type { StreamName } from '../../records/names.js';
import * as clickhouseFigures from '../../stores/clickhouse/history-figures.js';
import * as postgresFigures from '../../stores/postgres/history-figures.js';
import { caughtUp } from '../catch-up.js';
import type { MoveServices } from '../move-services.js';

/** What one look saw of a row. */
export interface Sighting {
  /** Null where Postgres does not have the row. */
  readonly postgres: postgresFigures.RowText | null;
  /** A row may be in ClickHouse more than once, under different keys. */
  readonly clickhouse: readonly clickhouseFigures.RowText[];
}

const LAG_MS = 60_000;
/** A row that changes all the time is looked at so often. */
const ROUNDS = 20;
/** Between the values of a row that is one text. */
const SEPARATOR = '\u001f';

/** What is not the same in both stores, by id. */
interface ConfirmedRows {
  readonly differing: ReadonlyMap<string, Sighting>;
  /** Rows that never stood still. */
  readonly undecided: readonly string[];
}

/**
 * Looks at rows until they are right or have stood still. A row that neither store has changed while both finished
 * everything that was on the streams is not on its way any more. Fails with an UpstreamError, and with a UserError while
 * a store lags.
 */
export async function confirmedRows(
  services: MoveServices,
  table: StreamName,
  suspects: readonly string[],
): Promise<ConfirmedRows> {
  const differing = new Map<string, Sighting>();
  let before = await wrongRows(services, table, suspects);
  for (let round = 0; round < ROUNDS && before.size > 0; round++) {
    if (!(await caughtUp(services, STORES, LAG_MS))) {
      throw new UserError(
        `The stores cannot be compared: one of them has not finished within ${LAG_MS / 1000} s what was on the streams. ` +
          'See with: ethhook-analytics phase',
      );
    }
    const moving = new Map<string, Sighting>();
    for (const [id, sighting] of await wrongRows(services, table, [...before.keys()])) {
      const last = before.get(id);
      const stands = last !== undefined && sameSighting(last, sighting);
      (stands ? differing : moving).set(id, sighting);
    }
    before = moving;
  }
  return { differing, undecided: [...before.keys()] };
}

/** What both stores have of these rows now, of those that are not the same in both. Fails with an UpstreamError. */
async function wrongRows(
  { postgres, clickhouse, signal }: MoveServices,
  table: StreamName,
  ids: readonly string[],
): Promise<Map<string, Sighting>> {
  if (ids.length === 0) return new Map();
  const [ours, theirs] = await Promise.all([
    postgresFigures.historyTexts(postgres, table, ids),
    clickhouseFigures.historyTexts(clickhouse, { table, ids, signal }),
  ]);
  const rows = new Map(ours.map((row) => [row.id, row]));
  const wrong = new Map<string, Sighting>();
  for (const id of ids) {
    const sighting = { postgres: rows.get(id) ?? null, clickhouse: theirs.filter((row) => row.id === id) };
    if (!isRight(sighting)) wrong.set(id, sighting);
  }
  return wrong;
}

/** What cannot be moved is right where it has not been. */
const isRight = ({ postgres, clickhouse }: Sighting): boolean =>
  postgres?.movable === true
    ? clickhouse.length === 1 && clickhouse[0]?.text === postgres.text
    : clickhouse.length === 0;

const textsOf = ({ postgres, clickhouse }: Sighting): string =>
  JSON.stringify([postgres?.text ?? null, ...clickhouse.map(({ text }) => text).sort()]);

const sameSighting = (left: Sighting, right: Sighting): boolean => textsOf(left) === textsOf(right);

/** The values of a row that is one text, in the order of its columns. A message, of which it has one at most, may hold the separator. */
export function rowValues(table: StreamName, text: string): string[] {
  const { columns } = HISTORY[table];
  const values = text.split(SEPARATOR);
  const message = columns.findIndex(({ shape }) => shape.kind === 'text');
  if (message < 0) return values;
  const parts = 1 + values.length - columns.length;
  return values.toSpliced(message, parts, values.slice(message, message + parts).join(SEPARATOR));
}

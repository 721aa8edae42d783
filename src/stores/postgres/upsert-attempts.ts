import { ATTEMPT_STATUSES, type AttemptRecord, attemptType, STATUS_RANK } from '../../records/attempt.js';
import { areSame, groupEqual, hash16 } from '../../records/row-groups.js';
import { offsetOf, type Rows } from '../../records/rows.js';
import { binaryArrays, rowsFromArrays } from './binary-arrays.js';
import type { PostgresDatabase } from './database.js';

const { columnNames } = attemptType;
/** What names an attempt for ever is left as it is, apart from a user that an older system did not write. */
const CHANGING = columnNames.filter((name) => name !== 'id' && name !== 'created_at');
const STATUSES_BY_RANK = [...ATTEMPT_STATUSES].sort((a, b) => STATUS_RANK[a] - STATUS_RANK[b]);
const RANKS = `$${columnNames.length + 1}::text[]`;
/** An older attempt's user is found through its endpoint; one whose endpoint is gone goes to whoever sends it first. */
const SAME_ATTEMPT = (given: string): string =>
  `coalesce(stored.user_id, (
    SELECT application.user_id FROM endpoints AS endpoint
    JOIN applications AS application ON application.id = endpoint.application_id
    WHERE endpoint.id = stored.endpoint_id
  ), ${given}.user_id) = ${given}.user_id AND date_trunc('milliseconds', stored.created_at) = `;

const UPSERT = `
WITH written AS (
  INSERT INTO delivery_attempts AS stored (${columnNames.join(', ')})
  ${rowsFromArrays(attemptType)}
  ON CONFLICT (id) DO UPDATE SET ${CHANGING.map((name) => `${name} = excluded.${name}`).join(', ')}
  WHERE ${SAME_ATTEMPT('excluded')} excluded.created_at
    AND (excluded.updated_at, array_position(${RANKS}, excluded.status))
      >= (date_trunc('milliseconds', stored.updated_at), array_position(${RANKS}, stored.status))
  RETURNING 1
)
SELECT count(*) AS rows FROM written`;

const OF_ANOTHER = `
SELECT given.place
FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) WITH ORDINALITY AS given (id, user_id, created_at, place)
JOIN delivery_attempts AS stored ON stored.id = given.id
WHERE NOT (${SAME_ATTEMPT('given')} given.created_at)`;

const ID = offsetOf(attemptType, 'id');

/**
 * Writes some of the attempts, each unless a later version of it is stored already; the same again changes nothing.
 * An id belongs to the user and time it first came with, in the table or earlier among these: resolves to the rows
 * that have another, which are not written. Expects one version an attempt. Fails with an UpstreamError.
 */
export async function upsertAttempts(
  database: PostgresDatabase,
  attempts: Rows<AttemptRecord>,
  which: Int32Array,
): Promise<number[]> {
  const view = attempts.view();
  const idOf = (place: number): number => attempts.placeOf(which[place] ?? 0, ID);
  const { firsts } = groupEqual(
    which.length,
    (place) => hash16(view, idOf(place)),
    (one, other) => areSame(view, idOf(one), idOf(other), 16),
  );
  if (firsts.length === which.length) return upsertDistinct(database, attempts, which);
  const isFirst = new Set(firsts);
  const refused = await upsertDistinct(
    database,
    attempts,
    which.filter((_row, place) => isFirst.has(place)),
  );
  // By now each of the ids is somebody's: hardly any of those that come later are left to be written.
  const later = which.filter((_row, place) => !isFirst.has(place));
  const ofAnother = await rowsOfAnother(database, later, binaryArrays(attempts, later));
  const isRefused = new Set(ofAnother);
  const rest = later.filter((row) => !isRefused.has(row));
  return [...refused, ...ofAnother, ...(rest.length === 0 ? [] : await upsertAttempts(database, attempts, rest))];
}

async function upsertDistinct(
  database: PostgresDatabase,
  attempts: Rows<AttemptRecord>,
  which: Int32Array,
): Promise<number[]> {
  const arrays = binaryArrays(attempts, which);
  const [written] = await database.query<{ rows: number }>({
    name: 'upsert_attempts',
    text: UPSERT,
    values: [...arrays, STATUSES_BY_RANK],
  });
  return written?.rows === which.length ? [] : rowsOfAnother(database, which, arrays);
}

/** Those of the rows, given as arrays too, whose id is stored with another user or time. */
async function rowsOfAnother(
  database: PostgresDatabase,
  which: Int32Array,
  arrays: readonly Buffer[],
): Promise<number[]> {
  const ofAnother = await database.query<{ place: number }>({
    name: 'attempts_of_another',
    text: OF_ANOTHER,
    values: (['id', 'user_id', 'created_at'] as const).map((name) => arrays[columnNames.indexOf(name)]),
  });
  const places = new Set(ofAnother.map(({ place }) => place));
  return Array.from(which).filter((_row, index) => places.has(index + 1));
}

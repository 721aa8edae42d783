import { ATTEMPT_STATUSES, type AttemptRecord, attemptType, STATUS_RANK } from '../../records/attempt.js';
import { columnArrays, rowsFromArrays, timeOf } from './column-arrays.js';
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
SELECT given.id
FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS given (id, user_id, created_at)
JOIN delivery_attempts AS stored ON stored.id = given.id
WHERE NOT (${SAME_ATTEMPT('given')} ${timeOf('given.created_at')})`;

/**
 * Writes attempts, each unless a later version of it is stored already; the same again changes nothing.
 * An id belongs to the user and time it first came with, in the table or earlier in the list: resolves to the attempts
 * that have another, which are not written. Expects one version an attempt. Fails with an UpstreamError.
 */
export async function upsertAttempts(
  database: PostgresDatabase,
  attempts: readonly AttemptRecord[],
): Promise<AttemptRecord[]> {
  const refused: AttemptRecord[] = [];
  for (let rest = attempts; rest.length > 0; ) {
    const firsts = new Map<string, AttemptRecord>();
    const later: AttemptRecord[] = [];
    for (const attempt of rest) {
      if (firsts.has(attempt.id)) later.push(attempt);
      else firsts.set(attempt.id, attempt);
    }
    refused.push(...(await upsertDistinct(database, [...firsts.values()])));
    rest = later;
  }
  return refused;
}

async function upsertDistinct(
  database: PostgresDatabase,
  attempts: readonly AttemptRecord[],
): Promise<AttemptRecord[]> {
  const [written] = await database.query<{ rows: number }>({
    name: 'upsert_attempts',
    text: UPSERT,
    values: [...columnArrays(attemptType, attempts), STATUSES_BY_RANK],
  });
  if (written?.rows === attempts.length) return [];
  const ofAnother = await database.query<{ id: string }>({
    name: 'attempts_of_another',
    text: OF_ANOTHER,
    values: [
      attempts.map(({ id }) => id),
      attempts.map(({ user_id }) => user_id),
      attempts.map(({ created_at }) => created_at),
    ],
  });
  const ids = new Set(ofAnother.map(({ id }) => id));
  return attempts.filter(({ id }) => ids.has(id));
}

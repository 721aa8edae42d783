import type { AttemptRecord } from '../../records/attempt.js';
import type { AttemptsQuestion } from '../analytics-store.js';
import { timestamp } from './attempts-of-users.js';
import type { PostgresQueries } from './database.js';

interface ResultRow extends AttemptRecord {
  readonly key: number;
}

/** One attempt or null a key, in the order of the keys. */
export async function attemptsByKey(
  database: PostgresQueries,
  { keys, range }: AttemptsQuestion,
): Promise<(AttemptRecord | null)[]> {
  if (keys.length === 0) return [];
  const rows = await database.query<ResultRow>({
    name: 'attempts_by_key',
    text: `
      SELECT key.place::integer AS key, attempt.id, attempt.event_id, attempt.endpoint_id, key.user_id,
        attempt.attempt_number, attempt.status, attempt.http_status_code, attempt.response_time_ms, attempt.error_message,
        attempt.created_at, attempt.updated_at
      FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS key (user_id, attempt_id, place)
      JOIN delivery_attempts AS attempt ON attempt.id = key.attempt_id
      LEFT JOIN endpoints AS endpoint ON endpoint.id = attempt.endpoint_id AND attempt.user_id IS NULL
      LEFT JOIN applications AS application ON application.id = endpoint.application_id
      WHERE coalesce(attempt.user_id, application.user_id) = key.user_id
        AND attempt.created_at >= $3::timestamptz AND attempt.created_at < $4::timestamptz`,
    values: [
      keys.map(({ userId }) => userId),
      keys.map(({ attemptId }) => attemptId),
      timestamp(range.from),
      timestamp(range.to),
    ],
  });
  const attempts = new Map(rows.map(({ key, ...attempt }) => [key, attempt]));
  return keys.map((_key, index) => attempts.get(index + 1) ?? null);
}

import type { AttemptRecord } from '../../records/attempt.js';
import type { AttemptKey, AttemptsQuestion, QueryOptions } from '../analytics-store.js';
import type { ClickHouseDatabase } from './database.js';

/**
 * One attempt or null a key, in the order of the keys. All versions of an attempt have its id, user and time, so that the
 * index on ids finds them and the highest is picked without FINAL.
 */
export async function attemptsByKey(
  database: ClickHouseDatabase,
  { keys, range }: AttemptsQuestion,
  { signal }: QueryOptions = {},
): Promise<(AttemptRecord | null)[]> {
  if (keys.length === 0) return [];
  const rows = await database.query<AttemptRecord>({
    name: 'attempts_by_key',
    query: `
      SELECT id, event_id, endpoint_id, user_id, attempt_number, status, http_status_code, response_time_ms, error_message,
        toUnixTimestamp64Milli(attempt.created_at) AS created_at, toUnixTimestamp64Milli(attempt.updated_at) AS updated_at
      FROM delivery_attempts AS attempt
      WHERE attempt.user_id IN {userIds:Array(UUID)} AND attempt.id IN {attemptIds:Array(UUID)}
        AND attempt.created_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
        AND attempt.created_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
      ORDER BY attempt.user_id, attempt.id, attempt.version DESC
      LIMIT 1 BY attempt.user_id, attempt.id`,
    params: {
      userIds: [...new Set(keys.map(({ userId }) => userId))],
      attemptIds: [...new Set(keys.map(({ attemptId }) => attemptId))],
      ...range,
    },
    ...(signal === undefined ? {} : { signal }),
  });
  const attempts = new Map(
    rows.map((attempt) => [nameOf({ userId: attempt.user_id, attemptId: attempt.id }), attempt]),
  );
  return keys.map((key) => attempts.get(nameOf(key)) ?? null);
}

const nameOf = ({ userId, attemptId }: AttemptKey): string => `${userId} ${attemptId}`;

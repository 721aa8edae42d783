/**
 * The attempts `AS attempt` of the users `$1` with `created_at` in `[$2, $3)`. Rows older than this system have no
 * `user_id`: theirs is found through their endpoint and its application.
 */
export const ATTEMPTS_OF_USERS = `(
  SELECT attempt.user_id, attempt.id, attempt.event_id, attempt.endpoint_id, attempt.attempt_number, attempt.status,
    attempt.http_status_code, attempt.response_time_ms, attempt.error_message, attempt.created_at, attempt.updated_at
  FROM delivery_attempts AS attempt
  WHERE attempt.user_id = ANY($1::uuid[]) AND attempt.created_at >= $2::timestamptz AND attempt.created_at < $3::timestamptz
  UNION ALL
  SELECT application.user_id, attempt.id, attempt.event_id, attempt.endpoint_id, attempt.attempt_number, attempt.status,
    attempt.http_status_code, attempt.response_time_ms, attempt.error_message, attempt.created_at, attempt.updated_at
  FROM applications AS application
  JOIN endpoints AS endpoint ON endpoint.application_id = application.id
  JOIN delivery_attempts AS attempt ON attempt.endpoint_id = endpoint.id AND attempt.user_id IS NULL
  WHERE application.user_id = ANY($1::uuid[])
    AND attempt.created_at >= $2::timestamptz AND attempt.created_at < $3::timestamptz
) AS attempt`;

/** Milliseconds since 1970 as the text of a bound `timestamptz`. */
export const timestamp = (time: number): string => new Date(time).toISOString();

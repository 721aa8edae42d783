import type { AttemptRecord } from '../../records/attempt.js';
import { type TimeRange, windowsBackwards } from '../../records/time-range.js';
import type { AttemptPageQuestion } from '../analytics-store.js';
import { ATTEMPTS_OF_USERS, timestamp } from './attempts-of-users.js';
import type { PostgresQueries } from './database.js';

/** Walks back from the range's end, so that a page reads no more days than it takes to fill it. */
export async function attemptPage(database: PostgresQueries, question: AttemptPageQuestion): Promise<AttemptRecord[]> {
  const { range, after, limit } = question;
  const to = after === undefined ? range.to : Math.min(range.to, after.time + 1);
  const page: AttemptRecord[] = [];
  for (const window of windowsBackwards({ from: range.from, to })) {
    if (page.length >= limit) break;
    page.push(...(await attemptsOfWindow(database, question, window, limit - page.length)));
  }
  return page;
}

/** Rows older than this system carry microseconds, which do not count in the order. Postgres orders UUIDs as their text. */
function attemptsOfWindow(
  database: PostgresQueries,
  { userId, endpointIds, eventId, statuses, httpStatusCodes, after }: AttemptPageQuestion,
  window: TimeRange,
  limit: number,
): Promise<AttemptRecord[]> {
  const values: unknown[] = [[userId], timestamp(window.from), timestamp(window.to)];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const conditions = ['true'];
  if (endpointIds !== undefined) conditions.push(`endpoint_id = ANY(${bind(endpointIds)}::uuid[])`);
  if (eventId !== undefined) conditions.push(`event_id = ${bind(eventId)}::uuid`);
  if (statuses !== undefined) conditions.push(`status = ANY(${bind(statuses)}::text[])`);
  if (httpStatusCodes !== undefined) conditions.push(`http_status_code = ANY(${bind(httpStatusCodes)}::integer[])`);
  if (after !== undefined) {
    conditions.push(
      `(date_trunc('milliseconds', created_at), id) < (${bind(timestamp(after.time))}::timestamptz, ${bind(after.id)}::uuid)`,
    );
  }
  return database.query<AttemptRecord>({
    name: 'attempt_page',
    text: `
      SELECT id, event_id, endpoint_id, user_id, attempt_number, status, http_status_code, response_time_ms, error_message,
        created_at, updated_at
      FROM ${ATTEMPTS_OF_USERS}
      WHERE ${conditions.join(' AND ')}
      ORDER BY date_trunc('milliseconds', created_at) DESC, id DESC
      LIMIT ${bind(limit)}`,
    values,
  });
}

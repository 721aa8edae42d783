import type { AttemptRecord } from '../../records/attempt.js';
import { type TimeRange, windowsBackwards } from '../../records/time-range.js';
import type { AttemptPageQuestion, QueryOptions } from '../analytics-store.js';
import type { ClickHouseDatabase } from './database.js';

/** Walks back from the range's end, so that a page reads no more days than it takes to fill it. */
export async function attemptPage(
  database: ClickHouseDatabase,
  question: AttemptPageQuestion,
  options: QueryOptions = {},
): Promise<AttemptRecord[]> {
  const { range, after, limit } = question;
  const to = after === undefined ? range.to : Math.min(range.to, after.time + 1);
  const page: AttemptRecord[] = [];
  for (const window of windowsBackwards({ from: range.from, to })) {
    if (page.length >= limit) break;
    page.push(...(await attemptsOfWindow(database, question, window, limit - page.length, options)));
  }
  return page;
}

/** Ids are ordered as text: ClickHouse itself orders UUIDs by their second half first. */
function attemptsOfWindow(
  database: ClickHouseDatabase,
  { userId, endpointIds, eventId, statuses, httpStatusCodes, after }: AttemptPageQuestion,
  window: TimeRange,
  limit: number,
  { signal }: QueryOptions,
): Promise<AttemptRecord[]> {
  const conditions = [
    'attempt.user_id = {userId:UUID}',
    "attempt.created_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')",
    "attempt.created_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')",
  ];
  if (endpointIds !== undefined) conditions.push('attempt.endpoint_id IN {endpointIds:Array(UUID)}');
  if (eventId !== undefined) conditions.push('attempt.event_id = {eventId:UUID}');
  if (statuses !== undefined) conditions.push('attempt.status IN {statuses:Array(String)}');
  if (httpStatusCodes !== undefined) conditions.push('attempt.http_status_code IN {httpStatusCodes:Array(UInt16)}');
  if (after !== undefined) {
    conditions.push(
      "(attempt.created_at, toString(attempt.id)) < (fromUnixTimestamp64Milli({afterTime:Int64}, 'UTC'), {afterId:String})",
    );
  }
  return database.query<AttemptRecord>({
    name: 'attempt_page',
    query: `
      SELECT id, event_id, endpoint_id, user_id, attempt_number, status, http_status_code, response_time_ms, error_message,
        toUnixTimestamp64Milli(attempt.created_at) AS created_at, toUnixTimestamp64Milli(attempt.updated_at) AS updated_at
      FROM delivery_attempts AS attempt FINAL
      WHERE ${conditions.join(' AND ')}
      ORDER BY attempt.created_at DESC, toString(attempt.id) DESC
      LIMIT {limit:UInt32}`,
    params: {
      userId,
      endpointIds,
      eventId,
      statuses,
      httpStatusCodes,
      limit,
      ...window,
      afterTime: after?.time,
      afterId: after?.id,
    },
    ...(signal === undefined ? {} : { signal }),
  });
}

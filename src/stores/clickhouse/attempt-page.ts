import type { AttemptRecord } from '../../records/attempt.js';
import { type TimeRange, windowsBackwards } from '../../records/time-range.js';
import type { AttemptPageQuestion, QueryOptions } from '../analytics-store.js';
import type { ClickHouseDatabase } from './database.js';

/**
 * Walks back from the range's end, so that a page reads no more days than it takes to fill it. The attempts of one event
 * are found by their index, without walking.
 */
export async function attemptPage(
  database: ClickHouseDatabase,
  question: AttemptPageQuestion,
  options: QueryOptions = {},
): Promise<AttemptRecord[]> {
  const { range, after, limit } = question;
  const to = after === undefined ? range.to : Math.min(range.to, after.time + 1);
  const page: AttemptRecord[] = [];
  const bounded = { from: range.from, to };
  for (const window of question.eventId === undefined ? windowsBackwards(bounded) : [bounded]) {
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
  const conditions = [OF_USER];
  if (endpointIds !== undefined) conditions.push('attempt.endpoint_id IN {endpointIds:Array(UUID)}');
  if (eventId !== undefined) conditions.push(OF_EVENT);
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

const OF_USER = `attempt.user_id = {userId:UUID}
        AND attempt.created_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
        AND attempt.created_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')`;

/** FINAL merges only rows whose keys have the event in some version, since events are not what attempts are sorted by. */
const OF_EVENT = `attempt.event_id = {eventId:UUID} AND (attempt.user_id, attempt.created_at, attempt.id) IN (
          SELECT attempt.user_id, attempt.created_at, attempt.id FROM delivery_attempts AS attempt
          WHERE ${OF_USER} AND attempt.event_id = {eventId:UUID}
        )`;

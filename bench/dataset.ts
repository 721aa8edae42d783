import { DAY_MS, startOfDay, startOfHour, type TimeRange } from '../src/records/time-range.js';
import type { ClickHouseDatabase } from '../src/stores/clickhouse/database.js';
import { eventRows } from './event-rows.js';
import { fraction, historyId, type IdKind, id, time } from './made-up-values.js';

/** A made-up history, the same for the same size and end. */
export interface Dataset {
  readonly events: number;
  readonly attempts: number;
  readonly users: number;
  readonly endpoints: number;
  /** All of it; `to` is a full hour. */
  readonly range: TimeRange;
  readonly ids: IdKind;
}

const APPLICATIONS_PER_USER = 2;
const ENDPOINTS_PER_USER = 4;
const DAYS = 30;

/** What a dataset may be otherwise. */
export interface DatasetOptions {
  /** Default: random. */
  readonly ids?: IdKind;
  /** Whether a smaller one is of fewer days, each as full as those of scale 1, instead of 30 emptier ones. */
  readonly fullDays?: boolean;
}

export function datasetOf(
  scale: number,
  now: number,
  { ids = 'random', fullDays = false }: DatasetOptions = {},
): Dataset {
  const to = startOfHour(now);
  const days = fullDays ? Math.max(1, Math.round(DAYS * scale)) : DAYS;
  return {
    events: Math.round(4_800_000 * scale),
    attempts: Math.round(7_000_000 * scale),
    users: 500,
    endpoints: 500 * ENDPOINTS_PER_USER,
    range: { from: to - days * DAY_MS, to },
    ids,
  };
}

/** A third of all is the first user's; of the others the lower numbers have more. */
const attemptRows = (ids: IdKind): string => `
  WITH
    intDiv(number * {events:UInt64}, {attempts:UInt64}) AS event,
    number > 0 AND event = intDiv((number - 1) * {events:UInt64}, {attempts:UInt64}) AS is_another,
    ${fraction('owner', 'event')} AS share,
    if(share < 1 / 3, 0, 1 + toUInt64(({users:UInt64} - 1) * pow((share - 1 / 3) * 1.5, 2))) AS user,
    ${fraction('status', 'number')} AS luck,
    multiIf(luck < 0.0005 AND attempt_number = 1, 'pending', luck < 0.04, 'failed', luck < 0.045, 'expired', 'success') AS outcome,
    outcome IN ('failed', 'expired') AND luck > 0.03 AS timed_out,
    sqrt(-2 * log(1 - ${fraction('latency', 'number')})) * cos(2 * pi() * ${fraction('phase', 'number')}) AS deviation
  SELECT ${historyId(ids, 'attempt', 'number')} AS id,
    ${historyId(ids, 'event', 'event')} AS event_id,
    ${id('endpoint', `user * ${ENDPOINTS_PER_USER} + sipHash64('recipient', number) % ${ENDPOINTS_PER_USER}`)} AS endpoint_id,
    ${id('user', 'user')} AS user_id,
    if(is_another AND sipHash64('retry', number) % 3 = 0, 2, 1) AS attempt_number,
    outcome AS status,
    multiIf(outcome = 'pending' OR timed_out, NULL, outcome = 'success', 200, 503) AS http_status_code,
    if(outcome = 'pending' OR timed_out, NULL, toUInt32(20 + 120 * exp(0.6 * deviation))) AS response_time_ms,
    multiIf(outcome IN ('pending', 'success'), NULL, timed_out, 'no answer within 10000 ms', 'HTTP 503 Service Unavailable') AS error_message,
    ${time('number', '{attempts:UInt64}')} AS created_at,
    if(outcome = 'pending', created_at, addMilliseconds(created_at, ifNull(response_time_ms, 10000))) AS updated_at
  FROM numbers({first:UInt64}, {count:UInt64})`;

/** Fills both tables of ClickHouse day by day (UTC), one block and so one part a day, as merges leave them. */
export async function fillClickHouse(
  clickhouse: ClickHouseDatabase,
  { events, attempts, users, range, ids }: Dataset,
  signal: AbortSignal,
): Promise<void> {
  const params = { events, attempts, users, from: range.from, span: range.to - range.from };
  const settings = {
    max_block_size: '1000000',
    min_insert_block_size_rows: '1000000',
    max_insert_threads: '1',
    insert_deduplicate: 0,
  } as const;
  const tables = [
    { table: 'events', time: 'ingested_at', select: eventRows(ids), rows: events },
    { table: 'delivery_attempts', time: 'created_at', select: attemptRows(ids), rows: attempts },
  ];
  for (const { table, time: timeColumn, select, rows } of tables) {
    /** How many rows have a time before this one, or one less. */
    const rowsBefore = (at: number): number => Math.floor(((at - range.from) * rows) / (range.to - range.from));
    for (let day = startOfDay(range.from); day < range.to; day += DAY_MS) {
      signal.throwIfAborted();
      const first = rowsBefore(Math.max(day, range.from));
      const count = Math.min(rows, rowsBefore(day + DAY_MS) + 1) - first;
      await clickhouse.command({
        name: `bench_fill_${table}`,
        query: `INSERT INTO ${table} SELECT * FROM (${select}) WHERE toStartOfDay(${timeColumn}) = fromUnixTimestamp64Milli({day:Int64}, 'UTC')`,
        params: { ...params, first, count, day },
        settings,
      });
    }
  }
}

/** The configuration as it goes into Postgres: one SELECT a table, run by ClickHouse, which knows the ids. */
export const CONFIGURATION_EXPORTS = [
  {
    table: 'users',
    columns: 'id, email, name',
    select: `SELECT ${id('user', 'number')}, concat('user-', toString(number), '@bench.example'), concat('User ', toString(number))
      FROM numbers({users:UInt64})`,
  },
  {
    table: 'applications',
    columns: 'id, user_id, name',
    select: `SELECT ${id('application', 'number')}, ${id('user', `intDiv(number, ${APPLICATIONS_PER_USER})`)}, concat('Application ', toString(number))
      FROM numbers({users:UInt64} * ${APPLICATIONS_PER_USER})`,
  },
  {
    table: 'endpoints',
    columns: 'id, application_id, name, url',
    select: `SELECT ${id('endpoint', 'number')},
        ${id('application', `intDiv(number, ${ENDPOINTS_PER_USER / APPLICATIONS_PER_USER})`)},
        concat('Endpoint ', toString(number)), concat('https://bench.example/', toString(number))
      FROM numbers({users:UInt64} * ${ENDPOINTS_PER_USER})`,
  },
] as const;

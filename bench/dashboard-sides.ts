import { HOUR_MS, hoursOf, type TimeRange } from '../src/records/time-range.js';
import type { ClickHouseDatabase } from '../src/stores/clickhouse/database.js';
import type { PostgresDatabase } from '../src/stores/postgres/database.js';

/** The numbers of one hour that every side must agree on. */
export interface HourNumbers {
  readonly hour: number;
  readonly attempts: number;
  readonly successes: number;
  readonly failures: number;
  readonly expired: number;
  readonly pending: number;
  readonly retries: number;
  readonly avgLatencyMs: number | null;
  readonly minLatencyMs: number | null;
  readonly maxLatencyMs: number | null;
  readonly p50LatencyMs: number | null;
  readonly p95LatencyMs: number | null;
  readonly p99LatencyMs: number | null;
}

export interface DashboardNumbers {
  /** Distinct events of the whole range; null where the side cannot know them. */
  readonly totalEvents: number | null;
  /** Only hours with attempts. */
  readonly hours: readonly HourNumbers[];
}

interface Row extends Omit<HourNumbers, 'hour' | 'p50LatencyMs' | 'p95LatencyMs' | 'p99LatencyMs'> {
  /** Null in the row of the whole range. */
  readonly hour: number | null;
  readonly percentiles: readonly number[] | null;
  readonly totalEvents: number;
}

/** All counters. */
export const FIELDS =
  'attempts successes failures expired pending retries avgLatencyMs minLatencyMs maxLatencyMs p50LatencyMs p95LatencyMs p99LatencyMs';
const GRAPHQL = `query Dashboard($range: TimeRange!) {
  dashboardStats(range: $range) { totalEvents ${FIELDS} hourlyStats { hour ${FIELDS} } }
}`;

interface GraphqlAnswer {
  readonly errors?: unknown;
  readonly data?: {
    readonly dashboardStats: {
      readonly totalEvents: number;
      readonly hourlyStats: readonly (Omit<HourNumbers, 'hour'> & { readonly hour: string })[];
    };
  };
}

/** The dashboard's question, as a client asks the gateway over HTTP. */
export async function askGateway(graphqlUrl: string, token: string, range: TimeRange): Promise<DashboardNumbers> {
  const variables = { range: { from: new Date(range.from).toISOString(), to: new Date(range.to).toISOString() } };
  const response = await fetch(graphqlUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: GRAPHQL, variables }),
  });
  const answer = (await response.json()) as GraphqlAnswer;
  if (answer.data === undefined || answer.errors !== undefined) {
    throw new Error(`the gateway answered ${response.status}: ${JSON.stringify(answer)}`);
  }
  const { totalEvents, hourlyStats } = answer.data.dashboardStats;
  if (hourlyStats.length !== hoursOf(range).length) throw new Error('the gateway left hours out');
  const hours = hourlyStats.map((stat) => ({ ...stat, hour: Date.parse(stat.hour) }));
  return { totalEvents, hours: hours.filter(({ attempts }) => attempts > 0) };
}

/** Straight from the hourly rollups, which hold terminal attempts and no events. */
export async function askRollups(
  clickhouse: ClickHouseDatabase,
  userId: string,
  range: TimeRange,
): Promise<DashboardNumbers> {
  const rows = await clickhouse.query<Row>({
    name: 'bench_dashboard_rollups',
    query: `
      SELECT toUnixTimestamp(start) * 1000 AS hour,
        sum(row_attempts) AS attempts,
        sumIf(row_attempts, status = 'success') AS successes,
        sumIf(row_attempts, status = 'failed') AS failures,
        sumIf(row_attempts, status = 'expired') AS expired,
        0 AS pending,
        sumIf(row_attempts, attempt_number > 1) AS retries,
        sumMap(latency) AS latencies,
        arrayDotProduct(mapKeys(latencies), mapValues(latencies)) / arraySum(mapValues(latencies)) AS avgLatencyMs,
        arrayMin(mapKeys(latencies)) AS minLatencyMs,
        arrayMax(mapKeys(latencies)) AS maxLatencyMs,
        quantilesExactWeightedArray(0.5, 0.95, 0.99)(mapKeys(latency), CAST(mapValues(latency), 'Array(UInt64)')) AS percentiles
      FROM (
        SELECT hour AS start, status, attempt_number, attempts AS row_attempts, latency FROM delivery_stats_hourly
        WHERE user_id = {userId:UUID}
          AND hour >= toDateTime({from:UInt32}, 'UTC') AND hour < toDateTime({to:UInt32}, 'UTC')
      )
      GROUP BY start`,
    params: { userId, from: range.from / 1000, to: range.to / 1000 },
  });
  return { totalEvents: null, hours: numbersOf(rows).hours };
}

/** From the table of attempts itself. */
export async function askAttempts(
  clickhouse: ClickHouseDatabase,
  userId: string,
  range: TimeRange,
): Promise<DashboardNumbers> {
  const rows = await clickhouse.query<Row>({
    name: 'bench_dashboard_attempts',
    query: `
      SELECT if(grouping(start) = 0, toUnixTimestamp(start) * 1000, NULL) AS hour,
        count() AS attempts,
        countIf(status = 'success') AS successes,
        countIf(status = 'failed') AS failures,
        countIf(status = 'expired') AS expired,
        countIf(status = 'pending') AS pending,
        countIf(attempt_number > 1) AS retries,
        avg(response_time_ms) AS avgLatencyMs,
        min(response_time_ms) AS minLatencyMs,
        max(response_time_ms) AS maxLatencyMs,
        quantilesExactWeighted(0.5, 0.95, 0.99)(response_time_ms, 1) AS percentiles,
        uniqExact(event_id) AS totalEvents
      FROM (
        SELECT toStartOfHour(created_at, 'UTC') AS start, status, attempt_number, response_time_ms, event_id
        FROM delivery_attempts FINAL
        WHERE user_id = {userId:UUID} AND created_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
          AND created_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
      )
      GROUP BY GROUPING SETS ((), (start))`,
    params: { userId, ...range },
  });
  return numbersOf(rows);
}

const POSTGRES_COUNTERS = `
  extract(epoch FROM date_trunc('hour', attempt.created_at))::bigint * 1000 AS hour,
  count(*) AS attempts,
  count(*) FILTER (WHERE attempt.status = 'success') AS successes,
  count(*) FILTER (WHERE attempt.status = 'failed') AS failures,
  count(*) FILTER (WHERE attempt.status = 'expired') AS expired,
  count(*) FILTER (WHERE attempt.status = 'pending') AS pending,
  count(*) FILTER (WHERE attempt.attempt_number > 1) AS retries,
  avg(attempt.response_time_ms)::float8 AS "avgLatencyMs",
  min(attempt.response_time_ms) AS "minLatencyMs",
  max(attempt.response_time_ms) AS "maxLatencyMs",
  percentile_disc(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY attempt.response_time_ms)::int[] AS percentiles`;
const POSTGRES_GROUPS = `GROUP BY GROUPING SETS ((), (date_trunc('hour', attempt.created_at)))`;

/** As the product asked before: from the user to their attempts' events through every table between. */
export async function askPostgresJoin(
  postgres: PostgresDatabase,
  userId: string,
  { from, to }: TimeRange,
): Promise<DashboardNumbers> {
  const rows = await postgres.query<Row>({
    name: 'bench_dashboard_join',
    text: `SELECT ${POSTGRES_COUNTERS}, count(DISTINCT event.id) AS "totalEvents"
      FROM users
      JOIN applications AS application ON application.user_id = users.id
      JOIN endpoints AS endpoint ON endpoint.application_id = application.id
      JOIN delivery_attempts AS attempt ON attempt.endpoint_id = endpoint.id
      JOIN events AS event ON event.id = attempt.event_id
      WHERE users.id = $1 AND attempt.created_at >= $2 AND attempt.created_at < $3
      ${POSTGRES_GROUPS}`,
    values: [userId, new Date(from), new Date(to)],
  });
  return numbersOf(rows);
}

/** The same Postgres with the user's id on every attempt, and an index on it. */
export async function askPostgresByUser(
  postgres: PostgresDatabase,
  userId: string,
  { from, to }: TimeRange,
): Promise<DashboardNumbers> {
  const rows = await postgres.query<Row>({
    name: 'bench_dashboard_by_user',
    text: `SELECT ${POSTGRES_COUNTERS}, count(DISTINCT attempt.event_id) AS "totalEvents"
      FROM delivery_attempts AS attempt
      WHERE attempt.user_id = $1 AND attempt.created_at >= $2 AND attempt.created_at < $3
      ${POSTGRES_GROUPS}`,
    values: [userId, new Date(from), new Date(to)],
  });
  return numbersOf(rows);
}

function numbersOf(rows: readonly Row[]): DashboardNumbers {
  const hours = rows.flatMap(({ hour, percentiles, totalEvents: _total, ...row }) =>
    hour === null ? [] : [{ ...row, hour, ...latenciesOf(row.avgLatencyMs, percentiles) }],
  );
  return { totalEvents: rows.find(({ hour }) => hour === null)?.totalEvents ?? 0, hours };
}

function latenciesOf(average: number | null, percentiles: readonly number[] | null) {
  const [p50 = null, p95 = null, p99 = null] = average === null ? [] : (percentiles ?? []);
  return { p50LatencyMs: p50, p95LatencyMs: p95, p99LatencyMs: p99 };
}

/**
 * One text for numbers that are equal: hours in order, averages to the microsecond. Without `withPending` only what the
 * rollups know is in it, which pending attempts are not (no pending attempt of the data set is a retry).
 */
export function canonicalNumbers({ hours, totalEvents }: DashboardNumbers, withPending: boolean): string {
  const lines = [...hours]
    .sort((a, b) => a.hour - b.hour)
    .map((row) => (withPending ? row : { ...row, attempts: row.attempts - row.pending, pending: 0 }))
    .filter(({ attempts }) => attempts > 0)
    .map((row) =>
      [
        row.hour / HOUR_MS,
        row.attempts,
        row.successes,
        row.failures,
        row.expired,
        row.pending,
        row.retries,
        row.avgLatencyMs?.toFixed(3),
        row.minLatencyMs,
        row.maxLatencyMs,
        row.p50LatencyMs,
        row.p95LatencyMs,
        row.p99LatencyMs,
      ].join(' '),
    );
  return [...lines, withPending ? totalEvents : ''].join('\n');
}

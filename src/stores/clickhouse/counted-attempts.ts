import { HOUR_MS, startOfHour, type TimeRange } from '../../records/time-range.js';
import type { DeliveryCounters } from '../analytics-store.js';
import type { ScopeGroup } from '../scoped-stats.js';
import type { StatsPlan } from './stats-plan.js';

/**
 * Where counters come from: a FROM clause with a row for one or more attempts that are alike, and the aggregates over it.
 * Its columns: user_id, endpoint_id, moment (milliseconds; of rows that stand for an hour its start), start_of_hour,
 * status, http_status_code (0 for none), attempt_number, row_attempts.
 */
export interface CountedAttempts {
  readonly from: string;
  readonly counters: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** A row with counters as the aggregates give them: percentiles in one array, and zeros where there is no latency. */
export type Measured<Row extends DeliveryCounters> = Omit<Row, 'p50LatencyMs' | 'p95LatencyMs' | 'p99LatencyMs'> & {
  readonly percentiles: readonly [number, number, number];
};

/** The attempts of a range, by its plan. Days that begin within an hour are named by `borders`, which no row straddles. */
export function countedAttempts(
  group: ScopeGroup,
  range: TimeRange,
  plan: StatsPlan,
  borders: readonly number[] = [],
): CountedAttempts {
  return plan.source === 'attempts' ? fromAttempts(group, range) : fromRollups(group, range, plan.whole, borders);
}

const fromAttempts = (group: ScopeGroup, range: TimeRange): CountedAttempts => ({
  from: `(
        SELECT user_id, endpoint_id, event_id, ${OWN_COLUMNS}, if(status = 'pending', NULL, response_time_ms) AS latency_ms
        FROM delivery_attempts FINAL
        WHERE ${inGroup(group)} AND created_at >= ${time('from')} AND created_at < ${time('to')} ${inOwnRange(group)}
      ) AS counted ${joinScopes(group)}`,
  counters: `${COUNTERS},
        count(latency_ms) AS latencyCount,
        ifNull(sum(latency_ms), 0) AS latencySumMs,
        min(latency_ms) AS minLatencyMs,
        max(latency_ms) AS maxLatencyMs,
        quantilesExactWeighted(0.5, 0.95, 0.99)(latency_ms, 1) AS percentiles`,
  params: { ...groupParams(group), from: range.from, to: range.to },
});

/**
 * Whole hours from the rollups, which hold terminal attempts only; cut hours from the attempts; and the pending attempts
 * of the whole hours from the attempts, by the keys that have a pending row at all: a filter on `status` before FINAL has
 * merged the rows would count pending ones that have since been replaced.
 * Zero counts remain in the rollups' maps where a correction took a row back, and are left out.
 */
function fromRollups(
  group: ScopeGroup,
  range: TimeRange,
  whole: TimeRange,
  borders: readonly number[],
): CountedAttempts {
  const cutHours = [...new Set(borders.filter((border) => border % HOUR_MS !== 0).map(startOfHour))];
  const cut = cutHours.length > 0;
  const inWhole = `created_at >= ${time('wholeFrom')} AND created_at < ${time('wholeTo')}`;
  return {
    from: `(
        SELECT user_id, endpoint_id, toInt64(toUnixTimestamp(hour)) * 1000 AS moment, hour AS start_of_hour, status,
          http_status_code, attempt_number, attempts AS row_attempts,
          CAST(mapFilter((ms, count) -> count > 0, latency), 'Map(UInt32, UInt64)') AS latency
        FROM delivery_stats_hourly FINAL
        WHERE ${inGroup(group)} AND hour >= ${time('wholeFrom')} AND hour < ${time('wholeTo')}
          ${cut ? 'AND toUnixTimestamp(hour) * 1000 NOT IN {cutHours:Array(Int64)}' : ''}
        UNION ALL
        SELECT user_id, endpoint_id, ${OWN_COLUMNS},
          if(status = 'pending' OR response_time_ms IS NULL, map(), map(assumeNotNull(response_time_ms), 1))
        FROM delivery_attempts FINAL
        WHERE ${inGroup(group)}
          AND (created_at >= ${time('from')} AND created_at < ${time('wholeFrom')}
            OR created_at >= ${time('wholeTo')} AND created_at < ${time('to')}
            ${cut ? `OR ${inWhole} AND ${IN_CUT_HOUR}` : ''}) ${inOwnRange(group)}
        UNION ALL
        SELECT user_id, endpoint_id, ${OWN_COLUMNS}, map()
        FROM delivery_attempts FINAL
        WHERE (user_id, created_at, id) IN (
            SELECT user_id, created_at, id FROM delivery_attempts
            WHERE ${inGroup(group)} AND status = 'pending' AND ${inWhole}
          )
          AND ${inGroup(group)} AND status = 'pending' AND ${inWhole} ${cut ? `AND NOT ${IN_CUT_HOUR}` : ''}
      ) AS counted ${joinScopes(group)}`,
    counters: `${COUNTERS},
        sum(arraySum(mapValues(latency))) AS latencyCount,
        sum(arrayDotProduct(mapKeys(latency), mapValues(latency))) AS latencySumMs,
        minIf(arrayMin(mapKeys(latency)), notEmpty(latency)) AS minLatencyMs,
        maxIf(arrayMax(mapKeys(latency)), notEmpty(latency)) AS maxLatencyMs,
        quantilesExactWeightedArray(0.5, 0.95, 0.99)(mapKeys(latency), mapValues(latency)) AS percentiles`,
    params: {
      ...groupParams(group),
      from: range.from,
      to: range.to,
      wholeFrom: whole.from,
      wholeTo: whole.to,
      ...(cut ? { cutHours } : {}),
    },
  };
}

const OWN_COLUMNS = `toUnixTimestamp64Milli(created_at) AS moment, toStartOfHour(created_at, 'UTC') AS start_of_hour, status,
          ifNull(http_status_code, 0) AS http_status_code, attempt_number, 1 AS row_attempts`;

const IN_CUT_HOUR = "toUnixTimestamp(toStartOfHour(created_at, 'UTC')) * 1000 IN {cutHours:Array(Int64)}";

const COUNTERS = `
        sum(row_attempts) AS attempts,
        sumIf(row_attempts, status = 'success') AS successes,
        sumIf(row_attempts, status = 'failed') AS failures,
        sumIf(row_attempts, status = 'expired') AS expired,
        sumIf(row_attempts, status = 'pending') AS pending,
        sumIf(row_attempts, attempt_number > 1) AS retries`;

/** A bound time, milliseconds. */
export const time = (name: 'from' | 'to' | 'wholeFrom' | 'wholeTo' | 'latestFrom' | 'earliestTo'): string =>
  `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`;

export const inGroup = ({ kind }: ScopeGroup): string =>
  kind === 'users'
    ? 'user_id IN {userIds:Array(UUID)}'
    : 'user_id IN {userIds:Array(UUID)} AND endpoint_id IN {endpointIds:Array(UUID)}';

/**
 * Where users count in ranges of their own: nearly all rows lie in the part that is common to all of them, so that only
 * those about the ends are looked at by user. Endpoints have theirs in {@link joinScopes}.
 */
export const inOwnRange = ({ kind, own }: ScopeGroup): string =>
  kind !== 'users' || own === undefined
    ? ''
    : `AND (created_at >= ${time('latestFrom')} AND created_at < ${time('earliestTo')}
          OR toUnixTimestamp64Milli(created_at) >= {froms:Array(Int64)}[indexOf({userIds:Array(UUID)}, user_id)]
            AND toUnixTimestamp64Milli(created_at) < {tos:Array(Int64)}[indexOf({userIds:Array(UUID)}, user_id)])`;

/** What names the scope of a counted row. */
export const scopeOf = ({ kind }: ScopeGroup): string => (kind === 'users' ? 'toString(user_id)' : 'toString(place)');

/** Endpoints are matched together with their user, so that no scope reaches into another user's rows. */
export function joinScopes({ kind, own }: ScopeGroup): string {
  if (kind === 'users') return '';
  const isBound = own !== undefined;
  return `INNER JOIN (
        SELECT owner_id, member_id, place ${isBound ? ', own_from, own_to' : ''} FROM system.one
        ARRAY JOIN {userIds:Array(UUID)} AS owner_id, {endpointIds:Array(UUID)} AS member_id, {scopes:Array(UInt32)} AS place
          ${isBound ? ', {froms:Array(Int64)} AS own_from, {tos:Array(Int64)} AS own_to' : ''}
      ) AS member ON user_id = owner_id AND endpoint_id = member_id
        ${isBound ? 'AND moment >= own_from AND moment < own_to' : ''}`;
}

export function groupParams({ kind: _kind, own, ...columns }: ScopeGroup): Record<string, unknown> {
  if (own === undefined) return columns;
  return { ...columns, ...own, latestFrom: Math.max(...own.froms), earliestTo: Math.min(...own.tos) };
}

/** A result row with the percentiles by their names, and no latencies where there are none. */
export function measured<Row extends Measured<DeliveryCounters>>(row: Row) {
  const [p50, p95, p99] = row.percentiles;
  const orNull = (latency: number | null): number | null => (row.latencyCount === 0 ? null : latency);
  return {
    ...row,
    minLatencyMs: orNull(row.minLatencyMs),
    maxLatencyMs: orNull(row.maxLatencyMs),
    p50LatencyMs: orNull(p50),
    p95LatencyMs: orNull(p95),
    p99LatencyMs: orNull(p99),
  };
}

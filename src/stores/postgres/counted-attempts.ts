import type { TimeRange } from '../../records/time-range.js';
import type { DeliveryCounters } from '../analytics-store.js';
import type { ScopeGroup } from '../scoped-stats.js';
import { ATTEMPTS_OF_USERS, timestamp } from './attempts-of-users.js';

/** A row with counters as {@link COUNTERS} give them: percentiles in one array, or null where there is no latency. */
export type Measured<Row extends DeliveryCounters> = Omit<Row, 'p50LatencyMs' | 'p95LatencyMs' | 'p99LatencyMs'> & {
  readonly percentiles: readonly [number, number, number] | null;
};

/** The attempts of a group of scopes: a FROM clause, the column that names the scope, and the values it binds first. */
export interface CountedAttempts {
  readonly from: string;
  readonly scope: string;
  readonly values: readonly unknown[];
}

export function countedAttempts(group: ScopeGroup, { from, to }: TimeRange): CountedAttempts {
  const values: unknown[] = [group.userIds, timestamp(from), timestamp(to)];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const { own } = group;
  if (group.kind === 'users' && own === undefined) return { from: ATTEMPTS_OF_USERS, scope: 'user_id', values };
  // Endpoints are matched together with their user, so that no scope reaches into another user's rows.
  const columns = [
    { name: 'owner_id', values: '$1::uuid[]', match: 'attempt.user_id = owner_id' },
    ...(group.kind === 'users'
      ? []
      : [
          { name: 'member_id', values: `${bind(group.endpointIds)}::uuid[]`, match: 'attempt.endpoint_id = member_id' },
          { name: 'place', values: `${bind(group.scopes)}::integer[]`, match: 'true' },
        ]),
    ...(own === undefined
      ? []
      : [
          {
            name: 'own_from',
            values: `${bind(own.froms.map(timestamp))}::timestamptz[]`,
            match: 'created_at >= own_from',
          },
          { name: 'own_to', values: `${bind(own.tos.map(timestamp))}::timestamptz[]`, match: 'created_at < own_to' },
        ]),
  ];
  return {
    from: `${ATTEMPTS_OF_USERS} JOIN unnest(${columns.map((column) => column.values).join(', ')})
            AS member (${columns.map(({ name }) => name).join(', ')}) ON ${columns.map(({ match }) => match).join(' AND ')}`,
    scope: group.kind === 'users' ? 'user_id' : 'place',
    values,
  };
}

/** What a pending attempt carries is no latency. */
export const LATENCY = "CASE WHEN status <> 'pending' THEN response_time_ms END AS latency_ms";

/** Over rows with status, attempt_number and {@link LATENCY}. */
export const COUNTERS = `
        count(*) AS attempts,
        count(*) FILTER (WHERE status = 'success') AS successes,
        count(*) FILTER (WHERE status = 'failed') AS failures,
        count(*) FILTER (WHERE status = 'expired') AS expired,
        count(*) FILTER (WHERE status = 'pending') AS pending,
        count(*) FILTER (WHERE attempt_number > 1) AS retries,
        count(latency_ms) AS "latencyCount",
        coalesce(sum(latency_ms), 0) AS "latencySumMs",
        min(latency_ms) AS "minLatencyMs",
        max(latency_ms) AS "maxLatencyMs",
        percentile_disc(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY latency_ms)::double precision[] AS percentiles`;

/** A result row with the percentiles by their names. */
export const measured = <Row extends Measured<DeliveryCounters>>(row: Row) => ({
  ...row,
  p50LatencyMs: row.percentiles?.[0] ?? null,
  p95LatencyMs: row.percentiles?.[1] ?? null,
  p99LatencyMs: row.percentiles?.[2] ?? null,
});

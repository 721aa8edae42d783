import type { DeliveryStatsQuestion } from '../analytics-store.js';
import type { ScopeGroup, StatsRow } from '../scoped-stats.js';
import { COUNTERS, countedAttempts, LATENCY, type Measured, measured } from './counted-attempts.js';
import type { PostgresQueries } from './database.js';

/** The counters of a group of scopes: a row a scope and, where asked for, a row an hour of each. */
export async function deliveryStats(
  database: PostgresQueries,
  { range, hourly, events }: DeliveryStatsQuestion,
  group: ScopeGroup,
): Promise<StatsRow[]> {
  const { from, scope, values } = countedAttempts(group, range);
  const rows = await database.query<Measured<StatsRow>>({
    name: 'delivery_stats',
    text: `
      SELECT scope::text, ${hourly ? 'hour' : 'NULL AS hour'},
        ${events ? 'count(DISTINCT event_id)' : '0'} AS "totalEvents", ${COUNTERS}
      FROM (
        SELECT ${scope} AS scope, date_trunc('hour', created_at, 'UTC') AS hour, status, attempt_number, event_id, ${LATENCY}
        FROM ${from}
      ) AS counted
      GROUP BY ${hourly ? 'GROUPING SETS ((scope), (scope, hour))' : 'scope'}`,
    values,
  });
  return rows.map(measured);
}

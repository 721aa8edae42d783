import type { DeliveryStatsQuestion, QueryOptions } from '../analytics-store.js';
import type { ScopeGroup, StatsRow } from '../scoped-stats.js';
import {
  countedAttempts,
  groupParams,
  inGroup,
  inOwnRange,
  joinScopes,
  type Measured,
  measured,
  scopeOf,
  time,
} from './counted-attempts.js';
import type { ClickHouseDatabase } from './database.js';
import type { StatsPlan } from './stats-plan.js';

/** The counters of a group of scopes: a row a scope and, where asked for, a row an hour of each. */
export async function deliveryStats(
  database: ClickHouseDatabase,
  question: DeliveryStatsQuestion,
  group: ScopeGroup,
  plan: StatsPlan,
  options: QueryOptions = {},
): Promise<StatsRow[]> {
  if (plan.source === 'attempts') return countersOf(database, question, group, plan, options);
  const [rows, totalEvents] = await Promise.all([
    countersOf(database, { ...question, events: false }, group, plan, options),
    question.events ? distinctEvents(database, question, group, options) : new Map<string, number>(),
  ]);
  return rows.map((row) => ({ ...row, totalEvents: totalEvents.get(row.scope) ?? 0 }));
}

async function countersOf(
  database: ClickHouseDatabase,
  { range, hourly, events }: DeliveryStatsQuestion,
  group: ScopeGroup,
  plan: StatsPlan,
  { signal }: QueryOptions,
): Promise<StatsRow[]> {
  const { from, counters, params } = countedAttempts(group, range, plan);
  const rows = await database.query<Measured<StatsRow>>({
    name: `delivery_stats_from_${plan.source}`,
    query: `
      SELECT ${scopeOf(group)} AS scope, ${hourly ? HOUR_OR_NULL : 'NULL'} AS hour,
        ${events ? 'uniqExact(event_id)' : '0'} AS totalEvents, ${counters}
      FROM ${from}
      GROUP BY ${hourly ? 'GROUPING SETS ((scope), (scope, start_of_hour))' : 'scope'}`,
    params,
    ...(signal === undefined ? {} : { signal }),
  });
  return rows.map(measured);
}

const HOUR_OR_NULL = 'if(grouping(start_of_hour) = 0, toUnixTimestamp(start_of_hour) * 1000, NULL)';

/** Distinct event ids of each scope: the rollups do not know them. */
async function distinctEvents(
  database: ClickHouseDatabase,
  { range }: DeliveryStatsQuestion,
  group: ScopeGroup,
  { signal }: QueryOptions,
): Promise<Map<string, number>> {
  const rows = await database.query<{ scope: string; totalEvents: number }>({
    name: 'distinct_events',
    query: `
      SELECT ${scopeOf(group)} AS scope, uniqExact(event_id) AS totalEvents
      FROM (
        SELECT user_id, endpoint_id, event_id, toUnixTimestamp64Milli(created_at) AS moment FROM delivery_attempts FINAL
        WHERE ${inGroup(group)} AND created_at >= ${time('from')} AND created_at < ${time('to')} ${inOwnRange(group)}
      ) AS counted ${joinScopes(group)}
      GROUP BY scope`,
    params: { ...groupParams(group), from: range.from, to: range.to },
    ...(signal === undefined ? {} : { signal }),
  });
  return new Map(rows.map(({ scope, totalEvents }) => [scope, totalEvents]));
}

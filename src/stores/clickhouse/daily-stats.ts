import type { DailyStatsQuestion, QueryOptions } from '../analytics-store.js';
import type { DayRow, ScopeGroup } from '../scoped-stats.js';
import { countedAttempts, type Measured, measured, scopeOf } from './counted-attempts.js';
import type { ClickHouseDatabase } from './database.js';
import type { StatsPlan } from './stats-plan.js';

/** The counters of a group of scopes: a row a scope and day. */
export async function dailyStats(
  database: ClickHouseDatabase,
  { range, days }: DailyStatsQuestion,
  group: ScopeGroup,
  plan: StatsPlan,
  { signal }: QueryOptions = {},
): Promise<DayRow[]> {
  const { from, counters, params } = countedAttempts(group, range, plan, days);
  const rows = await database.query<Measured<DayRow>>({
    name: `daily_stats_from_${plan.source}`,
    query: `
      SELECT ${scopeOf(group)} AS scope, roundDown(moment, {days:Array(Int64)}) AS day, ${counters}
      FROM ${from}
      GROUP BY scope, day`,
    params: { ...params, days },
    ...(signal === undefined ? {} : { signal }),
  });
  return rows.map(measured);
}

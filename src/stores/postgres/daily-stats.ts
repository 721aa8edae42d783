import type { DailyStatsQuestion } from '../analytics-store.js';
import type { DayRow, ScopeGroup } from '../scoped-stats.js';
import { timestamp } from './attempts-of-users.js';
import { COUNTERS, countedAttempts, LATENCY, type Measured, measured } from './counted-attempts.js';
import type { PostgresQueries } from './database.js';

/** The counters of a group of scopes: a row a scope and day. */
export async function dailyStats(
  database: PostgresQueries,
  { range, days }: DailyStatsQuestion,
  group: ScopeGroup,
): Promise<DayRow[]> {
  const { from, scope, values } = countedAttempts(group, range);
  const starts = `$${values.length + 1}::timestamptz[]`;
  const rows = await database.query<Measured<DayRow>>({
    name: 'daily_stats',
    text: `
      SELECT scope::text, day, ${COUNTERS}
      FROM (
        SELECT ${scope} AS scope, (${starts})[width_bucket(created_at, ${starts})] AS day, status, attempt_number, ${LATENCY}
        FROM ${from}
      ) AS counted
      GROUP BY scope, day`,
    values: [...values, days.map(timestamp)],
  });
  return rows.map(measured);
}

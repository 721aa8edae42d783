import { type BreakdownDimension, type BreakdownQuestion, type BreakdownRow, NO_KEY } from '../analytics-store.js';
import type { Scoped, ScopeGroup } from '../scoped-stats.js';
import { COUNTERS, countedAttempts, LATENCY, type Measured, measured } from './counted-attempts.js';
import type { PostgresQueries } from './database.js';

const KEY: Record<BreakdownDimension, string> = {
  endpoint: 'endpoint_id',
  application: 'application_id',
  status: 'status',
  http_status_code: 'http_status_code',
  attempt_number: 'attempt_number',
};

/** The counters of a group of scopes by a dimension: up to `limit` rows a scope. */
export async function breakdown(
  database: PostgresQueries,
  { by, range, limit, applications = [] }: BreakdownQuestion,
  group: ScopeGroup,
): Promise<Scoped<BreakdownRow>[]> {
  const { from, scope, values: first } = countedAttempts(group, range);
  const values = [...first];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const joinApplications =
    by === 'application'
      ? `LEFT JOIN unnest(${bind(applications.map(({ userId }) => userId))}::uuid[],
            ${bind(applications.map(({ endpointId }) => endpointId))}::uuid[],
            ${bind(applications.map(({ applicationId }) => applicationId))}::uuid[]
          ) AS owner (user_id, endpoint_id, application_id) USING (user_id, endpoint_id)`
      : '';
  const rows = await database.query<Measured<Scoped<BreakdownRow>> & { rank: number }>({
    name: 'breakdown',
    text: `
      SELECT * FROM (
        SELECT scope::text, key, ${COUNTERS},
          row_number() OVER (PARTITION BY scope ORDER BY count(*) DESC, key COLLATE "C") AS rank
        FROM (
          SELECT ${scope} AS scope, coalesce(${KEY[by]}::text, ${bind(NO_KEY)}::text) AS key, status, attempt_number,
            ${LATENCY}
          FROM ${from} ${joinApplications}
        ) AS counted
        GROUP BY scope, key
      ) AS ranked
      WHERE rank <= ${bind(limit)}
      ORDER BY scope, rank`,
    values,
  });
  return rows.map(measured);
}

import {
  type BreakdownDimension,
  type BreakdownQuestion,
  type BreakdownRow,
  NO_KEY,
  type QueryOptions,
} from '../analytics-store.js';
import type { Scoped, ScopeGroup } from '../scoped-stats.js';
import { countedAttempts, type Measured, measured, scopeOf } from './counted-attempts.js';
import type { ClickHouseDatabase } from './database.js';
import type { StatsPlan } from './stats-plan.js';

const KEY: Record<BreakdownDimension, string> = {
  endpoint: 'toString(endpoint_id)',
  application: 'if(empty(application_id), {noKey:String}, application_id)',
  status: 'toString(status)',
  http_status_code: 'if(http_status_code = 0, {noKey:String}, toString(http_status_code))',
  attempt_number: 'toString(attempt_number)',
};

const JOIN_APPLICATIONS = `
      LEFT JOIN (
        SELECT user_id, endpoint_id, application_id FROM system.one
        ARRAY JOIN {ownerIds:Array(UUID)} AS user_id, {ownedIds:Array(UUID)} AS endpoint_id,
          {applicationIds:Array(String)} AS application_id
      ) AS owner USING (user_id, endpoint_id)`;

/** The counters of a group of scopes by a dimension: up to `limit` rows a scope. */
export async function breakdown(
  database: ClickHouseDatabase,
  { by, range, limit, applications = [] }: BreakdownQuestion,
  group: ScopeGroup,
  plan: StatsPlan,
  { signal }: QueryOptions = {},
): Promise<Scoped<BreakdownRow>[]> {
  const { from, counters, params } = countedAttempts(group, range, plan);
  // What corrections took back leaves sums of zero in the rollups.
  const rows = await database.query<Measured<Scoped<BreakdownRow>>>({
    name: `breakdown_from_${plan.source}`,
    query: `
      SELECT ${scopeOf(group)} AS scope, ${KEY[by]} AS key, ${counters}
      FROM ${from} ${by === 'application' ? JOIN_APPLICATIONS : ''}
      GROUP BY scope, key
      HAVING attempts > 0
      ORDER BY attempts DESC, key
      LIMIT {limit:UInt32} BY scope`,
    params: {
      ...params,
      limit,
      noKey: NO_KEY,
      ownerIds: applications.map(({ userId }) => userId),
      ownedIds: applications.map(({ endpointId }) => endpointId),
      applicationIds: applications.map(({ applicationId }) => applicationId),
    },
    ...(signal === undefined ? {} : { signal }),
  });
  return rows.map(measured);
}

import { onEveryServer } from './cluster.js';
import type { ClickHouseDatabase } from './database.js';

/**
 * The ids of the queries with these names that any server is working on, whether or not anyone waits for them. What a
 * shard was given to do by another server knows no database: of that, all count. A server that is away works on nothing.
 */
export async function runningQueries(
  database: ClickHouseDatabase,
  names: readonly string[],
  signal: AbortSignal,
): Promise<Set<string>> {
  const rows = await database.query<{ id: string }>({
    name: 'running_queries',
    query: `SELECT query_id AS id FROM ${onEveryServer(database, 'system.processes')}
      WHERE (current_database = {database:String} OR NOT is_initial_query)
        AND has({names:Array(String)}, splitByChar(' ', Settings['log_comment'])[1])`,
    params: { database: database.database, names },
    settings: { skip_unavailable_shards: 1 },
    signal,
  });
  return new Set(rows.map(({ id }) => id));
}

/** The server's clock, milliseconds since 1970. */
export async function serverTime(database: ClickHouseDatabase, signal: AbortSignal): Promise<number> {
  const rows = await database.query<{ now: number }>({
    name: 'server_time',
    query: 'SELECT toUnixTimestamp64Milli(now64(3)) AS now',
    signal,
  });
  return rows[0]?.now ?? 0;
}

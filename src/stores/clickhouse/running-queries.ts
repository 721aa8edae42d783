import type { ClickHouseDatabase } from './database.js';

/** The ids of the queries with these names that the server is working on, whether or not anyone waits for them. */
export async function runningQueries(
  database: ClickHouseDatabase,
  names: readonly string[],
  signal: AbortSignal,
): Promise<Set<string>> {
  const rows = await database.query<{ id: string }>({
    name: 'running_queries',
    query: `SELECT query_id AS id FROM system.processes
      WHERE current_database = currentDatabase() AND has({names:Array(String)}, Settings['log_comment'])`,
    params: { names },
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

import type { ClickHouseDatabase } from './database.js';

/**
 * The state of every day of the attempts and of both rollups, by the start of the day (milliseconds since 1970). It
 * changes with each insert, attach and mutation, and not with a merge: block numbers are given as parts are committed.
 */
export async function rollupMarks(database: ClickHouseDatabase, signal: AbortSignal): Promise<Map<number, string>> {
  const rows = await database.query<{ day: number; mark: string }>({
    name: 'rollup_marks',
    query: `
      SELECT toUnixTimestamp(toDateTime(toDate(partition), 'UTC')) * 1000 AS day,
        concat(toString(maxIf(changed, table = 'delivery_attempts')), '/',
          toString(maxIf(changed, table = 'delivery_stats_hourly')), '/',
          toString(maxIf(changed, table = 'delivery_stats_daily'))) AS mark
      FROM (
        SELECT table, partition, greatest(max_block_number, toInt64(data_version)) AS changed FROM system.parts
        WHERE active AND database = currentDatabase()
          AND table IN ('delivery_attempts', 'delivery_stats_hourly', 'delivery_stats_daily')
      )
      GROUP BY partition`,
    signal,
  });
  return new Map(rows.map(({ day, mark }) => [day, mark]));
}

import { localTable, onEveryShard } from './cluster.js';
import type { ClickHouseDatabase } from './database.js';

/**
 * The state of every day of the attempts and of both rollups, by the start of the day (milliseconds since 1970), shard by
 * shard and without a space. It changes with each insert, attach and mutation, and not with a merge: block numbers are
 * given as parts are committed.
 */
export async function rollupMarks(database: ClickHouseDatabase, signal: AbortSignal): Promise<Map<number, string>> {
  const rows = await database.query<{ day: number; mark: string }>({
    name: 'rollup_marks',
    query: `
      SELECT day, arrayStringConcat(arraySort(groupArray(mark_of_shard)), ',') AS mark
      FROM (
        SELECT toUnixTimestamp(toDateTime(toDate(partition), 'UTC')) * 1000 AS day,
          concat(toString(shard), ':',
            toString(maxIf(changed, table = {attempts:String})), '/',
            toString(maxIf(changed, table = {hourly:String})), '/',
            toString(maxIf(changed, table = {daily:String}))) AS mark_of_shard
        FROM (
          SELECT shardNum() AS shard, table, partition, greatest(max_block_number, toInt64(data_version)) AS changed
          FROM ${onEveryShard(database, 'system.parts')}
          WHERE active AND database = {database:String}
            AND table IN ({attempts:String}, {hourly:String}, {daily:String})
        )
        GROUP BY partition, shard
      )
      GROUP BY day`,
    params: {
      database: database.database,
      attempts: localTable(database, 'delivery_attempts'),
      hourly: localTable(database, 'delivery_stats_hourly'),
      daily: localTable(database, 'delivery_stats_daily'),
    },
    signal,
  });
  return new Map(rows.map(({ day, mark }) => [day, mark]));
}

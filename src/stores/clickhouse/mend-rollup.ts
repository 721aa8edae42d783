import type { ClickHouseDatabase } from './database.js';

export const ROLLUP_GRAINS = ['hourly', 'daily'] as const;
export type RollupGrain = (typeof ROLLUP_GRAINS)[number];

interface RollupMend {
  /** Start of the UTC day, milliseconds since 1970. */
  readonly day: number;
  /** These users alone. Everyone where null. */
  readonly userIds: readonly string[] | null;
  /** Of several mends with one token a single one is counted, whatever their rows. */
  readonly token: string;
  /** By the server's own clock, milliseconds since 1970: one that starts later adds nothing. */
  readonly notAfter: number;
  readonly signal: AbortSignal;
}

const DAY_MS = 86_400_000;
/** More than any day has keys: an insert that is cut into several blocks is not counted once by its token. */
const ONE_BLOCK = '1000000000';

const TABLES: Readonly<Record<RollupGrain, { table: string; period: string; startOf: string; ofDay: string }>> = {
  hourly: {
    table: 'delivery_stats_hourly',
    period: 'hour',
    startOf: "toStartOfHour(created_at, 'UTC')",
    ofDay:
      "hour >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND hour < fromUnixTimestamp64Milli({to:Int64}, 'UTC')",
  },
  daily: {
    table: 'delivery_stats_daily',
    period: 'day',
    startOf: "toDate(created_at, 'UTC')",
    ofDay: "day = toDate(fromUnixTimestamp64Milli({from:Int64}, 'UTC'))",
  },
};

/**
 * Adds to a rollup what it lacks of the attempts, key by key, and takes away what it has too much. Right only while
 * nothing is being inserted into that day. Resolves to how many keys differed. Fails with an UpstreamError, the
 * difference being in or not.
 */
export function mendRollup(
  database: ClickHouseDatabase,
  grain: RollupGrain,
  { day, userIds, token, notAfter, signal }: RollupMend,
): Promise<number> {
  const { table, period, startOf, ofDay } = TABLES[grain];
  const ofUsers = userIds === null ? '' : 'AND user_id IN {userIds:Array(UUID)}';
  return database.command({
    name: mendName(grain),
    query: `
      INSERT INTO ${table} (user_id, ${period}, endpoint_id, status, http_status_code, attempt_number, attempts, latency)
      SELECT user_id, period, endpoint_id, status, code, attempt_number,
        sum(n) AS lacking_attempts,
        mapFilter((ms, lacking) -> lacking != 0, sumMap(counts)) AS lacking_latency
      FROM (
        SELECT user_id, ${startOf} AS period, endpoint_id, status, ifNull(http_status_code, 0) AS code, attempt_number,
          toInt64(count()) AS n,
          sumMapIf(map(assumeNotNull(response_time_ms), toInt64(1)), isNotNull(response_time_ms)) AS counts
        FROM delivery_attempts FINAL
        WHERE created_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
          AND created_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC') AND status != 'pending' ${ofUsers}
        GROUP BY user_id, period, endpoint_id, status, code, attempt_number
        UNION ALL
        SELECT user_id, ${period}, endpoint_id, status, http_status_code, attempt_number,
          -attempts, mapApply((ms, counted) -> (ms, -counted), latency)
        FROM ${table} FINAL
        WHERE ${ofDay} ${ofUsers}
      )
      WHERE now64(3, 'UTC') < fromUnixTimestamp64Milli({notAfter:Int64}, 'UTC')
      GROUP BY user_id, period, endpoint_id, status, code, attempt_number
      HAVING lacking_attempts != 0 OR notEmpty(lacking_latency)`,
    params: { from: day, to: day + DAY_MS, notAfter, ...(userIds === null ? {} : { userIds }) },
    settings: {
      insert_deduplicate: 1,
      insert_deduplication_token: token,
      async_insert: 0,
      // The difference is added up in one place: a shard on its own would add it with its own clock.
      parallel_distributed_insert_select: '0',
      max_insert_threads: '1',
      max_insert_block_size: ONE_BLOCK,
      min_insert_block_size_rows: ONE_BLOCK,
      min_insert_block_size_bytes: ONE_BLOCK,
      wait_end_of_query: 1,
    },
    signal,
  });
}

const mendName = (grain: RollupGrain): string => `mend_rollup_${grain}`;

/** The names of the inserts that a comparison must not overlap with. */
export const INSERTS_INTO_ROLLUPS = ['insert_delivery_attempts', ...ROLLUP_GRAINS.map(mendName)];

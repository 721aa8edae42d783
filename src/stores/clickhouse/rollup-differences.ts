import type { ClickHouseDatabase } from './database.js';

/** A user whose sums of one day are not those of the attempts. */
export interface RollupDifference {
  readonly userId: string;
  /** Starts of the hours with wrong hourly sums, milliseconds since 1970. */
  readonly hours: readonly number[];
  /** Whether daily sums are wrong. */
  readonly daily: boolean;
  /** Attempts that the hourly sums lack; negative where they have too many. */
  readonly hourlyAttempts: number;
  /** The same of the daily sums. */
  readonly dailyAttempts: number;
}

interface RollupDay {
  /** Start of the UTC day, milliseconds since 1970. */
  readonly day: number;
  /** These users alone. Everyone where null. */
  readonly userIds: readonly string[] | null;
  readonly signal: AbortSignal;
}

const DAY_MS = 86_400_000;

/**
 * Compares both rollups of a day with the attempts, up to `limit` users. What a rollup can say of an attempt is hashed;
 * the hashes are added up an hour and user on either side (wrapping at 64 bits), so that no key is joined with another;
 * each side by itself, so that on a cluster its shards do it.
 * While attempts are being inserted, those whose views have not run yet are differences too.
 */
export function rollupDifferences(
  database: ClickHouseDatabase,
  { day, userIds, signal }: RollupDay,
  limit: number,
): Promise<RollupDifference[]> {
  const ofUsers = userIds === null ? '' : 'AND user_id IN {userIds:Array(UUID)}';
  return database.query<RollupDifference>({
    name: 'rollup_differences',
    query: `
      SELECT user_id AS userId,
        groupArrayIf(toUnixTimestamp(hour) * 1000, hourly_hash != 0) AS hours,
        sum(daily_hash) != 0 AS daily,
        sum(hourly_attempts) AS hourlyAttempts,
        sum(daily_attempts) AS dailyAttempts
      FROM (
        SELECT user_id, hour, sum(hourly_n) AS hourly_attempts, sum(hourly_h) AS hourly_hash,
          sum(daily_n) AS daily_attempts, sum(daily_h) AS daily_hash
        FROM (
          WITH ${hashOf('ifNull(http_status_code, 0)')} AS key,
            key + if(response_time_ms IS NULL, 0, ${latencyHash('assumeNotNull(response_time_ms)')}) AS attempt
          SELECT user_id, toStartOfHour(created_at, 'UTC') AS hour, toInt64(count()) AS hourly_n, sum(attempt) AS hourly_h,
            hourly_n AS daily_n, hourly_h AS daily_h
          FROM delivery_attempts FINAL
          WHERE created_at >= ${time('from')} AND created_at < ${time('to')} AND status != 'pending' ${ofUsers}
          GROUP BY user_id, hour
          UNION ALL
          WITH ${hashOf('http_status_code')} AS key
          SELECT user_id, hour, -sum(attempts), -sum(${SUM_HASH}), 0, 0
          FROM delivery_stats_hourly
          WHERE hour >= ${time('from')} AND hour < ${time('to')} ${ofUsers}
          GROUP BY user_id, hour
          UNION ALL
          WITH ${hashOf('http_status_code')} AS key
          SELECT user_id, toDateTime(day, 'UTC'), 0, 0, -sum(attempts), -sum(${SUM_HASH})
          FROM delivery_stats_daily
          WHERE day = toDate(${time('from')}) ${ofUsers}
          GROUP BY user_id, day
        )
        GROUP BY user_id, hour
      )
      GROUP BY user_id
      HAVING notEmpty(hours) OR daily
      ORDER BY user_id
      LIMIT {limit:UInt32}`,
    params: { from: day, to: day + DAY_MS, limit, ...(userIds === null ? {} : { userIds }) },
    signal,
  });
}

const time = (name: 'from' | 'to'): string => `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`;

const hashOf = (code: string): string =>
  `reinterpretAsInt64(cityHash64(endpoint_id, status, toUInt16(${code}), attempt_number))`;

const latencyHash = (ms: string): string => `reinterpretAsInt64(cityHash64(key, ${ms}))`;

/** Of all attempts that a row of a rollup stands for. */
const SUM_HASH = `(attempts * key + arraySum((ms, n) -> n * ${latencyHash('ms')}, mapKeys(latency), mapValues(latency)))`;

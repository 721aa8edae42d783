-- Placeholders in braces are filled in by the runner: retention in days, one more than what is promised. A changed retention
-- reaches old parts by their TTL information alone (materialize_ttl_recalculate_only), their rows are not written again.

-- Of several rows with one id the earliest ingested_at stands.
CREATE TABLE IF NOT EXISTS events
(
    id UUID,
    chain_id UInt32,
    block_number UInt64 CODEC(DoubleDelta, ZSTD),
    block_hash FixedString(32) CODEC(ZSTD),
    transaction_hash FixedString(32) CODEC(ZSTD),
    transaction_index UInt32 CODEC(ZSTD),
    log_index UInt32 CODEC(ZSTD),
    address FixedString(20) CODEC(ZSTD),
    topic0 Nullable(FixedString(32)) CODEC(ZSTD),
    topic1 Nullable(FixedString(32)) CODEC(ZSTD),
    topic2 Nullable(FixedString(32)) CODEC(ZSTD),
    topic3 Nullable(FixedString(32)) CODEC(ZSTD),
    data String CODEC(ZSTD),
    ingested_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD),
    created_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD),
    version UInt64 MATERIALIZED toUInt64(9223372036854775807 - toUnixTimestamp64Milli(ingested_at)) CODEC(DoubleDelta, ZSTD),
    INDEX id_bloom id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX transaction_hash_bloom transaction_hash TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toDate(ingested_at, 'UTC')
ORDER BY (chain_id, block_number, transaction_index, log_index, id)
TTL toDateTime(ingested_at, 'UTC') + toIntervalDay({events_ttl_days})
SETTINGS ttl_only_drop_parts = 1, materialize_ttl_recalculate_only = 1, non_replicated_deduplication_window = 0;

-- The truth about attempts: one row a key under FINAL, the highest version, in whatever order and how often rows arrive.
-- No deduplication window: a server killed between its record of an insert and the insert's rename would lose the rows.
CREATE TABLE IF NOT EXISTS delivery_attempts
(
    id UUID,
    event_id UUID,
    endpoint_id UUID,
    user_id UUID,
    attempt_number UInt8,
    status Enum8('pending' = 0, 'success' = 1, 'failed' = 2, 'expired' = 3),
    http_status_code Nullable(UInt16),
    response_time_ms Nullable(UInt32) CODEC(ZSTD),
    error_message Nullable(String) CODEC(ZSTD),
    created_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD),
    updated_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD),
    version UInt64
        MATERIALIZED toUInt64(toUnixTimestamp64Milli(updated_at)) * 4
            + transform(toString(status), ['pending', 'expired', 'failed', 'success'], [0, 1, 2, 3], 0)
        CODEC(DoubleDelta, ZSTD),
    INDEX id_bloom id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toDate(created_at, 'UTC')
ORDER BY (user_id, created_at, id)
TTL toDateTime(created_at, 'UTC') + toIntervalDay({attempts_ttl_days})
SETTINGS ttl_only_drop_parts = 1, materialize_ttl_recalculate_only = 1, non_replicated_deduplication_window = 0;

-- Sums of terminal attempts: nothing but what can be added and taken away. Code 0 is no code; `latency` maps
-- response_time_ms to a count. A retried batch is counted once by its token, which only these tables remember.
-- Small granules: a row carries a map, so a user's hours must not drag their neighbours' along.
CREATE TABLE IF NOT EXISTS delivery_stats_hourly
(
    user_id UUID,
    hour DateTime('UTC') CODEC(DoubleDelta, ZSTD),
    endpoint_id UUID CODEC(ZSTD),
    status Enum8('pending' = 0, 'success' = 1, 'failed' = 2, 'expired' = 3) CODEC(ZSTD),
    http_status_code UInt16 CODEC(ZSTD),
    attempt_number UInt8 CODEC(ZSTD),
    attempts SimpleAggregateFunction(sum, Int64) CODEC(ZSTD),
    latency SimpleAggregateFunction(sumMap, Map(UInt32, Int64)) CODEC(ZSTD)
)
ENGINE = AggregatingMergeTree
PARTITION BY toDate(hour, 'UTC')
ORDER BY (user_id, hour, endpoint_id, status, http_status_code, attempt_number)
TTL hour + toIntervalDay({attempts_ttl_days})
SETTINGS ttl_only_drop_parts = 1, materialize_ttl_recalculate_only = 1, non_replicated_deduplication_window = 100000,
    index_granularity = 512;

CREATE MATERIALIZED VIEW IF NOT EXISTS delivery_stats_hourly_view TO delivery_stats_hourly AS
SELECT
    user_id,
    toStartOfHour(created_at, 'UTC') AS hour,
    endpoint_id,
    status,
    ifNull(http_status_code, 0) AS http_status_code,
    attempt_number,
    toInt64(count()) AS attempts,
    sumMapIf(map(assumeNotNull(response_time_ms), toInt64(1)), isNotNull(response_time_ms)) AS latency
FROM delivery_attempts
WHERE status != 'pending'
GROUP BY user_id, hour, endpoint_id, status, http_status_code, attempt_number;

CREATE TABLE IF NOT EXISTS delivery_stats_daily
(
    user_id UUID,
    day Date CODEC(DoubleDelta, ZSTD),
    endpoint_id UUID CODEC(ZSTD),
    status Enum8('pending' = 0, 'success' = 1, 'failed' = 2, 'expired' = 3) CODEC(ZSTD),
    http_status_code UInt16 CODEC(ZSTD),
    attempt_number UInt8 CODEC(ZSTD),
    attempts SimpleAggregateFunction(sum, Int64) CODEC(ZSTD),
    latency SimpleAggregateFunction(sumMap, Map(UInt32, Int64)) CODEC(ZSTD)
)
ENGINE = AggregatingMergeTree
PARTITION BY day
ORDER BY (user_id, day, endpoint_id, status, http_status_code, attempt_number)
TTL day + toIntervalDay({attempts_ttl_days})
SETTINGS ttl_only_drop_parts = 1, materialize_ttl_recalculate_only = 1, non_replicated_deduplication_window = 100000,
    index_granularity = 512;

CREATE MATERIALIZED VIEW IF NOT EXISTS delivery_stats_daily_view TO delivery_stats_daily AS
SELECT
    user_id,
    toDate(created_at, 'UTC') AS day,
    endpoint_id,
    status,
    ifNull(http_status_code, 0) AS http_status_code,
    attempt_number,
    toInt64(count()) AS attempts,
    sumMapIf(map(assumeNotNull(response_time_ms), toInt64(1)), isNotNull(response_time_ms)) AS latency
FROM delivery_attempts
WHERE status != 'pending'
GROUP BY user_id, day, endpoint_id, status, http_status_code, attempt_number;

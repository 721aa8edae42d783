-- What the migrations of this folder make together; never run. Written anew by
-- UPDATE_GOLDEN=1 npm run --silent jest -- golden

CREATE TABLE delivery_attempts
(
    `id` UUID CODEC(ZSTD(3)),
    `event_id` UUID CODEC(ZSTD(1)),
    `endpoint_id` UUID CODEC(ZSTD(1)),
    `user_id` UUID CODEC(ZSTD(1)),
    `attempt_number` UInt8 CODEC(ZSTD(1)),
    `status` Enum8('pending' = 0, 'success' = 1, 'failed' = 2, 'expired' = 3),
    `http_status_code` Nullable(UInt16) CODEC(ZSTD(1)),
    `response_time_ms` Nullable(UInt32) CODEC(ZSTD(1)),
    `error_message` Nullable(String) CODEC(ZSTD(1)),
    `created_at` DateTime64(3, 'UTC') CODEC(T64, ZSTD(1)),
    `updated_at` DateTime64(3, 'UTC') CODEC(T64, ZSTD(1)),
    `version` UInt64 MATERIALIZED (toUInt64(toUnixTimestamp64Milli(updated_at)) * 4) + transform(toString(status), ['pending', 'expired', 'failed', 'success'], [0, 1, 2, 3], 0) CODEC(T64, ZSTD(1)),
    INDEX id_bloom id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX event_id_bloom event_id TYPE bloom_filter(0.0001) GRANULARITY 1,
    INDEX status_set status TYPE set(4) GRANULARITY 1,
    INDEX http_status_code_set http_status_code TYPE set(64) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toDate(created_at, 'UTC')
ORDER BY (user_id, created_at, id)
TTL toDateTime(created_at, 'UTC') + toIntervalDay(31)
SETTINGS ttl_only_drop_parts = 1, materialize_ttl_recalculate_only = 1, non_replicated_deduplication_window = 0, index_granularity = 8192;

CREATE TABLE delivery_stats_daily
(
    `user_id` UUID CODEC(ZSTD(1)),
    `day` Date CODEC(DoubleDelta, ZSTD(1)),
    `endpoint_id` UUID CODEC(ZSTD(1)),
    `status` Enum8('pending' = 0, 'success' = 1, 'failed' = 2, 'expired' = 3) CODEC(ZSTD(1)),
    `http_status_code` UInt16 CODEC(ZSTD(1)),
    `attempt_number` UInt8 CODEC(ZSTD(1)),
    `attempts` SimpleAggregateFunction(sum, Int64) CODEC(ZSTD(1)),
    `latency` SimpleAggregateFunction(sumMap, Map(UInt32, Int64)) CODEC(ZSTD(3))
)
ENGINE = AggregatingMergeTree
PARTITION BY day
ORDER BY (user_id, day, endpoint_id, status, http_status_code, attempt_number)
TTL day + toIntervalDay(31)
SETTINGS ttl_only_drop_parts = 1, materialize_ttl_recalculate_only = 1, non_replicated_deduplication_window = 100000, index_granularity = 512;

CREATE MATERIALIZED VIEW delivery_stats_daily_view TO delivery_stats_daily
(
    `user_id` UUID,
    `day` Date,
    `endpoint_id` UUID,
    `status` Enum8('pending' = 0, 'success' = 1, 'failed' = 2, 'expired' = 3),
    `http_status_code` UInt16,
    `attempt_number` UInt8,
    `attempts` Int64,
    `latency` Map(UInt32, Int64)
)
AS SELECT
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
GROUP BY
    user_id,
    day,
    endpoint_id,
    status,
    http_status_code,
    attempt_number;

CREATE TABLE delivery_stats_hourly
(
    `user_id` UUID CODEC(ZSTD(1)),
    `hour` DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    `endpoint_id` UUID CODEC(ZSTD(1)),
    `status` Enum8('pending' = 0, 'success' = 1, 'failed' = 2, 'expired' = 3) CODEC(ZSTD(1)),
    `http_status_code` UInt16 CODEC(ZSTD(1)),
    `attempt_number` UInt8 CODEC(ZSTD(1)),
    `attempts` SimpleAggregateFunction(sum, Int64) CODEC(ZSTD(1)),
    `latency` SimpleAggregateFunction(sumMap, Map(UInt32, Int64)) CODEC(ZSTD(3))
)
ENGINE = AggregatingMergeTree
PARTITION BY toDate(hour, 'UTC')
ORDER BY (user_id, hour, endpoint_id, status, http_status_code, attempt_number)
TTL hour + toIntervalDay(31)
SETTINGS ttl_only_drop_parts = 1, materialize_ttl_recalculate_only = 1, non_replicated_deduplication_window = 100000, index_granularity = 512;

CREATE MATERIALIZED VIEW delivery_stats_hourly_view TO delivery_stats_hourly
(
    `user_id` UUID,
    `hour` DateTime('UTC'),
    `endpoint_id` UUID,
    `status` Enum8('pending' = 0, 'success' = 1, 'failed' = 2, 'expired' = 3),
    `http_status_code` UInt16,
    `attempt_number` UInt8,
    `attempts` Int64,
    `latency` Map(UInt32, Int64)
)
AS SELECT
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
GROUP BY
    user_id,
    hour,
    endpoint_id,
    status,
    http_status_code,
    attempt_number;

CREATE TABLE ethhook_schema_migrations
(
    `number` UInt32,
    `name` String,
    `applied_at` DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY number
SETTINGS index_granularity = 8192;

CREATE TABLE events
(
    `id` UUID CODEC(ZSTD(3)),
    `chain_id` UInt32,
    `block_number` UInt64 CODEC(DoubleDelta, ZSTD(1)),
    `block_hash` FixedString(32) CODEC(ZSTD(1)),
    `transaction_hash` FixedString(32) CODEC(ZSTD(1)),
    `transaction_index` UInt32 CODEC(ZSTD(1)),
    `log_index` UInt32 CODEC(ZSTD(1)),
    `address` FixedString(20) CODEC(ZSTD(1)),
    `topic0` Nullable(FixedString(32)) CODEC(ZSTD(1)),
    `topic1` Nullable(FixedString(32)) CODEC(ZSTD(1)),
    `topic2` Nullable(FixedString(32)) CODEC(ZSTD(1)),
    `topic3` Nullable(FixedString(32)) CODEC(ZSTD(1)),
    `data` String CODEC(ZSTD(1)),
    `ingested_at` DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    `created_at` DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    `version` UInt64 MATERIALIZED toUInt64(9223372036854775807 - toUnixTimestamp64Milli(ingested_at)) CODEC(DoubleDelta, ZSTD(1)),
    INDEX id_bloom id TYPE bloom_filter(0.0001) GRANULARITY 1,
    INDEX transaction_hash_bloom transaction_hash TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX ingested_at_minmax ingested_at TYPE minmax GRANULARITY 1,
    INDEX address_bloom address TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX topic0_bloom topic0 TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toDate(ingested_at, 'UTC')
ORDER BY (chain_id, block_number, transaction_index, log_index, id)
TTL toDateTime(ingested_at, 'UTC') + toIntervalDay(91)
SETTINGS ttl_only_drop_parts = 1, materialize_ttl_recalculate_only = 1, non_replicated_deduplication_window = 0, index_granularity = 8192;

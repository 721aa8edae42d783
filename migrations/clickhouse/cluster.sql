-- What `migrate up` sends to a cluster that is called main, with the retention that is usual; never run from here.
-- Written anew by UPDATE_GOLDEN=1 npm run --silent jest -- cluster-schema

CREATE TABLE IF NOT EXISTS `ethhook`.ethhook_schema_migrations_local ON CLUSTER 'main'
      (
          number UInt32,
          name String,
          applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
      )
      ENGINE = ReplicatedReplacingMergeTree
      ORDER BY number;

CREATE TABLE IF NOT EXISTS `ethhook`.ethhook_schema_migrations ON CLUSTER 'main' AS `ethhook`.ethhook_schema_migrations_local
ENGINE = Distributed('main', 'ethhook', 'ethhook_schema_migrations_local', number);

CREATE TABLE IF NOT EXISTS `ethhook`.events_local ON CLUSTER 'main'
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
ENGINE = ReplicatedReplacingMergeTree(version)
PARTITION BY toDate(ingested_at, 'UTC')
ORDER BY (chain_id, block_number, transaction_index, log_index, id)
TTL toDateTime(ingested_at, 'UTC') + toIntervalDay(91)
SETTINGS ttl_only_drop_parts = 1, materialize_ttl_recalculate_only = 1, replicated_deduplication_window = 0, replicated_deduplication_window_seconds = 2592000;

CREATE TABLE IF NOT EXISTS `ethhook`.events ON CLUSTER 'main' AS `ethhook`.events_local
ENGINE = Distributed('main', 'ethhook', 'events_local', sipHash64(id));

CREATE TABLE IF NOT EXISTS `ethhook`.delivery_attempts_local ON CLUSTER 'main'
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
ENGINE = ReplicatedReplacingMergeTree(version)
PARTITION BY toDate(created_at, 'UTC')
ORDER BY (user_id, created_at, id)
TTL toDateTime(created_at, 'UTC') + toIntervalDay(31)
SETTINGS ttl_only_drop_parts = 1, materialize_ttl_recalculate_only = 1, replicated_deduplication_window = 0, replicated_deduplication_window_seconds = 2592000;

CREATE TABLE IF NOT EXISTS `ethhook`.delivery_attempts ON CLUSTER 'main' AS `ethhook`.delivery_attempts_local
ENGINE = Distributed('main', 'ethhook', 'delivery_attempts_local', sipHash64(user_id));

CREATE TABLE IF NOT EXISTS `ethhook`.delivery_stats_hourly_local ON CLUSTER 'main'
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
ENGINE = ReplicatedAggregatingMergeTree
PARTITION BY toDate(hour, 'UTC')
ORDER BY (user_id, hour, endpoint_id, status, http_status_code, attempt_number)
TTL hour + toIntervalDay(31)
SETTINGS ttl_only_drop_parts = 1, materialize_ttl_recalculate_only = 1, replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 2592000,
    index_granularity = 512;

CREATE TABLE IF NOT EXISTS `ethhook`.delivery_stats_hourly ON CLUSTER 'main' AS `ethhook`.delivery_stats_hourly_local
ENGINE = Distributed('main', 'ethhook', 'delivery_stats_hourly_local', sipHash64(user_id));

CREATE MATERIALIZED VIEW IF NOT EXISTS `ethhook`.delivery_stats_hourly_view ON CLUSTER 'main' TO `ethhook`.delivery_stats_hourly_local AS
SELECT
    user_id,
    toStartOfHour(created_at, 'UTC') AS hour,
    endpoint_id,
    status,
    ifNull(http_status_code, 0) AS http_status_code,
    attempt_number,
    toInt64(count()) AS attempts,
    sumMapIf(map(assumeNotNull(response_time_ms), toInt64(1)), isNotNull(response_time_ms)) AS latency
FROM `ethhook`.delivery_attempts_local
WHERE status != 'pending'
GROUP BY user_id, hour, endpoint_id, status, http_status_code, attempt_number;

CREATE TABLE IF NOT EXISTS `ethhook`.delivery_stats_daily_local ON CLUSTER 'main'
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
ENGINE = ReplicatedAggregatingMergeTree
PARTITION BY day
ORDER BY (user_id, day, endpoint_id, status, http_status_code, attempt_number)
TTL day + toIntervalDay(31)
SETTINGS ttl_only_drop_parts = 1, materialize_ttl_recalculate_only = 1, replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 2592000,
    index_granularity = 512;

CREATE TABLE IF NOT EXISTS `ethhook`.delivery_stats_daily ON CLUSTER 'main' AS `ethhook`.delivery_stats_daily_local
ENGINE = Distributed('main', 'ethhook', 'delivery_stats_daily_local', sipHash64(user_id));

CREATE MATERIALIZED VIEW IF NOT EXISTS `ethhook`.delivery_stats_daily_view ON CLUSTER 'main' TO `ethhook`.delivery_stats_daily_local AS
SELECT
    user_id,
    toDate(created_at, 'UTC') AS day,
    endpoint_id,
    status,
    ifNull(http_status_code, 0) AS http_status_code,
    attempt_number,
    toInt64(count()) AS attempts,
    sumMapIf(map(assumeNotNull(response_time_ms), toInt64(1)), isNotNull(response_time_ms)) AS latency
FROM `ethhook`.delivery_attempts_local
WHERE status != 'pending'
GROUP BY user_id, day, endpoint_id, status, http_status_code, attempt_number;

ALTER TABLE `ethhook`.events_local ON CLUSTER 'main' DROP INDEX IF EXISTS id_bloom;

ALTER TABLE `ethhook`.events_local ON CLUSTER 'main' ADD INDEX IF NOT EXISTS id_bloom id TYPE bloom_filter(0.0001) GRANULARITY 1 FIRST;

ALTER TABLE `ethhook`.delivery_attempts_local ON CLUSTER 'main' ADD INDEX IF NOT EXISTS event_id_bloom event_id TYPE bloom_filter(0.0001) GRANULARITY 1;

ALTER TABLE `ethhook`.events_local ON CLUSTER 'main' ADD INDEX IF NOT EXISTS ingested_at_minmax ingested_at TYPE minmax GRANULARITY 1;

ALTER TABLE `ethhook`.events_local ON CLUSTER 'main' ADD INDEX IF NOT EXISTS address_bloom address TYPE bloom_filter(0.01) GRANULARITY 1;

ALTER TABLE `ethhook`.events_local ON CLUSTER 'main' ADD INDEX IF NOT EXISTS topic0_bloom topic0 TYPE bloom_filter(0.01) GRANULARITY 1;

ALTER TABLE `ethhook`.delivery_attempts_local ON CLUSTER 'main' ADD INDEX IF NOT EXISTS status_set status TYPE set(4) GRANULARITY 1;

ALTER TABLE `ethhook`.delivery_attempts_local ON CLUSTER 'main' ADD INDEX IF NOT EXISTS http_status_code_set http_status_code TYPE set(64) GRANULARITY 1;

ALTER TABLE `ethhook`.events_local ON CLUSTER 'main' MATERIALIZE INDEX id_bloom SETTINGS mutations_sync = 0;

ALTER TABLE `ethhook`.events_local ON CLUSTER 'main' MATERIALIZE INDEX ingested_at_minmax SETTINGS mutations_sync = 0;

ALTER TABLE `ethhook`.events_local ON CLUSTER 'main' MATERIALIZE INDEX address_bloom SETTINGS mutations_sync = 0;

ALTER TABLE `ethhook`.events_local ON CLUSTER 'main' MATERIALIZE INDEX topic0_bloom SETTINGS mutations_sync = 0;

ALTER TABLE `ethhook`.delivery_attempts_local ON CLUSTER 'main' MATERIALIZE INDEX event_id_bloom SETTINGS mutations_sync = 0;

ALTER TABLE `ethhook`.delivery_attempts_local ON CLUSTER 'main' MATERIALIZE INDEX status_set SETTINGS mutations_sync = 0;

ALTER TABLE `ethhook`.delivery_attempts_local ON CLUSTER 'main' MATERIALIZE INDEX http_status_code_set SETTINGS mutations_sync = 0;

ALTER TABLE `ethhook`.events_local ON CLUSTER 'main' MODIFY COLUMN id CODEC(ZSTD(3));

ALTER TABLE `ethhook`.delivery_attempts_local ON CLUSTER 'main' MODIFY COLUMN id CODEC(ZSTD(3));

ALTER TABLE `ethhook`.delivery_attempts_local ON CLUSTER 'main' MODIFY COLUMN event_id CODEC(ZSTD);

ALTER TABLE `ethhook`.delivery_attempts_local ON CLUSTER 'main' MODIFY COLUMN endpoint_id CODEC(ZSTD);

ALTER TABLE `ethhook`.delivery_attempts_local ON CLUSTER 'main' MODIFY COLUMN user_id CODEC(ZSTD);

ALTER TABLE `ethhook`.delivery_attempts_local ON CLUSTER 'main' MODIFY COLUMN attempt_number CODEC(ZSTD);

ALTER TABLE `ethhook`.delivery_attempts_local ON CLUSTER 'main' MODIFY COLUMN http_status_code CODEC(ZSTD);

ALTER TABLE `ethhook`.delivery_attempts_local ON CLUSTER 'main' MODIFY COLUMN created_at CODEC(T64, ZSTD);

ALTER TABLE `ethhook`.delivery_attempts_local ON CLUSTER 'main' MODIFY COLUMN updated_at CODEC(T64, ZSTD);

ALTER TABLE `ethhook`.delivery_attempts_local ON CLUSTER 'main' MODIFY COLUMN version CODEC(T64, ZSTD);

ALTER TABLE `ethhook`.delivery_stats_hourly_local ON CLUSTER 'main' MODIFY COLUMN user_id CODEC(ZSTD);

ALTER TABLE `ethhook`.delivery_stats_hourly_local ON CLUSTER 'main' MODIFY COLUMN latency CODEC(ZSTD(3));

ALTER TABLE `ethhook`.delivery_stats_daily_local ON CLUSTER 'main' MODIFY COLUMN user_id CODEC(ZSTD);

ALTER TABLE `ethhook`.delivery_stats_daily_local ON CLUSTER 'main' MODIFY COLUMN latency CODEC(ZSTD(3));

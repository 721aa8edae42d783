-- Parts are packed so as they are written or merged; what lies there is read as before. docs/decisions/0009-storage.md.
-- Only the higher level finds what UUIDv7 ids have in common; of random ones nothing can be packed.
ALTER TABLE events MODIFY COLUMN id CODEC(ZSTD(3));
ALTER TABLE delivery_attempts MODIFY COLUMN id CODEC(ZSTD(3));
ALTER TABLE delivery_attempts MODIFY COLUMN event_id CODEC(ZSTD);
ALTER TABLE delivery_attempts MODIFY COLUMN endpoint_id CODEC(ZSTD);
ALTER TABLE delivery_attempts MODIFY COLUMN user_id CODEC(ZSTD);
ALTER TABLE delivery_attempts MODIFY COLUMN attempt_number CODEC(ZSTD);
ALTER TABLE delivery_attempts MODIFY COLUMN http_status_code CODEC(ZSTD);
-- A user's attempts come at no regular pace: the bits that do not change are cut off instead.
ALTER TABLE delivery_attempts MODIFY COLUMN created_at CODEC(T64, ZSTD);
ALTER TABLE delivery_attempts MODIFY COLUMN updated_at CODEC(T64, ZSTD);
ALTER TABLE delivery_attempts MODIFY COLUMN version CODEC(T64, ZSTD);
ALTER TABLE delivery_stats_hourly MODIFY COLUMN user_id CODEC(ZSTD);
ALTER TABLE delivery_stats_hourly MODIFY COLUMN latency CODEC(ZSTD(3));
ALTER TABLE delivery_stats_daily MODIFY COLUMN user_id CODEC(ZSTD);
ALTER TABLE delivery_stats_daily MODIFY COLUMN latency CODEC(ZSTD(3));

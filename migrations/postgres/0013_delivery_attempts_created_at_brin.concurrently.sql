CREATE INDEX CONCURRENTLY IF NOT EXISTS delivery_attempts_created_at_brin
  ON delivery_attempts USING brin (created_at) WITH (pages_per_range = 32, autosummarize = on);

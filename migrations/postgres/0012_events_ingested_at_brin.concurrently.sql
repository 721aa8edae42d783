-- For the backfill and the comparison, which read whole days: some kilobytes, and next to nothing a write.
CREATE INDEX CONCURRENTLY IF NOT EXISTS events_ingested_at_brin
  ON events USING brin (ingested_at) WITH (pages_per_range = 32, autosummarize = on);

CREATE INDEX CONCURRENTLY IF NOT EXISTS delivery_attempts_event_id ON delivery_attempts (event_id);

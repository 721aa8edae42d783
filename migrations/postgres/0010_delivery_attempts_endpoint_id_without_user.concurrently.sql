-- Attempts older than this system know their user only through their endpoint.
CREATE INDEX CONCURRENTLY IF NOT EXISTS delivery_attempts_endpoint_id_without_user
  ON delivery_attempts (endpoint_id, created_at DESC) WHERE user_id IS NULL;

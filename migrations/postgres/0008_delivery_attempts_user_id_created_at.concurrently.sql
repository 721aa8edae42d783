-- The dashboard's questions: a user's attempts of some time, newest first.
CREATE INDEX CONCURRENTLY IF NOT EXISTS delivery_attempts_user_id_created_at
  ON delivery_attempts (user_id, created_at DESC);

CREATE TABLE IF NOT EXISTS delivery_attempts (
  id uuid PRIMARY KEY,
  event_id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  user_id uuid,
  attempt_number integer NOT NULL DEFAULT 1,
  status text NOT NULL DEFAULT 'pending',
  http_status_code integer,
  response_time_ms bigint,
  error_message text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- A column without a default changes the catalogue alone. Rows that are there keep null: their user is found through
-- their endpoint.
ALTER TABLE delivery_attempts ADD COLUMN IF NOT EXISTS user_id uuid;

/** A database as one may have been before this system: narrower columns, more columns, foreign keys, no user on attempts. */
export const LEGACY_SCHEMA = `
  CREATE TABLE users (
    id uuid PRIMARY KEY,
    email varchar(255) NOT NULL UNIQUE,
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE TABLE applications (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name varchar(255) NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE TABLE endpoints (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    application_id uuid NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    name text NOT NULL,
    url text NOT NULL,
    hmac_secret text NOT NULL,
    chain_ids integer[] NOT NULL DEFAULT '{}',
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE TABLE events (
    id uuid PRIMARY KEY,
    chain_id integer NOT NULL,
    block_number bigint NOT NULL,
    block_hash varchar(66) NOT NULL,
    transaction_hash varchar(66) NOT NULL,
    transaction_index integer NOT NULL,
    log_index integer NOT NULL,
    address varchar(42) NOT NULL,
    topic0 varchar(66), topic1 varchar(66), topic2 varchar(66), topic3 varchar(66),
    data text NOT NULL,
    processed boolean NOT NULL DEFAULT false,
    ingested_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE TABLE delivery_attempts (
    id uuid PRIMARY KEY,
    event_id uuid NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    endpoint_id uuid NOT NULL REFERENCES endpoints (id) ON DELETE CASCADE,
    attempt_number smallint NOT NULL DEFAULT 1,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'success', 'failed', 'expired')),
    http_status_code smallint,
    response_time_ms integer,
    error_message text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE TABLE endpoint_notes (event_id uuid REFERENCES events (id), note text);
`;

CREATE TABLE IF NOT EXISTS endpoints (
  id uuid PRIMARY KEY,
  application_id uuid NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
  name text NOT NULL,
  url text NOT NULL,
  chain_ids bigint[] NOT NULL DEFAULT '{}',
  contract_addresses text[] NOT NULL DEFAULT '{}',
  event_topics text[] NOT NULL DEFAULT '{}',
  is_active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE endpoints
  ADD COLUMN IF NOT EXISTS chain_ids bigint[] NOT NULL DEFAULT '{}',
  ADD COLUMN IF NOT EXISTS contract_addresses text[] NOT NULL DEFAULT '{}',
  ADD COLUMN IF NOT EXISTS event_topics text[] NOT NULL DEFAULT '{}',
  ADD COLUMN IF NOT EXISTS is_active boolean NOT NULL DEFAULT true,
  ADD COLUMN IF NOT EXISTS created_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN IF NOT EXISTS updated_at timestamptz NOT NULL DEFAULT now();

CREATE INDEX IF NOT EXISTS endpoints_application_id ON endpoints (application_id);

CREATE TABLE IF NOT EXISTS events (
  id uuid PRIMARY KEY,
  chain_id bigint NOT NULL DEFAULT 1,
  block_number bigint NOT NULL DEFAULT 0,
  block_hash text NOT NULL DEFAULT '0x0000000000000000000000000000000000000000000000000000000000000000',
  transaction_hash text NOT NULL DEFAULT '0x0000000000000000000000000000000000000000000000000000000000000000',
  transaction_index bigint NOT NULL DEFAULT 0,
  log_index bigint NOT NULL DEFAULT 0,
  address text NOT NULL DEFAULT '0x0000000000000000000000000000000000000000',
  topic0 text,
  topic1 text,
  topic2 text,
  topic3 text,
  data text NOT NULL DEFAULT '0x',
  ingested_at timestamptz NOT NULL DEFAULT now(),
  created_at timestamptz NOT NULL DEFAULT now()
);

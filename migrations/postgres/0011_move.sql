-- Every step of the phase: who took it, when and why.
CREATE TABLE migration_phase_history (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  from_phase text NOT NULL,
  to_phase text NOT NULL,
  taken_at timestamptz NOT NULL DEFAULT now(),
  taken_by text NOT NULL,
  reason text NOT NULL,
  forced boolean NOT NULL
);

-- What the backfill is to copy. It is planned once, when both stores are written.
CREATE TABLE backfill_tables (
  table_name text PRIMARY KEY CHECK (table_name IN ('events', 'delivery_attempts')),
  -- What is written later reaches ClickHouse by the streams.
  watermark timestamptz NOT NULL,
  -- Older rows have outlived the retention and stay.
  retention_from timestamptz NOT NULL,
  started_at timestamptz,
  finished_at timestamptz
);

-- The rows with a time in [from_at, to_at), which is within one UTC day.
CREATE TABLE backfill_chunks (
  table_name text NOT NULL REFERENCES backfill_tables ON DELETE CASCADE,
  from_at timestamptz NOT NULL,
  to_at timestamptz NOT NULL,
  expired boolean NOT NULL,
  rows_planned bigint NOT NULL,
  rows_copied bigint,
  rows_rejected bigint,
  finished_at timestamptz,
  PRIMARY KEY (table_name, from_at)
);

-- Rows within the retention that ClickHouse cannot hold.
CREATE TABLE backfill_rejections (
  table_name text NOT NULL REFERENCES backfill_tables ON DELETE CASCADE,
  id uuid NOT NULL,
  row_at timestamptz NOT NULL,
  reason text NOT NULL,
  PRIMARY KEY (table_name, id)
);

CREATE TABLE verifications (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  began_at timestamptz NOT NULL,
  finished_at timestamptz NOT NULL DEFAULT now(),
  -- Whether it was of both tables and everything that is kept.
  complete boolean NOT NULL,
  compared_rows bigint NOT NULL,
  differences bigint NOT NULL
);

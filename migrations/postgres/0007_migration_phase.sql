-- Where the move to ClickHouse stands. A database with history begins at the beginning; one without has nothing to move.
CREATE TABLE migration_phase (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  phase text NOT NULL CHECK (phase IN ('postgres', 'dual_write', 'cutover', 'complete')),
  since timestamptz NOT NULL DEFAULT now()
);

INSERT INTO migration_phase (phase)
SELECT CASE
  WHEN EXISTS (SELECT FROM delivery_attempts) OR EXISTS (SELECT FROM events) THEN 'postgres'
  ELSE 'cutover'
END;

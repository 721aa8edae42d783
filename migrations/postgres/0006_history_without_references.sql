-- The streams bring attempts before their events and for endpoints since deleted, so history refers to nothing.
-- Dropping a reference locks both its tables. Writers lock them too, in an order that is not known here, and the other
-- order than theirs never gets through: so both are tried.
DO $$
DECLARE reference record;
BEGIN
  FOR reference IN
    SELECT conname, conrelid::regclass AS source_table, confrelid::regclass AS target_table
    FROM pg_constraint
    WHERE contype = 'f'
      AND conparentid = 0
      AND (conrelid IN ('events'::regclass, 'delivery_attempts'::regclass)
        OR confrelid IN ('events'::regclass, 'delivery_attempts'::regclass))
  LOOP
    BEGIN
      EXECUTE format('LOCK TABLE %s, %s', reference.target_table, reference.source_table);
    EXCEPTION WHEN lock_not_available THEN
      EXECUTE format('LOCK TABLE %s, %s', reference.source_table, reference.target_table);
    END;
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', reference.source_table, reference.conname);
  END LOOP;
END
$$;

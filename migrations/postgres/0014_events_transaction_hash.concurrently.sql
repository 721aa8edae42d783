-- A transaction is looked up without reading through the table. Old rows may spell hex in any case.
CREATE INDEX CONCURRENTLY IF NOT EXISTS events_transaction_hash ON events (lower(transaction_hash));

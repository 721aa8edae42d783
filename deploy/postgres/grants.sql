-- By ethhook_migrator, after each `migrate up`.
-- The gateway reads, and of the configuration no more than it shows: a product's own columns may be secrets.
GRANT SELECT (id, email, name, is_admin, created_at) ON users TO ethhook_gateway;
GRANT SELECT (id, user_id, name, description, is_active, created_at) ON applications TO ethhook_gateway;
GRANT SELECT (
  id, application_id, name, url, chain_ids, contract_addresses, event_topics, is_active, created_at
) ON endpoints TO ethhook_gateway;
GRANT SELECT ON
  events, delivery_attempts, migration_phase, migration_phase_history, backfill_tables,
  backfill_chunks, verifications, ethhook_schema_migrations
TO ethhook_gateway;

-- The worker writes rows and removes none; it looks up whose endpoint an attempt of an older system went to.
GRANT SELECT, INSERT, UPDATE ON events, delivery_attempts TO ethhook_worker;
GRANT SELECT (id, application_id) ON endpoints TO ethhook_worker;
GRANT SELECT (id, user_id) ON applications TO ethhook_worker;
GRANT SELECT ON migration_phase, ethhook_schema_migrations TO ethhook_worker;

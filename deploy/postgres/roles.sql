-- Once, by a superuser, in the database of POSTGRES_URL. Then give each a password: ALTER ROLE … PASSWORD '…'.
-- Where the tables of events and configuration are there already, ethhook_migrator has to own them, or be a member of who does.
CREATE ROLE ethhook_migrator LOGIN;
CREATE ROLE ethhook_gateway LOGIN;
CREATE ROLE ethhook_worker LOGIN;
GRANT USAGE, CREATE ON SCHEMA public TO ethhook_migrator;
GRANT USAGE ON SCHEMA public TO ethhook_gateway, ethhook_worker;

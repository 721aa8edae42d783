#!/bin/sh
# By the image of Postgres, once, as it makes the database: the roles, each with a password. PASSWORD is theirs.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$PASSWORD" -d "$POSTGRES_DB" -U "$POSTGRES_USER" -f /ethhook/roles.sql -f - <<'SQL'
ALTER ROLE ethhook_migrator PASSWORD :'password';
ALTER ROLE ethhook_gateway PASSWORD :'password';
ALTER ROLE ethhook_worker PASSWORD :'password';
SQL

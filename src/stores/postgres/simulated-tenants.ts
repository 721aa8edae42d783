import type { Application, Endpoint, User } from '../../records/configuration.js';
import type { PostgresDatabase } from './database.js';

/** Users and what belongs to them, to be made where they are not there yet. */
interface NewTenants {
  readonly users: readonly User[];
  readonly applications: readonly Application[];
  readonly endpoints: readonly Endpoint[];
}

const INSERTS = [
  {
    name: 'insert_simulated_users',
    key: 'users',
    text: `INSERT INTO users (id, email, name, is_admin, created_at, updated_at)
      SELECT id, email, name, "isAdmin", "createdAt", "createdAt"
      FROM jsonb_to_recordset($1::jsonb)
        AS new (id uuid, email text, name text, "isAdmin" boolean, "createdAt" timestamptz)
      ON CONFLICT DO NOTHING`,
  },
  {
    name: 'insert_simulated_applications',
    key: 'applications',
    text: `INSERT INTO applications (id, user_id, name, description, is_active, created_at, updated_at)
      SELECT id, "userId", name, description, "isActive", "createdAt", "createdAt"
      FROM jsonb_to_recordset($1::jsonb)
        AS new (id uuid, "userId" uuid, name text, description text, "isActive" boolean, "createdAt" timestamptz)
      ON CONFLICT DO NOTHING`,
  },
  {
    name: 'insert_simulated_endpoints',
    key: 'endpoints',
    text: `INSERT INTO endpoints
        (id, application_id, name, url, chain_ids, contract_addresses, event_topics, is_active, created_at, updated_at)
      SELECT id, "applicationId", name, url, "chainIds", "contractAddresses", "eventTopics", "isActive",
        "createdAt", "createdAt"
      FROM jsonb_to_recordset($1::jsonb)
        AS new (id uuid, "applicationId" uuid, name text, url text, "chainIds" bigint[], "contractAddresses" text[],
          "eventTopics" text[], "isActive" boolean, "createdAt" timestamptz)
      ON CONFLICT DO NOTHING`,
  },
] as const;

/** Makes what is not there yet and leaves the rest as it is. Fails with an UpstreamError. */
export async function insertSimulatedTenants(database: PostgresDatabase, tenants: NewTenants): Promise<void> {
  await database.transaction('insert_simulated_tenants', async (connection) => {
    for (const { name, key, text } of INSERTS) {
      const rows = tenants[key].map((row) => ({ ...row, createdAt: new Date(row.createdAt).toISOString() }));
      await connection.query({ name, text, values: [JSON.stringify(rows)] });
    }
  });
}

/** Endpoints to deliver to, at most `limit`: of every user, or of those with the given ids. */
export function activeEndpoints(
  database: PostgresDatabase,
  { userIds, limit }: { readonly userIds?: readonly string[]; readonly limit: number },
): Promise<Endpoint[]> {
  return database.query<Endpoint>({
    name: 'active_endpoints',
    text: `SELECT endpoints.id, endpoints.application_id AS "applicationId", applications.user_id AS "userId",
        endpoints.name, endpoints.url, to_jsonb(endpoints.chain_ids) AS "chainIds",
        endpoints.contract_addresses AS "contractAddresses", endpoints.event_topics AS "eventTopics",
        endpoints.is_active AS "isActive", endpoints.created_at AS "createdAt"
      FROM endpoints
      JOIN applications ON applications.id = endpoints.application_id
      WHERE endpoints.is_active AND applications.is_active
        AND ($1::uuid[] IS NULL OR applications.user_id = ANY($1::uuid[]))
      ORDER BY endpoints.created_at, endpoints.id
      LIMIT $2`,
    values: [userIds ?? null, limit],
  });
}

import { isUuid } from '../../records/codec.js';
import type { Application, Endpoint, User } from '../../records/configuration.js';
import type { EndpointApplication, ListPosition } from '../analytics-store.js';
import type { PostgresDatabase, PostgresQueries } from './database.js';

/** A thing of a user's, asked for by that user: another's is not found. */
export interface OwnedKey {
  readonly userId: string;
  readonly id: string;
}

/** A part of a list that runs newest first: by `created_at` in whole milliseconds, then by id as lower-case text. */
export interface PageQuestion {
  /** The page begins behind this place; its id must be a UUID. */
  readonly after?: ListPosition;
  readonly limit: number;
}

/** What is left out does not narrow. */
export interface EndpointFilter {
  readonly applicationId?: string;
  readonly isActive?: boolean;
  readonly ids?: readonly string[];
}

const USER_COLUMNS = 'users.id, users.email, users.name, users.is_admin AS "isAdmin", users.created_at AS "createdAt"';
const APPLICATION_COLUMNS = `applications.id, applications.user_id AS "userId", applications.name,
  applications.description, applications.is_active AS "isActive", applications.created_at AS "createdAt"`;
// jsonb brings integer[] and bigint[] alike as numbers.
const ENDPOINT_COLUMNS = `endpoints.id, endpoints.application_id AS "applicationId", applications.user_id AS "userId",
  endpoints.name, endpoints.url, to_jsonb(endpoints.chain_ids) AS "chainIds",
  endpoints.contract_addresses AS "contractAddresses", endpoints.event_topics AS "eventTopics",
  endpoints.is_active AS "isActive", endpoints.created_at AS "createdAt"`;
const ENDPOINTS = 'endpoints JOIN applications ON applications.id = endpoints.application_id';

// Old rows may hold microseconds, cursors hold milliseconds: both sides are compared in milliseconds, so that rows of
// one millisecond are told apart by their id alone and none is skipped or comes twice.
const millisecond = (table: string): string => `date_trunc('milliseconds', ${table}.created_at)`;
const newestFirst = (table: string): string => `${millisecond(table)} DESC, ${table}.id DESC`;
const isBehind = (table: string, time: string, id: string): string =>
  `(${time}::float8 IS NULL OR (${millisecond(table)}, ${table}.id) < (to_timestamp(${time} / 1000), ${id}::uuid))`;

/**
 * Users, applications and endpoints. Methods that take many keys answer in their order, so that loaders can batch.
 * An id that is no UUID names nothing and is not sent to Postgres. Fails with an UpstreamError.
 */
export class ConfigurationStore {
  readonly #database: PostgresQueries;

  constructor(
    private readonly database: PostgresDatabase,
    signal?: AbortSignal,
  ) {
    this.#database = database.until(signal);
  }

  /** The same, whose queries are given up with the signal. */
  until(signal: AbortSignal): ConfigurationStore {
    return new ConfigurationStore(this.database, signal);
  }

  async usersById(ids: readonly string[]): Promise<(User | null)[]> {
    const users = await this.#database.query<User>({
      name: 'users_by_id',
      text: `SELECT ${USER_COLUMNS} FROM users WHERE users.id = ANY($1::uuid[])`,
      values: [ids.filter(isUuid)],
    });
    const byId = new Map(users.map((user) => [user.id, user]));
    return ids.map((id) => byId.get(id.toLowerCase()) ?? null);
  }

  async userByEmail(email: string): Promise<User | null> {
    const [user] = await this.#database.query<User>({
      name: 'user_by_email',
      text: `SELECT ${USER_COLUMNS} FROM users WHERE users.email = $1`,
      values: [email],
    });
    return user ?? null;
  }

  async applicationsById(keys: readonly OwnedKey[]): Promise<(Application | null)[]> {
    const applications = await this.#database.query<Application>({
      name: 'applications_by_id',
      text: `SELECT ${APPLICATION_COLUMNS}
        FROM applications
        WHERE (applications.id, applications.user_id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]))`,
      values: idsAndOwners(keys),
    });
    const byKey = new Map(applications.map((application) => [textOf(application), application]));
    return keys.map((key) => byKey.get(textOf(key)) ?? null);
  }

  async endpointsById(keys: readonly OwnedKey[]): Promise<(Endpoint | null)[]> {
    const endpoints = await this.#database.query<Endpoint>({
      name: 'endpoints_by_id',
      text: `SELECT ${ENDPOINT_COLUMNS}
        FROM ${ENDPOINTS}
        WHERE (endpoints.id, applications.user_id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]))`,
      values: idsAndOwners(keys),
    });
    const byKey = new Map(endpoints.map((endpoint) => [textOf(endpoint), endpoint]));
    return keys.map((key) => byKey.get(textOf(key)) ?? null);
  }

  /** A page of each user's applications. */
  async applicationPages(userIds: readonly string[], page: PageQuestion): Promise<Application[][]> {
    const applications = await this.#database.query<Application>({
      name: 'application_pages',
      text: `SELECT ${APPLICATION_COLUMNS}
        FROM (SELECT DISTINCT unnest($1::uuid[]) AS id) AS owner
        CROSS JOIN LATERAL (
          SELECT id, user_id, name, description, is_active, created_at FROM applications
          WHERE applications.user_id = owner.id AND ${isBehind('applications', '$2', '$3')}
          ORDER BY ${newestFirst('applications')}
          LIMIT $4
        ) AS applications
        ORDER BY ${newestFirst('applications')}`,
      values: [userIds.filter(isUuid), ...placeOf(page)],
    });
    const byUser = grouped(applications, ({ userId }) => userId);
    return userIds.map((id) => byUser.get(id.toLowerCase()) ?? []);
  }

  /** A page of each application's endpoints. */
  async endpointPages(applications: readonly OwnedKey[], page: PageQuestion): Promise<Endpoint[][]> {
    const endpoints = await this.#database.query<Endpoint>({
      name: 'endpoint_pages',
      text: `SELECT ${ENDPOINT_COLUMNS}
        FROM (SELECT DISTINCT * FROM unnest($1::uuid[], $2::uuid[])) AS wanted (id, user_id)
        JOIN applications ON applications.id = wanted.id AND applications.user_id = wanted.user_id
        CROSS JOIN LATERAL (
          SELECT id, application_id, name, url, chain_ids, contract_addresses, event_topics, is_active, created_at
          FROM endpoints
          WHERE endpoints.application_id = applications.id AND ${isBehind('endpoints', '$3', '$4')}
          ORDER BY ${newestFirst('endpoints')}
          LIMIT $5
        ) AS endpoints
        ORDER BY ${newestFirst('endpoints')}`,
      values: [...idsAndOwners(applications), ...placeOf(page)],
    });
    const byApplication = grouped(endpoints, ({ applicationId, userId }) => textOf({ id: applicationId, userId }));
    return applications.map((key) => byApplication.get(textOf(key)) ?? []);
  }

  /** A page of a user's endpoints, whatever their application. */
  async userEndpointPage(userId: string, filter: EndpointFilter, page: PageQuestion): Promise<Endpoint[]> {
    const { applicationId, isActive, ids } = filter;
    if (!isUuid(userId) || (applicationId !== undefined && !isUuid(applicationId))) return [];
    return this.#database.query<Endpoint>({
      name: 'user_endpoint_page',
      text: `SELECT ${ENDPOINT_COLUMNS}
        FROM ${ENDPOINTS}
        WHERE applications.user_id = $1
          AND ($2::uuid IS NULL OR endpoints.application_id = $2)
          AND ($3::boolean IS NULL OR endpoints.is_active = $3)
          AND ($4::uuid[] IS NULL OR endpoints.id = ANY($4))
          AND ${isBehind('endpoints', '$5', '$6')}
        ORDER BY ${newestFirst('endpoints')}
        LIMIT $7`,
      values: [userId, applicationId ?? null, isActive ?? null, ids?.filter(isUuid) ?? null, ...placeOf(page)],
    });
  }

  /** How many of each user's endpoints are active. */
  async activeEndpointCounts(userIds: readonly string[]): Promise<number[]> {
    const rows = await this.#database.query<{ userId: string; count: number }>({
      name: 'active_endpoint_counts',
      text: `SELECT applications.user_id AS "userId", count(*) AS count
        FROM ${ENDPOINTS}
        WHERE applications.user_id = ANY($1::uuid[]) AND endpoints.is_active
        GROUP BY applications.user_id`,
      values: [userIds.filter(isUuid)],
    });
    const counts = new Map(rows.map(({ userId, count }) => [userId, count]));
    return userIds.map((id) => counts.get(id.toLowerCase()) ?? 0);
  }

  /** The ids of each application's endpoints, active or not. */
  async endpointIdsByApplication(applications: readonly OwnedKey[]): Promise<string[][]> {
    const rows = await this.#database.query<{ id: string; applicationId: string; userId: string }>({
      name: 'endpoint_ids_by_application',
      text: `SELECT endpoints.id, endpoints.application_id AS "applicationId", applications.user_id AS "userId"
        FROM ${ENDPOINTS}
        WHERE (applications.id, applications.user_id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]))
        ORDER BY endpoints.id`,
      values: idsAndOwners(applications),
    });
    const byApplication = grouped(rows, ({ applicationId, userId }) => textOf({ id: applicationId, userId }));
    return applications.map((key) => (byApplication.get(textOf(key)) ?? []).map(({ id }) => id));
  }

  /** Which application each of a user's endpoints belongs to. */
  endpointApplications(userId: string): Promise<EndpointApplication[]> {
    return this.#database.query({
      name: 'endpoint_applications',
      text: `SELECT applications.user_id AS "userId", endpoints.id AS "endpointId", applications.id AS "applicationId"
        FROM ${ENDPOINTS}
        WHERE applications.user_id = $1::uuid`,
      values: [userId],
    });
  }
}

const textOf = ({ id, userId }: OwnedKey): string => `${id}/${userId}`.toLowerCase();

/** Two arrays of one length, for `unnest`. */
function idsAndOwners(keys: readonly OwnedKey[]): [ids: string[], userIds: string[]] {
  const wellFormed = keys.filter(({ id, userId }) => isUuid(id) && isUuid(userId));
  return [wellFormed.map(({ id }) => id), wellFormed.map(({ userId }) => userId)];
}

const placeOf = ({ after, limit }: PageQuestion): [time: number | null, id: string | null, limit: number] => [
  after?.time ?? null,
  after?.id ?? null,
  limit,
];

/** Rows by key, each group in the order of the rows. */
function grouped<Row>(rows: readonly Row[], keyOf: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return groups;
}

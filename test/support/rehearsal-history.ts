import { createHash } from 'node:crypto';
import type { AttemptRecord, AttemptStatus } from '../../src/records/attempt.js';
import type { EventRecord } from '../../src/records/event.js';
import { DAY_MS, HOUR_MS } from '../../src/records/time-range.js';
import type { PostgresDatabase } from '../../src/stores/postgres/database.js';
import { LEGACY_SCHEMA } from './legacy-schema.js';

/** A user of the product. */
export interface Tenant {
  readonly userId: string;
  readonly applications: readonly { readonly id: string; readonly endpointIds: readonly string[] }[];
  /** It was deleted, and attempts of it are left. */
  readonly deletedEndpointId: string;
}

const EXPIRED_ROWS = 30;
const ROWS_A_STATEMENT = 2_000;
/** Attempts that have not ended are of the last days. */
const PENDING_DAYS = 2;
/** Those of an older day the team has given a user itself, but not all. */
const hasUser = (index: number): boolean => index % 3 === 0;
const isOfDeleted = (index: number): boolean => index % 23 === 0;

/** The same id for the same words. */
function idOf(...words: readonly (string | number)[]): string {
  const hex = createHash('md5').update(words.join(' ')).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}

const hexOf = (bytes: number, ...words: readonly (string | number)[]): string =>
  `0x${createHash('sha256')
    .update(words.join(' '))
    .digest('hex')
    .slice(0, 2 * bytes)}`;

const at = <T>(values: readonly T[], index: number): T => {
  const value = values[index % values.length];
  if (value === undefined) throw new Error('there is nothing to choose from');
  return value;
};

interface HistoryOptions {
  /** It ends shortly before. */
  readonly now: number;
  readonly tenants: number;
  readonly days: number;
  /** Attempts, and as many events. */
  readonly rowsPerDay: number;
}

const tenantOf = (index: number): Tenant => ({
  userId: idOf('user', index),
  applications: [0, 1].map((application) => ({
    id: idOf('application', index, application),
    endpointIds: [0, 1].map((endpoint) => idOf('endpoint', index, application, endpoint)),
  })),
  deletedEndpointId: idOf('deleted endpoint', index),
});

/**
 * What a product that has lived on Postgres leaves to the move: attempts that know their user and others that have it
 * through their endpoint only, or not at all since the endpoint is gone; microseconds, upper-case hex, rows past the
 * retention, attempts that have not ended.
 */
export class RehearsalHistory {
  readonly tenants: readonly Tenant[];
  readonly events: readonly EventRecord[];
  /** Those that are somebody's, as of now: what is past the retention is left out. */
  readonly attempts: readonly AttemptRecord[];
  readonly #all: readonly AttemptRecord[];
  readonly #expiredEvents: readonly EventRecord[];

  constructor(private readonly options: HistoryOptions) {
    const { now, tenants, days, rowsPerDay } = options;
    this.tenants = Array.from({ length: tenants }, (_, index) => tenantOf(index));
    const count = days * rowsPerDay;
    const step = (days * DAY_MS) / count;
    const timeOf = (index: number): number => Math.floor(now - HOUR_MS - index * step);
    const indexes = Array.from({ length: count }, (_, index) => index);
    this.events = indexes.map((index) => this.#event(index, timeOf(index)));
    const attempts = indexes.map((index) =>
      this.#attempt(index, timeOf(index), timeOf(index) > now - PENDING_DAYS * DAY_MS),
    );
    const expired = Array.from({ length: EXPIRED_ROWS }, (_, index) =>
      this.#attempt(count + index, now - 40 * DAY_MS - index * HOUR_MS, false),
    );
    this.#expiredEvents = Array.from({ length: EXPIRED_ROWS }, (_, index) =>
      this.#event(count + index, now - 100 * DAY_MS - index * HOUR_MS),
    );
    this.#all = [...attempts, ...expired];
    this.attempts = attempts.filter((_, index) => !isOfDeleted(index) || hasUser(index));
  }

  get days(): number {
    return this.options.days;
  }

  /** Makes the database that the older system left, with its foreign keys. */
  async insert(postgres: PostgresDatabase): Promise<void> {
    const run = (name: string, text: string, values: readonly unknown[] = []) => postgres.query({ name, text, values });
    await run('test_legacy_schema', LEGACY_SCHEMA);
    for (const { userId, applications, deletedEndpointId } of this.tenants) {
      await run('test_user', "INSERT INTO users (id, email, password_hash) VALUES ($1, $2, 'x')", [
        userId,
        `${userId}@example.com`,
      ]);
      for (const [index, { id, endpointIds }] of applications.entries()) {
        await run('test_application', "INSERT INTO applications (id, user_id, name) VALUES ($1, $2, 'legacy')", [
          id,
          userId,
        ]);
        await run(
          'test_endpoints',
          `INSERT INTO endpoints (id, application_id, name, url, hmac_secret)
            SELECT id, $1, 'legacy', 'https://example.com', 'x' FROM unnest($2::uuid[]) AS id`,
          [id, index === 0 ? [...endpointIds, deletedEndpointId] : endpointIds],
        );
      }
    }
    await this.#insertRows(postgres, 'events', [...this.events, ...this.#expiredEvents].map(legacyEvent));
    await this.#insertRows(postgres, 'delivery_attempts', this.#all.map(legacyAttempt));
  }

  /** What happens to it after it was taken over: some attempts are given their user, and some endpoints are deleted. */
  async live(postgres: PostgresDatabase): Promise<void> {
    const known = this.#all.filter((_, index) => hasUser(index));
    await postgres.query({
      name: 'test_fill_in',
      text: `UPDATE delivery_attempts AS attempt SET user_id = given.user_id
        FROM unnest($1::uuid[], $2::uuid[]) AS given (id, user_id) WHERE attempt.id = given.id`,
      values: [known.map(({ id }) => id), known.map(({ user_id }) => user_id)],
    });
    await postgres.query({
      name: 'test_delete_endpoints',
      text: 'DELETE FROM endpoints WHERE id = ANY ($1::uuid[])',
      values: [this.tenants.map(({ deletedEndpointId }) => deletedEndpointId)],
    });
  }

  async #insertRows(postgres: PostgresDatabase, table: string, rows: readonly object[]): Promise<void> {
    const columns = Object.keys(rows[0] ?? {}).join(', ');
    for (let from = 0; from < rows.length; from += ROWS_A_STATEMENT) {
      await postgres.query({
        name: `test_legacy_${table}`,
        text: `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM json_populate_recordset(NULL::${table}, $1::json)`,
        values: [JSON.stringify(rows.slice(from, from + ROWS_A_STATEMENT))],
      });
    }
  }

  #attempt(index: number, created_at: number, mayBePending: boolean): AttemptRecord {
    const tenant = at(this.tenants, index);
    const application = at(tenant.applications, index >> 3);
    const status: AttemptStatus =
      mayBePending && index % 5 === 0 ? 'pending' : at(['success', 'success', 'failed', 'success', 'expired'], index);
    const isAnswered = status === 'success' || index % 4 === 1;
    return {
      id: idOf('attempt', index),
      event_id: idOf('event', index),
      endpoint_id: isOfDeleted(index) ? tenant.deletedEndpointId : at(application.endpointIds, index >> 4),
      user_id: tenant.userId,
      attempt_number: 1 + (index % 3),
      status,
      http_status_code: status === 'pending' || !isAnswered ? null : status === 'success' ? 200 : 503,
      response_time_ms: status === 'pending' || !isAnswered ? null : index % 977,
      error_message: status === 'failed' ? `bad\tgateway \\ 👻\r\n${index}` : null,
      created_at,
      updated_at: status === 'pending' ? created_at : created_at + (index % 977),
    };
  }

  #event(index: number, time: number): EventRecord {
    return {
      id: idOf('event', index),
      chain_id: 1,
      block_number: 19_000_000 + index,
      block_hash: hexOf(32, 'block', index),
      transaction_hash: hexOf(32, 'transaction', index),
      transaction_index: index % 200,
      log_index: index % 400,
      address: hexOf(20, 'address', index % 10),
      topic0: index % 3 > 0 ? hexOf(32, 'topic') : null,
      topic1: index % 3 > 1 ? hexOf(32, 'topic', index) : null,
      topic2: null,
      topic3: null,
      data: index % 4 === 0 ? '0x' : hexOf(20, 'data', index),
      ingested_at: time,
      created_at: time,
    };
  }
}

/** A time with so many microseconds more, which an older system wrote. */
const withMicroseconds = (time: number, microseconds: number): string =>
  new Date(time).toISOString().replace('Z', `${String(microseconds).padStart(3, '0')}Z`);

const legacyAttempt = ({ user_id: _, ...attempt }: AttemptRecord, index: number): object => ({
  ...attempt,
  created_at: withMicroseconds(attempt.created_at, index % 1000),
  updated_at: withMicroseconds(attempt.updated_at, index % 1000),
});

const legacyEvent = (event: EventRecord, index: number): object => ({
  ...event,
  block_hash: event.block_hash.toUpperCase().replace('X', 'x'),
  transaction_hash: index % 2 === 0 ? event.transaction_hash.toUpperCase() : event.transaction_hash,
  data: event.data.toUpperCase().replace('X', 'x'),
  ingested_at: withMicroseconds(event.ingested_at, index % 1000),
  created_at: withMicroseconds(event.created_at, index % 1000),
});

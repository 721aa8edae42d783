import { signToken } from '../../src/cli/sign-token.js';
import { readGatewayConfig } from '../../src/config.js';
import { startGateway } from '../../src/gateway.js';
import { migrateUp } from '../../src/migration/schema-runner.js';
import { Lifecycle } from '../../src/platform/lifecycle.js';
import { createLogger } from '../../src/platform/logger.js';
import { ClickHouseDatabase } from '../../src/stores/clickhouse/database.js';
import { PostgresDatabase } from '../../src/stores/postgres/database.js';
import {
  ALICE,
  BOB,
  BOBS_ENDPOINT,
  SHOP,
  SHOP_ORDERS,
  SHOP_REFUNDS,
  uuidOf,
  WALLET,
  WALLET_MOVES,
} from './analytics-dataset.js';
import { freshClickHouse, freshPostgres, freshPrefix, testServers } from './servers.js';

export const SECRET = 'the secret of the tests';
export const ADMIN = uuidOf(4);
export const BOBS_APPLICATION = uuidOf(13);

const logger = createLogger('test', 'silent');

/** An answer to POST /graphql, as loosely as a client sees it. */
interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly data: Record<string, unknown> | null | undefined;
  readonly errors: readonly { readonly message: string; readonly extensions: Record<string, unknown> }[] | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Migrated stores of one's own, with the tenants of the analytics dataset, and gateways over them. */
export async function freshStores() {
  const [sql, columns] = await Promise.all([freshPostgres(), freshClickHouse()]);
  await migrateUp({
    postgresUrl: sql.url,
    clickhouseUrl: columns.url,
    retention: { eventsDays: 90, attemptsDays: 30 },
    logger,
  });
  const postgres = new PostgresDatabase(sql.url, { applicationName: 'test' });
  const clickhouse = new ClickHouseDatabase(columns.url, { applicationName: 'test' });
  await insertTenants(postgres);
  const readerUrl = new URL(testServers().clickhouseReaderUrl);
  readerUrl.pathname = new URL(columns.url).pathname;
  return {
    postgres,
    clickhouse,
    /** What a gateway over these stores is configured with. */
    environment: {
      POSTGRES_URL: sql.url,
      CLICKHOUSE_URL: readerUrl.href,
      REDIS_URL: testServers().redisUrl,
      STREAM_PREFIX: freshPrefix(),
      JWT_SECRET: SECRET,
      HOST: '127.0.0.1',
      PORT: '0',
    },
    async close() {
      await Promise.all([postgres.close(), clickhouse.close()]);
      await Promise.all([sql.drop(), columns.drop()]);
    },
  };
}

/** A gateway in this process, on a port of its own. */
export async function startTestGateway(environment: Environment) {
  const lifecycle = new Lifecycle((name, error) => {
    throw new Error(`${name} did not close`, { cause: error });
  });
  const { signal } = new AbortController();
  const port = await startGateway(readGatewayConfig(environment), logger, lifecycle, signal).catch(async (error) => {
    await lifecycle.close();
    throw error;
  });
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    socketUrl: `ws://127.0.0.1:${port}/graphql`,
    close: () => lifecycle.close(),
    /** Asks as a user, or with the headers given. */
    async ask(
      asker: string | Record<string, string>,
      query: string,
      variables = {},
      signal?: AbortSignal,
    ): Promise<Answer> {
      const headers = typeof asker === 'string' ? { authorization: `Bearer ${await tokenOf(asker)}` } : asker;
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query, variables }),
        signal: signal ?? null,
      });
      const { data, errors }: Pick<Answer, 'data' | 'errors'> = JSON.parse(await response.text());
      return { status: response.status, headers: response.headers, data, errors };
    },
  };
}

export const tokenOf = (userId: string): Promise<string> =>
  signToken({ secret: SECRET, userId, now: Date.now(), ttlMs: 60_000 });

async function insertTenants(postgres: PostgresDatabase): Promise<void> {
  const run = (text: string) => postgres.query({ name: 'test_insert', text });
  await run(`INSERT INTO users (id, email, name, is_admin) VALUES
    ('${ALICE}', 'alice@example.com', 'Alice', false), ('${BOB}', 'bob@example.com', NULL, false),
    ('${ADMIN}', 'admin@example.com', 'Admin', true)`);
  await run(`INSERT INTO applications (id, user_id, name, description, created_at) VALUES
    ('${SHOP}', '${ALICE}', 'Shop', 'sells', '2026-01-02Z'), ('${WALLET}', '${ALICE}', 'Wallet', NULL, '2026-01-01Z'),
    ('${BOBS_APPLICATION}', '${BOB}', 'Bob', NULL, '2026-01-03Z')`);
  await run(`INSERT INTO endpoints (id, application_id, name, url, chain_ids, contract_addresses, event_topics, is_active, created_at)
    VALUES
    ('${SHOP_ORDERS}', '${SHOP}', 'Orders', 'https://shop.example/orders', '{1,137}', '{0xaa}', '{0xbb}', true, '2026-01-01Z'),
    ('${SHOP_REFUNDS}', '${SHOP}', 'Refunds', 'https://shop.example/refunds', '{}', '{}', '{}', false, '2026-01-02Z'),
    ('${WALLET_MOVES}', '${WALLET}', 'Moves', 'https://wallet.example', '{}', '{}', '{}', true, '2026-01-03Z'),
    ('${BOBS_ENDPOINT}', '${BOBS_APPLICATION}', 'Bob', 'https://bob.example', '{}', '{}', '{}', true, '2026-01-04Z')`);
}

import { randomUUID } from 'node:crypto';
import { ClickHouseDatabase } from '../../src/stores/clickhouse/database.js';
import { PostgresDatabase } from '../../src/stores/postgres/database.js';

/** The servers of this run of the tests, with user and password in the URLs. */
interface TestServers {
  readonly postgresUrl: string;
  readonly clickhouseUrl: string;
  /** The same ClickHouse for a user that can only read. */
  readonly clickhouseReaderUrl: string;
  readonly redisUrl: string;
}

/** A database of one's own. */
interface Fresh {
  readonly url: string;
  drop(): Promise<void>;
}

const APPLICATION = { applicationName: 'test', maxConnections: 1 };

export function testServers(): TestServers {
  const text = process.env['ETHHOOK_TEST_SERVERS'];
  if (text === undefined) throw new Error('the test servers run for the projects "integration" and "e2e" only');
  return JSON.parse(text);
}

/** An empty Postgres database. Dropping it ends whatever connections are left. */
export async function freshPostgres(): Promise<Fresh> {
  const { postgresUrl } = testServers();
  const name = freshName();
  const run = async (text: string): Promise<void> => {
    const database = new PostgresDatabase(postgresUrl, APPLICATION);
    await database.query({ name: 'test', text }).finally(() => database.close());
  };
  await run(`CREATE DATABASE ${name}`);
  return { url: withPath(postgresUrl, name), drop: () => run(`DROP DATABASE ${name} WITH (FORCE)`) };
}

/** An empty ClickHouse database. */
export async function freshClickHouse(): Promise<Fresh> {
  const { clickhouseUrl } = testServers();
  const name = freshName();
  const run = async (query: string): Promise<void> => {
    const database = new ClickHouseDatabase(clickhouseUrl, APPLICATION);
    await database.command({ name: 'test', query }).finally(() => database.close());
  };
  await run(`CREATE DATABASE ${name}`);
  return { url: withPath(clickhouseUrl, name), drop: () => run(`DROP DATABASE ${name} SYNC`) };
}

/** A prefix for Redis keys that nobody else uses. */
export const freshPrefix = (): string => freshName();

const freshName = (): string => `test_${randomUUID().replaceAll('-', '')}`;

function withPath(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

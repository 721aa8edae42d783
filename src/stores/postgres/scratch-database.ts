import { PostgresDatabase } from './database.js';

const STATEMENT_TIMEOUT_MS = 3_600_000;

/**
 * Runs `use` with an empty database of its own on the same server, which is dropped afterwards; one that a killed run has
 * left is dropped before. The user of the URL needs CREATEDB. Fails with an UpstreamError.
 */
export async function withScratchDatabase<T>(
  url: string,
  applicationName: string,
  use: (database: PostgresDatabase) => Promise<T>,
): Promise<T> {
  const options = { applicationName, maxConnections: 1, statementTimeoutMs: STATEMENT_TIMEOUT_MS };
  const server = new PostgresDatabase(url, options);
  const run = (name: string, text: string) => server.query({ name, text });
  try {
    const { name, quoted, encoding } = await scratchOf(server);
    await run('drop_left_scratch_database', `DROP DATABASE IF EXISTS ${quoted}`);
    await run('create_scratch_database', `CREATE DATABASE ${quoted} TEMPLATE template0 ENCODING '${encoding}'`);
    const scratchUrl = new URL(url);
    scratchUrl.pathname = `/${encodeURIComponent(name)}`;
    const scratch = new PostgresDatabase(scratchUrl.href, options);
    try {
      return await use(scratch);
    } finally {
      await scratch.close();
      await run('drop_scratch_database', `DROP DATABASE IF EXISTS ${quoted} WITH (FORCE)`);
    }
  } finally {
    await server.close();
  }
}

interface Scratch {
  readonly name: string;
  /** The name as SQL spells it. */
  readonly quoted: string;
  /** That of the database itself, so that the same bytes are the same text. */
  readonly encoding: string;
}

/** One name for every run of one database: a name is cut off at 63 bytes. */
async function scratchOf(server: PostgresDatabase): Promise<Scratch> {
  const [row] = await server.query<{ name: string; quoted: string; encoding: string }>({
    name: 'scratch_database_name',
    text: `
      SELECT name, quote_ident(name) AS quoted, encoding FROM (
        SELECT 'ethhook_scratch_' || md5(datname) AS name, pg_encoding_to_char(encoding) AS encoding
        FROM pg_database WHERE datname = current_database()
      ) AS scratch`,
  });
  if (row === undefined) throw new Error('the database does not know itself');
  return row;
}

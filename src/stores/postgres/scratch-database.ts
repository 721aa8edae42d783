import { randomBytes } from 'node:crypto';
import { PostgresDatabase } from './database.js';

/**
 * Runs `use` with an empty database of its own on the same server, which is dropped afterwards. The user of the URL
 * needs CREATEDB. Fails with an UpstreamError.
 */
export async function withScratchDatabase<T>(
  url: string,
  applicationName: string,
  use: (database: PostgresDatabase) => Promise<T>,
): Promise<T> {
  const name = `ethhook_scratch_${randomBytes(6).toString('hex')}`;
  const server = new PostgresDatabase(url, { applicationName, maxConnections: 1 });
  try {
    await server.query({ name: 'create_scratch_database', text: `CREATE DATABASE ${name} TEMPLATE template0` });
    const scratchUrl = new URL(url);
    scratchUrl.pathname = `/${name}`;
    const scratch = new PostgresDatabase(scratchUrl.href, {
      applicationName,
      maxConnections: 1,
      statementTimeoutMs: 3_600_000,
    });
    try {
      return await use(scratch);
    } finally {
      await scratch.close();
      await server.query({ name: 'drop_scratch_database', text: `DROP DATABASE ${name} WITH (FORCE)` });
    }
  } finally {
    await server.close();
  }
}

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { migrateUp } from '../../src/migration/schema-runner.js';
import { createLogger } from '../../src/platform/logger.js';
import { PostgresDatabase } from '../../src/stores/postgres/database.js';
import { ADMIN, SECRET, startTestGateway } from '../support/gateway.js';
import { attemptOf, eventOf, freshIngestStack, type IngestStack, toJson } from '../support/ingest.js';
import { freshPostgres } from '../support/servers.js';

const ROLES = ['ethhook_migrator', 'ethhook_gateway', 'ethhook_worker'] as const;
type Role = (typeof ROLES)[number];
const EVERYTHING = `{
  me { email stats { attempts } applications { nodes { id endpoints { nodes { id } } } } }
  events { nodes { id deliveryAttempts { nodes { id } } } } deliveryAttempts { nodes { id } } migration { phase }
}`;

const logger = createLogger('test', 'silent');
const run = (database: PostgresDatabase, text: string) => database.query({ name: 'test', text });

describe('the roles of deploy/postgres', () => {
  let stack: IngestStack;
  let sql: Awaited<ReturnType<typeof freshPostgres>>;
  let owner: PostgresDatabase;

  function urlOf(role: Role): string {
    const url = new URL(sql.url);
    url.username = role;
    return url.href;
  }

  async function as<T>(role: Role, use: (database: PostgresDatabase) => Promise<T>): Promise<T> {
    const database = new PostgresDatabase(urlOf(role), { applicationName: 'test', maxConnections: 1 });
    return use(database).finally(() => database.close());
  }

  beforeAll(async () => {
    [stack, sql] = await Promise.all([freshIngestStack(), freshPostgres()]);
    owner = new PostgresDatabase(sql.url, { applicationName: 'test' });
    await run(owner, readFileSync('deploy/postgres/roles.sql', 'utf8'));
    for (const role of ROLES) await run(owner, `ALTER ROLE ${role} PASSWORD '${new URL(sql.url).password}'`);
    await migrateUp({
      postgresUrl: urlOf('ethhook_migrator'),
      clickhouseUrl: stack.environment.CLICKHOUSE_URL,
      retention: { eventsDays: 90, attemptsDays: 30 },
      logger,
    });
    await as('ethhook_migrator', (database) => run(database, readFileSync('deploy/postgres/grants.sql', 'utf8')));
    // As a database may have that has lived before.
    await run(owner, "ALTER TABLE users ADD password_hash text DEFAULT 'secret'");
    await run(owner, "ALTER TABLE applications ADD api_key text DEFAULT 'secret'");
    await run(owner, "ALTER TABLE endpoints ADD signing_secret text DEFAULT 'secret'");
    await run(owner, `INSERT INTO users (id, email, is_admin) VALUES ('${ADMIN}', 'admin@example.com', true)`);
  });

  afterAll(async () => {
    await owner?.close();
    await stack?.close();
    await sql?.drop();
  });

  test('are enough for the worker and the gateway, whichever store is read', async () => {
    stack.startWorker({ POSTGRES_URL: urlOf('ethhook_worker') });
    const event = eventOf();
    const pending = attemptOf({ user_id: ADMIN, event_id: event.id, status: 'pending', response_time_ms: null });
    const sent = { ...pending, status: 'success' as const, updated_at: pending.updated_at + 1_000 };
    await stack.addRecords('events', [toJson(event)]);
    await stack.addRecords('delivery_attempts', [toJson(pending)]);
    await stack.drained();
    await stack.addRecords('delivery_attempts', [toJson(sent)]);
    await stack.drained();
    for (const phase of ['cutover', 'dual_write']) {
      await run(owner, `UPDATE migration_phase SET phase = '${phase}'`);
      const POSTGRES_URL = urlOf('ethhook_gateway');
      const gateway = await startTestGateway({ ...stack.environment, POSTGRES_URL, JWT_SECRET: SECRET, PORT: '0' });
      try {
        const { data, errors } = await gateway.ask(ADMIN, EVERYTHING);
        expect(errors).toBeUndefined();
        expect(data).toMatchObject({
          me: { email: 'admin@example.com' },
          events: { nodes: [{ id: event.id, deliveryAttempts: { nodes: [{ id: sent.id }] } }] },
          migration: { phase: phase.toUpperCase() },
        });
      } finally {
        await gateway.close();
      }
    }
  });

  test.each<[Role, string, string]>([
    ['ethhook_gateway', 'write', 'UPDATE users SET is_admin = true'],
    ['ethhook_gateway', 'write history', 'DELETE FROM delivery_attempts'],
    ['ethhook_gateway', 'move the phase', "UPDATE migration_phase SET phase = 'complete'"],
    ['ethhook_gateway', 'create', 'CREATE TABLE mine (id int)'],
    ['ethhook_gateway', 'read more of a user than it shows', 'SELECT password_hash FROM users'],
    ['ethhook_gateway', 'read more of an application than it shows', 'SELECT api_key FROM applications'],
    ['ethhook_gateway', 'read more of an endpoint than it shows', 'SELECT signing_secret FROM endpoints'],
    ['ethhook_worker', 'read users', 'SELECT id FROM users'],
    ['ethhook_worker', 'read where webhooks go', 'SELECT url FROM endpoints'],
    ['ethhook_worker', 'remove history', 'DELETE FROM events'],
    ['ethhook_worker', 'empty a table', 'TRUNCATE delivery_attempts'],
    ['ethhook_worker', 'move the phase', "UPDATE migration_phase SET phase = 'complete'"],
    ['ethhook_worker', 'create', 'CREATE TABLE mine (id int)'],
    ['ethhook_migrator', 'make roles', 'CREATE ROLE mine'],
    ['ethhook_migrator', 'read files', "SELECT pg_read_file('/etc/passwd')"],
  ])('%s cannot %s', async (role, _what, text) => {
    await expect(as(role, (database) => run(database, text))).rejects.toMatchObject({
      options: { kind: 'refused', code: '42501' },
    });
  });
});

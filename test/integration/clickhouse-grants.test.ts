import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type EmbeddedClickHouse, startClickHouse } from '../../src/embedded/clickhouse.js';
import { freePort } from '../../src/embedded/free-port.js';
import { migrateUp } from '../../src/migration/schema-runner.js';
import { createLogger } from '../../src/platform/logger.js';
import { attemptType } from '../../src/records/attempt.js';
import { auditChangedDays } from '../../src/rollups/audit.js';
import { ClickHouseDatabase } from '../../src/stores/clickhouse/database.js';
import { insertAttemptsIntoClickHouse } from '../support/analytics-stores.js';
import {
  attemptOf,
  clickhouseRows,
  freshIngestStack,
  type IngestStack,
  standingAttempts,
  toJson,
} from '../support/ingest.js';
import { moveServices } from '../support/move.js';

const WORKER = 'ethhook_worker';
const PASSWORD = 'test';
const logger = createLogger('test', 'silent');

/** The worker's user as deploy/clickhouse/users.xml has it, with a password of the test's. */
function workerOfDeployment(): string {
  const users = readFileSync('deploy/clickhouse/users.xml', 'utf8');
  const [worker = ''] = new RegExp(`<${WORKER}>[\\s\\S]*</${WORKER}>`).exec(users) ?? [];
  return worker.replace('<password from_env="PASSWORD"/>', `<password>${PASSWORD}</password>`);
}

describe('the worker’s user of deploy/clickhouse', () => {
  let folder: string;
  let server: EmbeddedClickHouse;
  let stack: IngestStack;
  let owner: ClickHouseDatabase;
  let worker: ClickHouseDatabase;
  let workerUrl: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), `ethhook-test-${process.pid}-grants-`));
    mkdirSync(join(folder, 'users.d'));
    writeFileSync(
      join(folder, 'users.d', 'worker.xml'),
      `<clickhouse><users>${workerOfDeployment()}</users></clickhouse>`,
    );
    server = await startClickHouse({ folder, port: await freePort(), password: PASSWORD });
    const url = new URL(server.url);
    url.username = WORKER;
    workerUrl = url.href;
    stack = await freshIngestStack();
    await migrateUp({
      postgresUrl: stack.environment.POSTGRES_URL,
      clickhouseUrl: server.url,
      retention: { eventsDays: 90, attemptsDays: 30 },
      logger,
    });
    owner = new ClickHouseDatabase(server.url, { applicationName: 'test' });
    worker = new ClickHouseDatabase(workerUrl, { applicationName: 'test' });
  });

  afterAll(async () => {
    await Promise.all([owner?.close(), worker?.close()]);
    await stack?.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('is enough for the worker and its audit', async () => {
    const attempts = Array.from({ length: 20 }, () => attemptOf());
    stack.startWorker({ CLICKHOUSE_URL: workerUrl });
    await stack.addRecords('delivery_attempts', attempts.map(toJson));
    await stack.drained();
    expect(await clickhouseRows(owner, attemptType)).toEqual(standingAttempts(attempts));
    // Counted twice, which the audit takes out.
    await insertAttemptsIntoClickHouse(owner, attempts, 'again');
    const services = { ...moveServices(stack), clickhouse: worker };
    const days = await auditChangedDays(services, { now: Date.now(), retentionDays: 30 });
    expect(days?.map(({ outcome }) => outcome)).toContain('mended');
  });

  test.each([
    ['remove rows', 'DELETE FROM delivery_attempts WHERE 1'],
    ['change rows', 'ALTER TABLE delivery_attempts UPDATE error_message = NULL WHERE 1'],
    ['drop a day', "ALTER TABLE delivery_attempts DROP PARTITION '2026-01-01'"],
    ['empty a table', 'TRUNCATE TABLE events'],
    ['drop a table', 'DROP TABLE events'],
    ['make a table', 'CREATE TABLE mine (id UInt8) ENGINE = MergeTree ORDER BY id'],
    ['make a database', 'CREATE DATABASE mine'],
    ['read files', "INSERT INTO events (data) SELECT line FROM file('/etc/passwd', 'LineAsString', 'line String')"],
    ['ask other servers', "INSERT INTO events (data) SELECT * FROM url('http://127.0.0.1:9/', 'LineAsString')"],
  ])('cannot %s', async (_what, query) => {
    await expect(worker.command({ name: 'test_refused', query })).rejects.toMatchObject({
      options: { kind: 'refused', code: '497' },
    });
  });
});

import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { STORES, type Store } from '../../src/records/migration-phase.js';
import { DAY_MS } from '../../src/records/time-range.js';
import { ClickHouseDatabase } from '../../src/stores/clickhouse/database.js';
import { attemptOf, eventOf, freshIngestStack, type IngestStack, standingAttempts, toJson } from '../support/ingest.js';
import { testServers } from '../support/servers.js';

const GUIDE = readFileSync('docs/operations.md', 'utf8');
const USER = '00000000-0000-4000-8000-0000000000aa';
const DAY = '2026-11-01';
/** A day that is kept and is over, whatever today is. */
const DAY_AT = Math.floor(Date.now() / DAY_MS) * DAY_MS - 3 * DAY_MS;

interface Statement {
  readonly store: Store;
  readonly text: string;
}

/** The SQL under a heading of the guide, in order. */
function statementsUnder(heading: string): Statement[] {
  const section = GUIDE.split(/^## /m).find((each) => each.startsWith(`${heading}\n`)) ?? '';
  const blocks = [...section.matchAll(/```sql\n-- (ClickHouse|Postgres)\n(.*?)```/gs)];
  return blocks.flatMap(([, store, sql = '']) =>
    sql
      .split(/;\n/)
      .filter((text) => text.trim() !== '')
      .map((text) => ({ store: store === 'Postgres' ? 'postgres' : 'clickhouse', text })),
  );
}

describe('the SQL of docs/operations.md', () => {
  let stack: IngestStack;

  /** Connected to no database of a test. */
  let server: ClickHouseDatabase;

  beforeEach(async () => {
    stack = await freshIngestStack();
    server = new ClickHouseDatabase(testServers().clickhouseUrl, { applicationName: 'test' });
  });

  afterEach(async () => {
    await server.close();
    await stack.close();
  });

  /** In the databases of this test, and of a day that there is. */
  async function run({ store, text }: Statement): Promise<void> {
    const own = text
      .replaceAll('ethhook', stack.clickhouse.database)
      .replaceAll('monday', stack.clickhouse.database)
      .replaceAll(DAY, new Date(DAY_AT).toISOString().slice(0, 10));
    if (store === 'postgres') await stack.postgres.query({ name: 'test', text: own });
    else if (/\bDATABASE\b/.test(own)) await server.command({ name: 'test', query: own });
    else await stack.clickhouse.command({ name: 'test', query: own });
  }

  const attempt = (fields: Parameters<typeof attemptOf>[0] = {}) => attemptOf({ status: 'success', ...fields });
  const send = (attempts: readonly ReturnType<typeof attempt>[]) =>
    stack.addRecords('delivery_attempts', attempts.map(toJson));

  test('backs ClickHouse up, and restores it to what goes on as before', async () => {
    const stop = stack.startWorker();
    const [before, after] = [[attempt(), attempt()], [attempt()]];
    await send(before);
    await stack.drained();
    await stop();
    for (const statement of statementsUnder('Backup and restore')) await run(statement);
    expect(await stack.attemptsIn('clickhouse')).toEqual(standingAttempts(before));

    stack.startWorker();
    await send(after);
    await stack.drained();
    expect(await stack.attemptsIn('clickhouse')).toEqual(standingAttempts([...before, ...after]));
    await stack.expectExactRollups();
  });

  test('drops one day, its sums included', async () => {
    const [dropped, kept] = [attempt({ created_at: DAY_AT, updated_at: DAY_AT }), attempt()];
    stack.startWorker();
    await send([dropped, kept]);
    await stack.addRecords('events', [toJson(eventOf({ ingested_at: DAY_AT, created_at: DAY_AT }))]);
    await stack.drained();
    const statements = statementsUnder('Retention, and days that go early');
    expect(statements).toHaveLength(4);
    for (const statement of statements) await run(statement);
    expect(await stack.attemptsIn('clickhouse')).toEqual(standingAttempts([kept]));
    expect(await stack.eventsIn('clickhouse')).toEqual([]);
    await stack.expectExactRollups();
  });

  test('purges a user from both stores, and nobody else', async () => {
    const insert = (text: string) => stack.postgres.query({ name: 'test', text });
    const [endpoint, application] = [attempt().endpoint_id, attempt().endpoint_id];
    await insert(`INSERT INTO users (id, email) VALUES ('${USER}', 'gone@example.com')`);
    await insert(`INSERT INTO applications (id, user_id, name) VALUES ('${application}', '${USER}', 'Gone')`);
    await insert(`INSERT INTO endpoints (id, application_id, name, url)
      VALUES ('${endpoint}', '${application}', 'Gone', 'https://gone.example')`);
    const theirs = [attempt({ user_id: USER }), attempt({ user_id: USER, endpoint_id: endpoint })];
    const others = attempt();
    stack.startWorker();
    await send([...theirs, others]);
    await stack.drained();
    // As an older system left it.
    await insert(`UPDATE delivery_attempts SET user_id = NULL WHERE endpoint_id = '${endpoint}'`);

    for (const statement of statementsUnder('Purging a user')) await run(statement);
    for (const store of STORES) expect(await stack.attemptsIn(store)).toEqual(standingAttempts([others]));
    await stack.expectExactRollups();
    expect(await insert('SELECT id FROM endpoints')).toEqual([]);
  });
});

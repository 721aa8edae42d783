import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { DAY_MS } from '../../src/records/time-range.js';
import type { AnalyticsStore, BreakdownDimension } from '../../src/stores/analytics-store.js';
import { ClickHouseAnalyticsStore } from '../../src/stores/clickhouse/clickhouse-analytics-store.js';
import { ClickHouseDatabase, type ClickHouseQuery } from '../../src/stores/clickhouse/database.js';
import { ConfigurationStore } from '../../src/stores/postgres/configuration-store.js';
import { PostgresDatabase, type PostgresQuery } from '../../src/stores/postgres/database.js';
import { PostgresAnalyticsStore } from '../../src/stores/postgres/postgres-analytics-store.js';
import { uuidOf } from '../support/analytics-dataset.js';

const [USER, ID, OTHER_ID] = [uuidOf(1), uuidOf(2), uuidOf(3)];
const RANGE = { from: 30 * DAY_MS + 1, to: 50 * DAY_MS };

/** Why queries bind no user, by their file, or by their name where others of the file bind one. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'clickhouse/events-by-key.ts events_by_id': 'ids that a query which binds the user has given',
  'postgres/configuration-store.ts users_by_id': 'the user of a token, and whom an admin acts for',
  'postgres/configuration-store.ts user_by_email': 'the command that prints tokens; an operator runs it',
  'postgres/database.ts': 'a setting of the connection',
  'clickhouse/running-queries.ts': 'what the server is busy with; the worker looks',
  'clickhouse/insert-batch.ts': 'the worker writes what producers sent',
  'postgres/upsert-attempts.ts': 'the worker writes what producers sent',
  'postgres/upsert-events.ts': 'the worker writes what producers sent',
  'postgres/narrow-columns.ts': 'types of columns; the worker looks',
  'clickhouse/rollup-differences.ts': 'the audit sums up all users',
  'clickhouse/rollup-marks.ts': 'the audit looks at partitions',
  'clickhouse/mend-rollup.ts': 'the audit mends sums of all users',
  'clickhouse/schema.ts': 'schema migrations',
  'postgres/schema.ts': 'schema migrations',
  'clickhouse/backfill-table.ts': 'the move copies whole days',
  'clickhouse/history-rows.ts': 'the move copies and compares all rows',
  'clickhouse/history-figures.ts': 'the move compares all rows',
  'postgres/backfill-lock.ts': 'keeps two backfills apart',
  'postgres/backfill-store.ts': 'how far the move is; for admins alone',
  'postgres/forgotten-owners.ts': 'the repair of the move writes down whose attempts are',
  'postgres/history-rows.ts': 'the move copies all rows',
  'postgres/history-figures.ts': 'the move compares all rows',
  'postgres/phase-store.ts': 'the phase of the move',
  'postgres/verification-store.ts': 'what the move found; for admins alone',
  'postgres/table-dump.ts': 'the move dumps and drops whole tables',
  'postgres/scratch-database.ts': 'the move restores a dump to compare it',
  'postgres/simulated-tenants.ts': 'the simulator makes tenants and sends for all of them',
};

interface Asked {
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Keep what they are asked, and answer nothing. */
class RecordingClickHouse extends ClickHouseDatabase {
  constructor(private readonly asked: Asked[]) {
    super('http://127.0.0.1:9/ethhook', { applicationName: 'test' });
  }

  override query<Row>({ name, query, params = {} }: ClickHouseQuery): Promise<Row[]> {
    this.asked.push({ name: `clickhouse ${name}`, text: query, values: [params['userId'], params['userIds']].flat() });
    return Promise.resolve([]);
  }
}

class RecordingPostgres extends PostgresDatabase {
  constructor(private readonly asked: Asked[]) {
    super('postgres://127.0.0.1:9/ethhook', { applicationName: 'test' });
  }

  override query<Row>({ name, text, values = [] }: PostgresQuery): Promise<Row[]> {
    this.asked.push({ name: `postgres ${name}`, text, values: values.flat() });
    return Promise.resolve([]);
  }
}

async function askEverything(store: AnalyticsStore): Promise<void> {
  const ofUser = { userId: USER };
  for (const scopes of [[ofUser], [{ ...ofUser, endpointIds: [ID] }]]) {
    for (const range of [RANGE, { from: RANGE.to - DAY_MS, to: RANGE.to }]) {
      await store.deliveryStats({ scopes, range, hourly: true, events: true });
      await store.dailyStats({ scopes, range, days: [RANGE.from] });
      for (const by of ['endpoint', 'application', 'http_status_code'] satisfies BreakdownDimension[]) {
        await store.breakdown({ scopes, range, by, limit: 10 });
      }
    }
  }
  await store.attemptPage({ ...ofUser, range: RANGE, limit: 10 });
  await store.attemptPage({ ...ofUser, endpointIds: [ID], eventId: OTHER_ID, range: RANGE, limit: 10 });
  await store.attempts({ keys: [{ ...ofUser, attemptId: ID }], range: RANGE });
  await store.eventPage({ ...ofUser, range: RANGE, attemptsRange: RANGE, limit: 10 });
  await store.eventPage({ ...ofUser, range: RANGE, attemptsRange: RANGE, limit: 10, transactionHash: '0x00' });
  await store.events({ keys: [{ ...ofUser, eventId: ID }], range: RANGE });
}

async function configureEverything(store: ConfigurationStore): Promise<void> {
  const [key, page] = [{ userId: USER, id: ID }, { limit: 10 }];
  await store.applicationsById([key]);
  await store.endpointsById([key]);
  await store.applicationPages([USER], page);
  await store.endpointPages([key], page);
  await store.userEndpointPage(USER, { applicationId: ID, ids: [OTHER_ID] }, page);
  await store.activeEndpointCounts([USER]);
  await store.endpointIdsByApplication([key]);
  await store.endpointApplications(USER);
}

interface Written {
  /** Within src/stores. */
  readonly file: string;
  readonly store: string;
  readonly name: string;
}

/** Every named query in the code of the stores. */
function writtenQueries(): Written[] {
  return ['clickhouse', 'postgres'].flatMap((store) =>
    readdirSync(`src/stores/${store}`).flatMap((file) => {
      const code = readFileSync(`src/stores/${store}/${file}`, 'utf8');
      const names = code.matchAll(/\bname: (['`]?)([^\n]+?)\1,\s*(?:query|text)\b/g);
      return [...names].map(([, , name = '']) => ({ file: `${store}/${file}`, store, name }));
    }),
  );
}

const isException = ({ file, name }: Written): boolean => file in EXCEPTIONS || `${file} ${name}` in EXCEPTIONS;

describe('the user of the token', () => {
  const asked: Asked[] = [];
  const written = writtenQueries();

  beforeAll(async () => {
    const postgres = new RecordingPostgres(asked);
    await askEverything(new ClickHouseAnalyticsStore(new RecordingClickHouse(asked)));
    await askEverything(new PostgresAnalyticsStore(postgres));
    await configureEverything(new ConfigurationStore(postgres));
  });

  test('is bound by every query that the gateway asks for a user', () => {
    const isExcused = new Set(written.filter(isException).map(({ store, name }) => `${store} ${name}`));
    const unbound = asked.filter(
      ({ name, text, values }) => !isExcused.has(name) && !(values.includes(USER) && /user_id\)? (=|IN) /.test(text)),
    );
    expect(unbound.map(({ name }) => name)).toEqual([]);
  });

  test('is bound wherever ClickHouse reads attempts or what is counted of them', () => {
    const reads = asked.filter(({ text }) => /FROM delivery_\w+ /.test(text));
    expect(reads.length).toBeGreaterThan(10);
    for (const { name, text } of reads.filter(({ name }) => name.startsWith('clickhouse'))) {
      const tables = [...text.matchAll(/FROM delivery_\w+/g)].length;
      const bound = [...text.matchAll(/user_id (= \{userId:UUID\}|IN \{userIds:Array\(UUID\)\})/g)].length;
      expect([name, bound]).toEqual([name, Math.max(bound, tables)]);
    }
  });

  test('is bound by every query there is, but for those that have a reason', () => {
    expect(written.length).toBeGreaterThan(80);
    const names = asked.map(({ name }) => name);
    const isAsked = ({ store, name }: Written): boolean => {
      const pattern = new RegExp(`^${store} ${name.replace(/\$\{.*?\}/g, '\\w+')}$`);
      return names.some((each) => pattern.test(each));
    };
    expect(written.filter((query) => !isException(query) && !isAsked(query))).toEqual([]);
  });

  test('has no reason left for a query that is gone', () => {
    const known = new Set(written.flatMap(({ file, name }) => [file, `${file} ${name}`]));
    expect(Object.keys(EXCEPTIONS).filter((exception) => !known.has(exception))).toEqual([]);
  });
});

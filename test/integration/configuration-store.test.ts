import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { migrateUp } from '../../src/migration/schema-runner.js';
import type { ListPosition } from '../../src/stores/analytics-store.js';
import { ConfigurationStore, type PageQuestion } from '../../src/stores/postgres/configuration-store.js';
import { PostgresDatabase } from '../../src/stores/postgres/database.js';
import { freshClickHouse, freshPostgres } from '../support/servers.js';

interface Listed {
  readonly id: string;
  readonly createdAt: number;
}

const alice = randomUUID();
const bob = randomUUID();
const [shop, empty] = [randomUUID(), randomUUID()];
const bobsApplication = randomUUID();
const bobsEndpoint = randomUUID();
/** Several share a millisecond, and some of those differ below it: there only the id may decide. */
const TIMES = [
  '2026-01-01 00:00:00.001000Z',
  '2026-01-01 00:00:00.001999Z',
  '2026-01-01 00:00:00.001500Z',
  '2026-01-01 00:00:00.001Z',
  '2026-01-01 00:00:00.000999Z',
  '2026-01-01 00:00:00.002Z',
  '2026-01-01 00:00:00Z',
];
const endpoints = TIMES.map((time, index) => ({ id: randomUUID(), time, isActive: index % 3 !== 0 }));
const newestFirst = (a: Listed, b: Listed): number => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1);

describe('the configuration store', () => {
  const fresh: Awaited<ReturnType<typeof freshPostgres>>[] = [];
  let database: PostgresDatabase;
  let store: ConfigurationStore;
  const run = (text: string, values: readonly unknown[]): Promise<object[]> =>
    database.query({ name: 'prepare', text, values });

  beforeAll(async () => {
    const [sql, columns] = await Promise.all([freshPostgres(), freshClickHouse()]);
    fresh.push(sql, columns);
    await migrateUp({
      postgresUrl: sql.url,
      clickhouseUrl: columns.url,
      retention: { eventsDays: 90, attemptsDays: 30 },
      logger: pino({ level: 'silent' }),
    });
    database = new PostgresDatabase(sql.url, { applicationName: 'test' });
    store = new ConfigurationStore(database);
    await run(
      `INSERT INTO users (id, email, name, is_admin, created_at)
       VALUES ($1, 'alice@example.com', 'Alice', true, '2026-01-01 00:00:00.123789Z'), ($2, 'bob@example.com', NULL, false, now())`,
      [alice, bob],
    );
    await run(
      `INSERT INTO applications (id, user_id, name, description, created_at)
       VALUES ($1, $2, 'Shop', 'sells', '2026-01-02Z'), ($3, $2, 'Empty', NULL, '2026-01-03Z'), ($4, $5, 'Bob', NULL, now())`,
      [shop, alice, empty, bobsApplication, bob],
    );
    for (const { id, time, isActive } of endpoints) {
      await run(
        `INSERT INTO endpoints (id, application_id, name, url, chain_ids, contract_addresses, event_topics, is_active, created_at)
         VALUES ($1, $2, 'Hook', 'https://example.com', '{1,9007199254740991}', '{0xab}', '{0xcd}', $3, $4)`,
        [id, shop, isActive, time],
      );
    }
    await run("INSERT INTO endpoints (id, application_id, name, url) VALUES ($1, $2, 'Bob', 'https://bob.example')", [
      bobsEndpoint,
      bobsApplication,
    ]);
  });

  afterAll(async () => {
    await database.close();
    await Promise.all(fresh.map(({ drop }) => drop()));
  });

  /** Every id of a list, read page by page, each behind the last row of the one before. */
  async function readPages(limit: number, readPage: (page: PageQuestion) => Promise<Listed[]>): Promise<string[]> {
    const ids: string[] = [];
    for (let after: ListPosition | undefined; ; ) {
      const rows = await readPage({ limit, ...(after === undefined ? {} : { after }) });
      const last = rows.at(-1);
      if (last === undefined) return ids;
      ids.push(...rows.map(({ id }) => id));
      after = { time: last.createdAt, id: last.id };
    }
  }

  const expectedOrder = endpoints
    .map(({ id, time }) => ({ id, createdAt: Date.parse(`${time.slice(0, 23).replace('Z', '').replace(' ', 'T')}Z`) }))
    .sort(newestFirst)
    .map(({ id }) => id);

  test.each([1, 2, 3, 100])(
    'pages of %d endpoints skip and repeat none, with equal times and microseconds',
    async (limit) => {
      expect(await readPages(limit, (page) => store.userEndpointPage(alice, {}, page))).toEqual(expectedOrder);
      const ofApplication = async (page: PageQuestion) =>
        (await store.endpointPages([{ userId: alice, id: shop }], page)).flat();
      expect(await readPages(limit, ofApplication)).toEqual(expectedOrder);
    },
  );

  test('pages of applications run newest first', async () => {
    const ofAlice = async (page: PageQuestion) => (await store.applicationPages([alice], page)).flat();
    expect(await readPages(1, ofAlice)).toEqual([empty, shop]);
  });

  test('a batch is answered in the order of its keys', async () => {
    const applications = await store.applicationPages([bob, 'no uuid', alice], { limit: 1 });
    expect(applications.map((page) => page.map(({ id }) => id))).toEqual([[bobsApplication], [], [empty]]);
    const pages = await store.endpointPages(
      [
        { userId: bob, id: bobsApplication },
        { userId: alice, id: empty },
        { userId: alice, id: shop },
        { userId: alice, id: shop },
      ],
      { limit: 2 },
    );
    const first = expectedOrder.slice(0, 2);
    expect(pages.map((page) => page.map(({ id }) => id))).toEqual([[bobsEndpoint], [], first, first]);
    expect(await store.activeEndpointCounts([bob, randomUUID(), alice, 'no uuid'])).toEqual([1, 0, 4, 0]);
  });

  test('a record has all its fields, its times cut to milliseconds', async () => {
    expect(await store.usersById([alice.toUpperCase(), bob])).toEqual([
      {
        id: alice,
        email: 'alice@example.com',
        name: 'Alice',
        isAdmin: true,
        createdAt: Date.parse('2026-01-01T00:00:00.123Z'),
      },
      expect.objectContaining({ id: bob, name: null, isAdmin: false }),
    ]);
    expect(await store.applicationsById([{ userId: alice, id: shop }])).toEqual([
      {
        id: shop,
        userId: alice,
        name: 'Shop',
        description: 'sells',
        isActive: true,
        createdAt: Date.parse('2026-01-02T00:00:00Z'),
      },
    ]);
    expect(await store.endpointsById([{ userId: alice.toUpperCase(), id: endpoints[1]?.id ?? '' }])).toEqual([
      {
        id: endpoints[1]?.id,
        applicationId: shop,
        userId: alice,
        name: 'Hook',
        url: 'https://example.com',
        chainIds: [1, 9007199254740991],
        contractAddresses: ['0xab'],
        eventTopics: ['0xcd'],
        isActive: true,
        createdAt: Date.parse('2026-01-01T00:00:00.001Z'),
      },
    ]);
    expect(await store.userByEmail('bob@example.com')).toEqual(expect.objectContaining({ id: bob }));
    expect(await store.userByEmail('nobody@example.com')).toBeNull();
  });

  test("another's things, unknown ids and ids that are no UUID are alike nothing", async () => {
    const foreign = [bobsApplication, bobsEndpoint, randomUUID(), 'no uuid', "' OR true --", ''].map((id) => ({
      userId: alice,
      id,
    }));
    const nothing = foreign.map(() => null);
    expect(await store.applicationsById(foreign)).toEqual(nothing);
    expect(await store.endpointsById(foreign)).toEqual(nothing);
    expect(await store.endpointPages(foreign, { limit: 10 })).toEqual(foreign.map(() => []));
    expect(await store.endpointIdsByApplication(foreign)).toEqual(foreign.map(() => []));
    expect(await store.usersById([randomUUID(), 'no uuid'])).toEqual([null, null]);
    for (const filter of [
      { applicationId: bobsApplication },
      { applicationId: 'no uuid' },
      { ids: [bobsEndpoint] },
      { ids: ['no uuid'] },
      { ids: [] },
    ]) {
      expect(await store.userEndpointPage(alice, filter, { limit: 10 })).toEqual([]);
    }
  });

  test('the filters of endpoints narrow together', async () => {
    const idsOf = async (filter: Parameters<ConfigurationStore['userEndpointPage']>[1]): Promise<string[]> =>
      (await store.userEndpointPage(alice, filter, { limit: 100 })).map(({ id }) => id).sort();
    const active = endpoints.filter(({ isActive }) => isActive).map(({ id }) => id);
    const inactive = endpoints.filter(({ isActive }) => !isActive).map(({ id }) => id);
    expect(await idsOf({ isActive: true })).toEqual([...active].sort());
    expect(await idsOf({ isActive: false, applicationId: shop.toUpperCase() })).toEqual([...inactive].sort());
    expect(await idsOf({ isActive: true, ids: [...active.slice(0, 2), ...inactive, bobsEndpoint] })).toEqual(
      active.slice(0, 2).sort(),
    );
    expect(await idsOf({ applicationId: empty, isActive: true })).toEqual([]);
  });

  test('an application knows the ids of all its endpoints, active or not', async () => {
    const [ofShop, ofBob] = await store.endpointIdsByApplication([
      { userId: alice, id: shop },
      { userId: bob, id: bobsApplication },
    ]);
    expect(ofShop).toEqual(endpoints.map(({ id }) => id).sort());
    expect(ofBob).toEqual([bobsEndpoint]);
  });
});

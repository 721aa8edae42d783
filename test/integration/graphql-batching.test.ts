import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ClickHouseDatabase } from '../../src/stores/clickhouse/database.js';
import { ALICE, ATTEMPTS, RANGE, SHOP, uuidOf } from '../support/analytics-dataset.js';
import { insertAttemptsIntoClickHouse } from '../support/analytics-stores.js';
import { freshStores, startTestGateway } from '../support/gateway.js';
import { testServers } from '../support/servers.js';

const range = { from: new Date(RANGE.from).toISOString(), to: new Date(RANGE.to).toISOString() };

describe('how many queries a document costs', () => {
  let stores: Awaited<ReturnType<typeof freshStores>>;
  let gateway: Awaited<ReturnType<typeof startTestGateway>>;
  let log: ClickHouseDatabase;

  beforeAll(async () => {
    stores = await freshStores();
    await insertAttemptsIntoClickHouse(stores.clickhouse, ATTEMPTS, 'first');
    await stores.postgres.query({
      name: 'test_insert',
      text: `INSERT INTO endpoints (id, application_id, name, url)
        SELECT ('00000000-0000-4000-8001-' || lpad(number::text, 12, '0'))::uuid, $1, 'Endpoint ' || number, 'https://a.example'
        FROM generate_series(1, 47) AS number`,
      values: [SHOP],
    });
    gateway = await startTestGateway(stores.environment);
    log = new ClickHouseDatabase(testServers().clickhouseUrl, { applicationName: 'test' });
  });

  afterAll(async () => {
    await log?.close();
    await gateway?.close();
    await stores?.close();
  });

  /** The queries that ClickHouse got while the document was answered, by name. */
  async function queriesOf(query: string): Promise<{ data: unknown; names: string[] }> {
    const countsBefore = await names();
    const { data, errors } = await gateway.ask(ALICE, query, { range });
    expect(errors).toBeUndefined();
    return { data, names: (await names()).slice(countsBefore.length) };
  }

  async function names(): Promise<string[]> {
    await log.command({ name: 'test_flush', query: 'SYSTEM FLUSH LOGS query_log' });
    const rows = await log.query<{ name: string }>({
      name: 'test_query_log',
      query: `SELECT log_comment AS name FROM system.query_log
        WHERE type = 'QueryFinish' AND has(databases, {database: String}) AND http_user_agent LIKE '%ethhook-gateway%'
        ORDER BY event_time_microseconds`,
      params: { database: stores.clickhouse.database },
    });
    return rows.map(({ name }) => name);
  }

  test('50 endpoints with their hours, totals and rates are one query', async () => {
    const { data, names } = await queriesOf(`query ($range: TimeRange) { endpoints(first: 50) { nodes {
      id hourlyStats(range: $range) { attempts } stats(range: $range) { totalEvents p95LatencyMs } successRate(range: $range) } } }`);
    const { nodes } = (data as { endpoints: { nodes: { hourlyStats: object[] }[] } }).endpoints;
    expect(nodes).toHaveLength(50);
    expect(nodes.every(({ hourlyStats }) => hourlyStats.length === 5)).toBe(true);
    expect(names).toHaveLength(1);
  });

  test('a dashboard is one query', async () => {
    const { names } = await queriesOf(
      'query ($range: TimeRange) { dashboardStats(range: $range) { totalEvents activeEndpoints hourlyStats { attempts } } }',
    );
    expect(names).toHaveLength(1);
  });

  test('the events of a page of attempts are looked up together', async () => {
    const { names } = await queriesOf(
      'query ($range: TimeRange) { deliveryAttempts(filter: {range: $range}) { nodes { event { id } endpoint { id application { id } } } } }',
    );
    // The page, whose events they are, and the events: each asked once.
    expect(names).toHaveLength(3);
    expect(new Set(names).size).toBe(3);
  });

  test('a question about nothing is not asked', async () => {
    const { data, names } =
      await queriesOf(`{ me { stats(range: {from: "2001-01-01T00:00:00Z", to: "2001-01-02T00:00:00Z"}) { attempts } }
      deliveryAttempts(filter: {endpointId: "no uuid"}) { nodes { id } } endpoint(id: "${uuidOf(900)}") { id } }`);
    expect(data).toEqual({ me: { stats: { attempts: 0 } }, deliveryAttempts: { nodes: [] }, endpoint: null });
    expect(names).toEqual([]);
  });
});

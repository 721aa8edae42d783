import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { DAY_MS, HOUR_MS, startOfHour } from '../../src/records/time-range.js';
import { ClickHouseAnalyticsStore } from '../../src/stores/clickhouse/clickhouse-analytics-store.js';
import { PostgresAnalyticsStore } from '../../src/stores/postgres/postgres-analytics-store.js';
import { freshAnalyticsDatabases } from '../support/analytics-stores.js';

const ROWS = 400_000;
const DAYS = 4;
const TO = startOfHour(Date.now());
const FROM = TO - DAYS * DAY_MS;
const KEPT = { from: TO - 30 * DAY_MS, to: TO + HOUR_MS };
/** Every third event is the heaviest user's; the others have a thousand users between them. */
const userOf = (number: string): string =>
  `reinterpretAsUUID(sipHash128('user', toUInt64(${number} % 3 = 0 ? 0 : 1 + ${number} % 1000)))`;
/** Rows of a granule. */
const GRANULE = 8_192;

let databases: Awaited<ReturnType<typeof freshAnalyticsDatabases>>;
let store: ClickHouseAnalyticsStore;
let heaviest: string;

beforeAll(async () => {
  databases = await freshAnalyticsDatabases();
  const { clickhouse, clickhouseReader } = databases;
  store = new ClickHouseAnalyticsStore(clickhouseReader);
  const params = { rows: ROWS, from: FROM, span: DAYS * DAY_MS };
  const time = "fromUnixTimestamp64Milli({from:Int64} + toInt64(intDiv(number * {span:UInt64}, {rows:UInt64})), 'UTC')";
  await clickhouse.command({
    name: 'test_fill_events',
    query: `INSERT INTO events (id, chain_id, block_number, transaction_hash, ingested_at, created_at)
      SELECT reinterpretAsUUID(sipHash128('event', number)), 1, number,
        toFixedString(concat(sipHash128('tx', number), sipHash128('tx-', number)), 32), ${time}, ${time}
      FROM numbers({rows:UInt64})`,
    params,
  });
  await clickhouse.command({
    name: 'test_fill_attempts',
    query: `INSERT INTO delivery_attempts (id, event_id, endpoint_id, user_id, attempt_number, status, created_at, updated_at)
      SELECT reinterpretAsUUID(sipHash128('attempt', number)), reinterpretAsUUID(sipHash128('event', number)),
        reinterpretAsUUID(sipHash128('endpoint', number % 10)), ${userOf('number')}, 1, 'success', ${time}, ${time}
      FROM numbers({rows:UInt64})`,
    params,
  });
  const [user] = await clickhouse.query<{ id: string }>({ name: 'test_user', query: `SELECT ${userOf('0')} AS id` });
  heaviest = user?.id ?? '';
});

afterAll(() => databases?.close());

/** The rows that the queries with these names have read since the last look. */
async function rowsRead(names: readonly string[]): Promise<number> {
  const { clickhouse } = databases;
  await clickhouse.command({ name: 'test_flush', query: 'SYSTEM FLUSH LOGS query_log' });
  const [row] = await clickhouse.query<{ rows: number }>({
    name: 'test_query_log',
    query: `SELECT sum(read_rows) AS rows FROM system.query_log
      WHERE type = 'QueryFinish' AND has({names:Array(String)}, log_comment)
        AND has(databases, {database:String})`,
    params: { names, database: clickhouse.database },
  });
  return row?.rows ?? 0;
}

test('an event by its id, a transaction and a page are found without reading through the tables', async () => {
  const question = { userId: heaviest, attemptsRange: KEPT, range: KEPT, limit: 51 };
  const page = await store.eventPage(question);
  expect(page).toHaveLength(51);
  expect(await rowsRead(['newest_attempts', 'event_places', 'events_by_id'])).toBeLessThan(20 * GRANULE);

  const before = await rowsRead(['owned_events', 'events_by_id']);
  const middle = page[25];
  const [event] = await store.events({ keys: [{ userId: heaviest, eventId: middle?.id ?? '' }], range: KEPT });
  expect(event).toEqual(middle);
  expect((await rowsRead(['owned_events', 'events_by_id'])) - before).toBeLessThan(10 * GRANULE);

  const placesBefore = await rowsRead(['event_places', 'events_by_id']);
  const transactionHash = middle?.transaction_hash ?? '';
  expect(await store.eventPage({ ...question, transactionHash })).toEqual([middle]);
  expect((await rowsRead(['event_places', 'events_by_id'])) - placesBefore).toBeLessThan(10 * GRANULE);

  const pageBefore = await rowsRead(['attempt_page']);
  expect(await store.attemptPage({ userId: heaviest, range: KEPT, eventId: middle?.id ?? '', limit: 51 })).toHaveLength(
    1,
  );
  expect((await rowsRead(['attempt_page'])) - pageBefore).toBeLessThan(10 * GRANULE);
});

test('Postgres finds a transaction by an index', async () => {
  const { postgres } = databases;
  const rows = await postgres.query<{ 'QUERY PLAN': string }>({
    name: 'test_plan',
    text: `EXPLAIN SELECT FROM events AS event WHERE lower(event.transaction_hash) = $1`,
    values: [`0x${'ab'.repeat(32)}`],
  });
  expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toContain('events_transaction_hash');
  const none = await new PostgresAnalyticsStore(postgres).eventPage({
    userId: heaviest,
    attemptsRange: KEPT,
    range: KEPT,
    limit: 1,
    transactionHash: `0x${'ab'.repeat(32)}`,
  });
  expect(none).toEqual([]);
});

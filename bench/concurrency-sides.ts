import { DAY_MS, type TimeRange } from '../src/records/time-range.js';
import { ClickHouseAnalyticsStore } from '../src/stores/clickhouse/clickhouse-analytics-store.js';
import { ClickHouseDatabase, type ClickHouseQuery } from '../src/stores/clickhouse/database.js';
import { askAttempts, askGateway, canonicalNumbers, FIELDS } from './dashboard-sides.js';
import type { LoadClient } from './http-load.js';

/** As a dashboard asks that wants to know how things are now: without a range. */
const DOCUMENT = `query Dashboard { dashboardStats { totalEvents ${FIELDS} hourlyStats { hour ${FIELDS} } } }`;

/** Whoever has attempts in the range, most first. */
export async function usersByAttempts(clickhouse: ClickHouseDatabase, range: TimeRange): Promise<string[]> {
  const users = await clickhouse.query<{ userId: string }>({
    name: 'bench_users',
    query: `SELECT user_id AS userId FROM delivery_attempts
      WHERE created_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND created_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
      GROUP BY user_id ORDER BY count() DESC, user_id`,
    params: { ...range },
  });
  return users.map(({ userId }) => userId);
}

/** Evenly from the one with most attempts to the one with fewest; one alone is the median. */
export function chooseUsers(users: readonly string[], count: number): string[] {
  const step = count === 1 ? 0 : (users.length - 1) / (count - 1);
  const first = count === 1 ? Math.floor(users.length / 2) : 0;
  const places = Array.from({ length: count }, (_, index) => Math.round(first + index * step));
  return [...new Set(places)].flatMap((place) => users[place] ?? []);
}

/** One user who asks the gateway. */
export function gatewayClient(graphqlUrl: string, token: string): LoadClient {
  const { host, pathname } = new URL(graphqlUrl);
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const request = httpPost(host, pathname, headers, JSON.stringify({ query: DOCUMENT }));
  return { request: () => request };
}

/** One user who sends ClickHouse the very query that the gateway's store sends for that user alone. */
export async function clickHouseClient(clickhouseUrl: string, userId: string): Promise<LoadClient> {
  const { host, username, password, pathname } = new URL(clickhouseUrl);
  const recorder = new RecordingDatabase(clickhouseUrl, { applicationName: 'bench' });
  const question = { scopes: [{ userId }], range: { from: 0, to: DAY_MS }, hourly: true, events: true };
  await new ClickHouseAnalyticsStore(recorder).deliveryStats(question).finally(() => recorder.close());
  const [query, ...more] = recorder.queries;
  if (query === undefined || more.length > 0) throw new Error('expected one query to compare with');
  const { from: _from, to: _to, ...params } = query.params ?? {};
  const search = new URLSearchParams({ database: pathname.slice(1), default_format: 'JSONEachRow' });
  for (const [name, value] of Object.entries(params)) search.set(`param_${name}`, asText(value));
  const headers = { 'x-clickhouse-user': username, 'x-clickhouse-key': password };
  return {
    request() {
      const to = Date.now();
      return httpPost(host, `/?${search}&param_from=${to - DAY_MS}&param_to=${to}`, headers, query.query);
    },
  };
}

/** Keeps what it is asked, and answers nothing. */
class RecordingDatabase extends ClickHouseDatabase {
  readonly queries: ClickHouseQuery[] = [];

  override query<Row>(query: ClickHouseQuery): Promise<Row[]> {
    this.queries.push(query);
    return Promise.resolve([]);
  }
}

const asText = (param: unknown): string =>
  Array.isArray(param) ? `[${param.map((value) => `'${String(value)}'`).join(',')}]` : String(param);

function httpPost(host: string, path: string, headers: Readonly<Record<string, string>>, body: string): string {
  const all = { host, ...headers, 'content-length': String(Buffer.byteLength(body)) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}

interface Asker {
  readonly userId: string;
  readonly token: string;
}

/** Asks the gateway as all users at once, and fails where one does not get what ClickHouse says of that very user. */
export async function requireOwnAnswers(
  askers: readonly Asker[],
  { graphqlUrl, clickhouse, range }: { graphqlUrl: string; clickhouse: ClickHouseDatabase; range: TimeRange },
): Promise<void> {
  const answers = await Promise.all(
    askers.map(async ({ userId, token }) => ({ userId, numbers: await askGateway(graphqlUrl, token, range) })),
  );
  for (const { userId, numbers } of answers) {
    const [actual, expected] = [numbers, await askAttempts(clickhouse, userId, range)].map((each) =>
      canonicalNumbers(each, true),
    );
    if (actual !== expected) throw new Error(`wrong numbers for ${userId}\n${actual}\nexpected\n${expected}`);
  }
}

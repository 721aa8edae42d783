import { randomUUID } from 'node:crypto';
import { signToken } from '../src/cli/sign-token.js';
import { DAY_MS } from '../src/records/time-range.js';
import { PostgresDatabase } from '../src/stores/postgres/database.js';
import type { Benchmark, BenchOptions, BenchReport } from './benchmark.js';
import { withLifecycle } from './filled-servers.js';
import { HOSTILE_DOCUMENTS } from './hostile-documents.js';
import { measureAlternately } from './measure.js';
import { type BenchServers, startGateway, startServers } from './servers.js';

/** A refusal takes less, milliseconds. */
const LIMIT_MS = 20;
const OPTIONS = { warmUps: 20, rounds: 100, budgetMs: 10_000, timeoutMs: 10_000 };
const ORDINARY = 'a document that is answered';
/** What the gateway asks of its own accord. */
const OWN_QUERIES = new Set(['ping', 'migration_phase']);

/** How soon what no client may ask is refused, beside a document that is answered, and whether a database hears of it. */
export const hostile: Benchmark = {
  name: 'hostile',
  run: ({ scale, smoke, say, signal }: BenchOptions): Promise<BenchReport> =>
    withLifecycle(say, async (lifecycle) => {
      say('starting servers');
      const servers = await startServers(lifecycle, say);
      const gateway = await startGateway(servers, lifecycle);
      const userId = await addUser(servers);
      const token = await signToken({ secret: gateway.jwtSecret, userId, now: Date.now(), ttlMs: DAY_MS });
      const post = async (request: object, code?: string): Promise<void> => {
        const response = await fetch(gateway.graphqlUrl, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
          body: JSON.stringify(request),
        });
        const text = await response.text();
        const isDue = code === undefined ? !text.includes('"errors"') : text.includes(`"code":"${code}"`);
        if (!isDue) throw new Error(`the gateway answered ${response.status}: ${text.slice(0, 300)}`);
      };
      const refused = Object.entries(HOSTILE_DOCUMENTS).map(([name, { query, variables, code }]) => ({
        name,
        run: () => post({ query, variables }, code),
      }));
      const ordinary = { name: ORDINARY, run: () => post({ query: '{ me { id } }' }) };

      say(`${refused.length} documents that are refused`);
      const before = await queriesOf(gateway.graphqlUrl);
      const alone = await measureAlternately(refused, { ...OPTIONS, smoke, signal });
      const asked = (await queriesOf(gateway.graphqlUrl)) - before;
      const [answered] = await measureAlternately([ordinary], { ...OPTIONS, smoke, signal });
      const heard = (await queriesOf(gateway.graphqlUrl)) - before - asked;
      const slowest = alone.reduce((worst, side) => (side.p95Ms > worst.p95Ms ? side : worst));
      return {
        name: 'hostile',
        title: 'Documents that no client may ask',
        scale,
        about: `Each of ${refused.length} documents posted to a gateway by one client, ${OPTIONS.rounds} times in turn after a warm-up: deep, wide, aliased, circular, long, expensive and wrong ones.`,
        comparisons: [
          {
            title: 'From the request to its refusal',
            baseline: ORDINARY,
            sides: [...(answered === undefined ? [] : [answered]), ...alone],
          },
        ],
        claims: [
          {
            text: `every document is refused within ${LIMIT_MS} ms at p95: the slowest, "${slowest.name}", within ${slowest.p95Ms.toFixed(1)}`,
            holds: alone.every(({ p95Ms }) => p95Ms <= LIMIT_MS),
          },
          {
            text: `Postgres and ClickHouse were sent ${asked} queries for them (0), and ${heard} for the one that is answered`,
            holds: asked === 0 && heard > 0,
          },
        ],
      };
    }),
};

async function addUser({ postgresUrl }: BenchServers): Promise<string> {
  const postgres = new PostgresDatabase(postgresUrl, { applicationName: 'bench', maxConnections: 1 });
  const userId = randomUUID();
  try {
    await postgres.query({
      name: 'bench_user',
      text: "INSERT INTO users (id, email) VALUES ($1, 'hostile@example.com')",
      values: [userId],
    });
  } finally {
    await postgres.close();
  }
  return userId;
}

/** How many queries both databases have been sent so far on behalf of clients, by the gateway's own account. */
async function queriesOf(graphqlUrl: string): Promise<number> {
  const response = await fetch(new URL('/metrics', graphqlUrl));
  const text = await response.text();
  const counts = text.matchAll(
    /^ethhook_upstream_query_duration_seconds_count\{upstream="(?:postgres|clickhouse)",query="(\w+)"\} (\d+)$/gm,
  );
  return [...counts].reduce((sum, [, query = '', count]) => sum + (OWN_QUERIES.has(query) ? 0 : Number(count)), 0);
}

import { signToken } from '../src/cli/sign-token.js';
import { DAY_MS } from '../src/records/time-range.js';
import type { ClickHouseDatabase } from '../src/stores/clickhouse/database.js';
import { PostgresDatabase } from '../src/stores/postgres/database.js';
import type { Benchmark, BenchOptions, BenchReport, Comparison } from './benchmark.js';
import { chooseUsers, gatewayClient, usersByAttempts } from './concurrency-sides.js';
import { askGateway, askPostgresJoin } from './dashboard-sides.js';
import { datasetOf, fillClickHouse } from './dataset.js';
import { fillPostgres } from './fill-postgres.js';
import { openClickHouse, withLifecycle } from './filled-servers.js';
import { load } from './http-load.js';
import { BLOCK_ROWS, ingestRows } from './ingest-rows.js';
import { copyIntoPostgres, emptyTables, exportForCopy, insertRowBinary } from './ingest-sides.js';
import { type Measurement, measureAlternately, sized, summary } from './measure.js';
import { CPU, INSERTING, MEMORY, PLAN_SIDES } from './plan-sides.js';
import { cpuTime, peakMemory } from './process-cost.js';
import { type BenchServers, startGateway, startServers } from './servers.js';

const ROWS = 1_000_000;
/** What the plan gives ClickHouse. */
const MEMORY_LIMIT = 2 * 2 ** 30;
const TIMEOUT_MS = 300_000;
const CLIENTS = 100;
const LOAD_S = 10;
/** Users who are asked for in turn in each round, the heaviest among them. */
const ASKED = 20;
const CPU_ROUNDS = 5;

/** The rows of the plan that no other benchmark has: what ClickHouse does with the 2 GB that the plan gives it. */
export const plan: Benchmark = {
  name: 'plan',
  run: ({ scale, smoke, say, signal }: BenchOptions): Promise<BenchReport> =>
    withLifecycle(say, async (lifecycle) => {
      say('starting servers');
      const servers = await startServers(lifecycle, say, { clickhouseMemoryBytes: MEMORY_LIMIT });
      const clickhouse = openClickHouse(servers, lifecycle);
      const postgres = new PostgresDatabase(servers.postgresUrl, {
        applicationName: 'bench',
        statementTimeoutMs: TIMEOUT_MS,
      });
      lifecycle.push('postgres client', () => postgres.close());

      say('inserting');
      const inserting = await measureInserts(servers, { clickhouse, postgres }, { scale, smoke, say, signal });
      const dataset = datasetOf(scale, Date.now());
      say(`filling both with ${dataset.events} events and ${dataset.attempts} attempts`);
      await fillClickHouse(clickhouse, dataset, signal);
      await fillPostgres(servers, dataset, signal);
      const gateway = await startGateway(servers, lifecycle);

      const range = { from: dataset.range.to - DAY_MS, to: dataset.range.to };
      const users = await usersByAttempts(clickhouse, range);
      const tokenOf = (userId: string): Promise<string> =>
        signToken({ secret: gateway.jwtSecret, userId, now: Date.now(), ttlMs: DAY_MS });
      const asked = await Promise.all(
        chooseUsers(users, ASKED).map(async (userId) => ({ userId, token: await tokenOf(userId) })),
      );
      say('measuring what a question takes of the cores');
      const cpu = await measureCpu(
        [
          {
            name: PLAN_SIDES.gateway,
            pids: [gateway.pid, servers.pids.clickhouse],
            ask: ({ token }) => askGateway(gateway.graphqlUrl, token, range),
          },
          {
            name: PLAN_SIDES.join,
            pids: [servers.pids.postgres],
            ask: ({ userId }) => askPostgresJoin(postgres, userId, range),
          },
        ],
        { asked, rounds: smoke ? 1 : CPU_ROUNDS, signal },
      );

      say(`asking with ${CLIENTS} clients`);
      const { hostname, port } = new URL(gateway.graphqlUrl);
      const clients = await Promise.all(
        chooseUsers(users, CLIENTS).map(async (userId) => gatewayClient(gateway.graphqlUrl, await tokenOf(userId))),
      );
      const target = { host: hostname, port: Number(port), errorMark: '"errors"' };
      const round = await load(target, clients, smoke ? 1 : LOAD_S);
      const peak = peakMemory(servers.pids.clickhouse);
      const memory: Comparison = {
        title: MEMORY,
        baseline: PLAN_SIDES.clickhouse,
        sides: [sized(PLAN_SIDES.clickhouse, peak), sized('gateway', peakMemory(gateway.pid))],
      };
      return {
        name: 'plan',
        title: 'What the plan gives ClickHouse',
        scale,
        about: `ClickHouse with \`max_server_memory_usage\` of 2 GiB. ${inserting.rows} attempts of six hours in blocks of ${BLOCK_ROWS} with the worker's own settings, against COPY of the same rows from a file. Then, out of ${dataset.events} events and ${dataset.attempts} attempts, what \`dashboardStats\` over 24 full hours takes of the cores, by the kernel's account of the processes: the mean of ${asked.length} users from the heaviest to the lightest, one after the other, ${CPU_ROUNDS} times. Last, ${clients.length} clients asked at once for ${LOAD_S} s. The memory is the most that was resident since the start.`,
        comparisons: [inserting, { title: CPU, baseline: PLAN_SIDES.gateway, sides: cpu }, memory],
        claims: [
          {
            text: `${clients.length} clients at once: ${(round.answered / round.seconds).toFixed(0)} requests/s, ${round.errors} errors (none)`,
            holds: round.errors === 0,
          },
          {
            text: `ClickHouse held ${Math.round(peak / 2 ** 20)} MiB at its peak (at most ${MEMORY_LIMIT / 2 ** 20})`,
            holds: peak <= MEMORY_LIMIT,
          },
        ],
      };
    }),
};

/** Leaves the tables empty. */
async function measureInserts(
  servers: BenchServers,
  stores: { readonly clickhouse: ClickHouseDatabase; readonly postgres: PostgresDatabase },
  { scale, smoke, signal }: BenchOptions,
): Promise<Comparison> {
  const { clickhouse, postgres } = stores;
  const { count, rowBinaryBlocks } = ingestRows(Math.round(ROWS * scale), Date.now());
  await insertRowBinary(clickhouse, rowBinaryBlocks);
  const file = await exportForCopy(servers);
  const prepare = () => emptyTables(stores);
  const sides = await measureAlternately(
    [
      { name: PLAN_SIDES.insert, prepare, run: () => insertRowBinary(clickhouse, rowBinaryBlocks) },
      { name: PLAN_SIDES.copy, prepare, run: () => copyIntoPostgres(postgres, file) },
    ],
    { warmUps: 1, rounds: 5, budgetMs: 60_000, timeoutMs: TIMEOUT_MS, smoke, signal },
  );
  await prepare();
  return { title: INSERTING, baseline: PLAN_SIDES.insert, rows: count, sides };
}

interface AskedUser {
  readonly userId: string;
  readonly token: string;
}

interface CpuSide {
  readonly name: string;
  /** The processes that work on an answer. */
  readonly pids: readonly number[];
  ask(user: AskedUser): Promise<unknown>;
}

interface CpuOptions {
  readonly asked: readonly AskedUser[];
  readonly rounds: number;
  readonly signal: AbortSignal;
}

/** The mean of a round's questions is one sample. */
async function measureCpu(sides: readonly CpuSide[], { asked, rounds, signal }: CpuOptions): Promise<Measurement[]> {
  const samples = new Map<CpuSide, number[]>(sides.map((side) => [side, []]));
  const taken = ({ pids }: CpuSide): number => pids.reduce((sum, pid) => sum + cpuTime(pid), 0);
  // The first round warms up.
  for (let round = 0; round <= rounds; round++) {
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      const before = taken(side);
      for (const user of asked) {
        signal.throwIfAborted();
        await side.ask(user);
      }
      if (round > 0) samples.get(side)?.push((taken(side) - before) / asked.length);
    }
  }
  return sides.map((side) => summary(side, samples.get(side) ?? [], null));
}

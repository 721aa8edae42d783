import { signToken } from '../src/cli/sign-token.js';
import { DAY_MS, type TimeRange } from '../src/records/time-range.js';
import type { ClickHouseDatabase } from '../src/stores/clickhouse/database.js';
import { PostgresDatabase } from '../src/stores/postgres/database.js';
import type { Benchmark, BenchOptions, BenchReport, Comparison } from './benchmark.js';
import {
  askAttempts,
  askGateway,
  askPostgresByUser,
  askPostgresJoin,
  askRollups,
  canonicalNumbers,
  type DashboardNumbers,
} from './dashboard-sides.js';
import { fillPostgres } from './fill-postgres.js';
import { startFilledServers, withLifecycle } from './filled-servers.js';
import { type Measurement, measureAlternately, ranOutOfTime, withinTime } from './measure.js';
import { startGateway } from './servers.js';

/** A side that takes longer is given up and reported as such. */
const TIMEOUT_MS = 60_000;
const GATEWAY = 'gateway over HTTP';
const ROLLUPS = 'rollup SQL straight to ClickHouse';
const GATEWAY_LIMIT = 3;

interface AskingSide {
  readonly name: string;
  /** Whether it knows pending attempts and distinct events. */
  readonly complete: boolean;
  ask(userId: string): Promise<DashboardNumbers>;
}

export const dashboard: Benchmark = {
  name: 'dashboard',
  run: ({ scale, smoke, say, signal }: BenchOptions): Promise<BenchReport> =>
    withLifecycle(say, async (lifecycle) => {
      const { servers, clickhouse, dataset } = await startFilledServers(lifecycle, { scale, smoke, say, signal });
      const postgres = new PostgresDatabase(servers.postgresUrl, {
        applicationName: 'bench',
        statementTimeoutMs: TIMEOUT_MS,
      });
      lifecycle.push('postgres client', () => postgres.close());
      say('copying the same rows into Postgres');
      await fillPostgres(servers, dataset, signal);
      const gateway = await startGateway(servers, lifecycle);

      const range = { from: dataset.range.to - DAY_MS, to: dataset.range.to };
      const tokenOf = (userId: string): Promise<string> =>
        signToken({ secret: gateway.jwtSecret, userId, now: Date.now(), ttlMs: DAY_MS });
      const comparisons: Comparison[] = [];
      for (const { kind, userId, attempts } of await chooseUsers(clickhouse, range)) {
        const token = await tokenOf(userId);
        const sides: AskingSide[] = [
          { name: GATEWAY, complete: true, ask: () => askGateway(gateway.graphqlUrl, token, range) },
          { name: ROLLUPS, complete: false, ask: () => askRollups(clickhouse, userId, range) },
          { name: 'raw table in ClickHouse', complete: true, ask: () => askAttempts(clickhouse, userId, range) },
          { name: 'Postgres, four-table join', complete: true, ask: () => askPostgresJoin(postgres, userId, range) },
          {
            name: 'Postgres, user_id on the row',
            complete: true,
            ask: () => askPostgresByUser(postgres, userId, range),
          },
        ];
        say(`${kind} user: comparing the answers`);
        await requireSameAnswers(sides, userId);
        say(`${kind} user: measuring`);
        comparisons.push({
          title: `The ${kind} user, ${attempts} attempts in the 24 hours`,
          baseline: ROLLUPS,
          sides: await measureAlternately(
            sides.map(({ name, ask }) => ({ name, run: () => ask(userId) })),
            { warmUps: 10, rounds: 60, budgetMs: 20_000, timeoutMs: TIMEOUT_MS, smoke, signal },
          ),
        });
      }
      return {
        name: 'dashboard',
        title: 'The dashboard of one user',
        scale,
        about: `\`dashboardStats\` over 24 full hours with 24 hourly buckets, all counters and exact percentiles, out of ${dataset.events} events and ${dataset.attempts} attempts of ${dataset.users} users (the heaviest has a third) to ${dataset.endpoints} endpoints in 30 days. Every side gave the same numbers first; the rollup SQL leaves out pending attempts and distinct events, which the gateway answers too.`,
        comparisons,
        claims: comparisons.map(({ title, sides }) => gatewayClaim(title, sides)),
      };
    }),
};

/** The median and the heaviest of the users who have attempts in the range. */
async function chooseUsers(
  clickhouse: ClickHouseDatabase,
  range: TimeRange,
): Promise<{ kind: string; userId: string; attempts: number }[]> {
  const users = await clickhouse.query<{ userId: string; attempts: number }>({
    name: 'bench_users',
    query: `SELECT user_id AS userId, count() AS attempts FROM delivery_attempts
      WHERE created_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND created_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
      GROUP BY user_id ORDER BY attempts, user_id`,
    params: { ...range },
  });
  const [median, heaviest] = [users[Math.floor(users.length / 2)], users.at(-1)];
  if (median === undefined || heaviest === undefined) throw new Error('the data set has no attempts in the range');
  return [
    { kind: 'median', ...median },
    { kind: 'heaviest', ...heaviest },
  ];
}

/** Fails where two sides give different numbers; a side that runs out of time is left out. */
async function requireSameAnswers(sides: readonly AskingSide[], userId: string): Promise<void> {
  const answers: { side: AskingSide; numbers: DashboardNumbers }[] = [];
  for (const side of sides) {
    const numbers = await withinTime(side.ask(userId), TIMEOUT_MS);
    if (!ranOutOfTime(numbers)) answers.push({ side, numbers });
  }
  const [first, ...others] = answers;
  for (const { side, numbers } of others) {
    const [expected, actual] = [first?.numbers ?? numbers, numbers].map((each) =>
      canonicalNumbers(each, side.complete),
    );
    if (expected !== actual) {
      throw new Error(
        `wrong numbers: "${side.name}" differs from "${first?.side.name}"\n${actual}\nexpected\n${expected}`,
      );
    }
  }
}

function gatewayClaim(title: string, sides: readonly Measurement[]): { text: string; holds: boolean } {
  const p50 = (name: string): number => sides.find((side) => side.name === name)?.p50Ms ?? Number.NaN;
  const ratio = p50(GATEWAY) / p50(ROLLUPS);
  return {
    text: `${title}: the gateway's p50 is ${ratio.toFixed(2)} times the raw rollup query's (at most ${GATEWAY_LIMIT})`,
    holds: ratio <= GATEWAY_LIMIT,
  };
}

import { signToken } from '../src/cli/sign-token.js';
import { DAY_MS } from '../src/records/time-range.js';
import { PostgresDatabase } from '../src/stores/postgres/database.js';
import { copyAlone, exportDays, forgetBackfill, insertAlone, runCommand } from './backfill-sides.js';
import type { Benchmark, BenchOptions, BenchReport } from './benchmark.js';
import { gatewayClient, usersByAttempts } from './concurrency-sides.js';
import { fillPostgres } from './fill-postgres.js';
import { startFilledServers, withLifecycle } from './filled-servers.js';
import { type LoadClient, type LoadTarget, load } from './http-load.js';
import { type Measurement, measureAlternately, summary } from './measure.js';
import { startGateway, startWorker } from './servers.js';

const TIMEOUT_MS = 3_600_000;
const ROUNDS = 3;
/** Later rounds are left out once a side took so long altogether. */
const BUDGET_MS = 60_000;
const CLIENTS = 4;
const WARM_UP_S = 2;
const ROUND_S = 2;
const QUIET_ROUNDS = 5;

const BACKFILL = 'backfill';
const COPY = 'COPY TO alone';
const INSERT = 'INSERT alone';
const WITHOUT = 'without a backfill';
const DURING = 'during a backfill';

const SHARE_AT_LEAST = 0.6;
const MOVE_LIMIT_S = 600;
const VERIFY_LIMIT_S = 120;
const P95_LIMIT = 2;

export const backfill: Benchmark = {
  name: 'backfill',
  run: ({ scale, smoke, say, signal }: BenchOptions): Promise<BenchReport> =>
    withLifecycle(say, async (lifecycle) => {
      // What a day costs is in proportion to its rows only where it has many.
      const filled = await startFilledServers(lifecycle, { scale, smoke, say, signal, fullDays: true });
      const { servers, clickhouse, dataset } = filled;
      const { range, events, attempts } = dataset;
      const days = (range.to - range.from) / DAY_MS;
      say('copying the same rows into Postgres');
      await fillPostgres(servers, dataset, signal);
      const postgres = new PostgresDatabase(servers.postgresUrl, {
        applicationName: 'bench',
        statementTimeoutMs: TIMEOUT_MS,
      });
      lifecycle.push('postgres client', () => postgres.close());
      const users = await usersByAttempts(clickhouse, { from: range.to - DAY_MS, to: range.to });
      await postgres.query({
        name: 'bench_phase',
        text: "UPDATE migration_phase SET phase = 'dual_write', since = now() - interval '1 minute'",
      });
      await startWorker(servers, lifecycle);
      const gateway = await startGateway(servers, lifecycle);
      const stores = { servers, postgres, clickhouse, range };
      const files = await exportDays(stores);

      say('measuring the backfill, COPY TO and INSERT');
      const prepare = () => forgetBackfill(stores);
      const sides = await measureAlternately(
        [
          { name: COPY, run: () => copyAlone(stores) },
          { name: INSERT, prepare, run: () => insertAlone(clickhouse, files) },
          { name: BACKFILL, prepare, run: () => runCommand(servers, 'backfill') },
        ],
        { warmUps: 0, rounds: ROUNDS, budgetMs: BUDGET_MS, timeoutMs: TIMEOUT_MS, smoke, signal },
      );

      say('measuring the gateway without a backfill and during one');
      const { hostname, port } = new URL(gateway.graphqlUrl);
      const target = { host: hostname, port: Number(port), errorMark: '"errors"' };
      const clients = await Promise.all(
        chooseUsers(users).map(async (userId) => {
          const token = await signToken({ secret: gateway.jwtSecret, userId, now: Date.now(), ttlMs: DAY_MS });
          return gatewayClient(gateway.graphqlUrl, token);
        }),
      );
      await load(target, clients, WARM_UP_S);
      const without = await loadFor(target, clients, (rounds) => rounds < (smoke ? 1 : QUIET_ROUNDS));
      await forgetBackfill(stores);
      let isRunning = true;
      const run = runCommand(servers, 'backfill').finally(() => {
        isRunning = false;
      });
      const during = await loadFor(target, clients, () => isRunning);
      await run;

      say('verifying');
      const begun = performance.now();
      await runCommand(servers, 'verify');
      const verifyS = (performance.now() - begun) / 1000;

      const reads = [summary({ name: WITHOUT }, without, null), summary({ name: DURING }, during, null)];
      return {
        name: 'backfill',
        title: 'Backfill',
        scale,
        about: `${events} events and ${attempts} attempts of ${days} days, as full as those of scale 1, out of a Postgres with all its indexes into an empty ClickHouse, as the command \`backfill\` does it, from its start to its end with every rollup counted; against a COPY TO of the same rows that are thrown away, a day after the other, and an INSERT of the same rows out of files into the same tables, whose views count the rollups. Then the same backfill while ${CLIENTS} clients ask the gateway for \`dashboardStats\` of the last 24 hours without a pause. Everything shares the machine. \`verify\` took ${verifyS.toFixed(0)} s.`,
        comparisons: [
          { title: 'Moving the history', baseline: BACKFILL, rows: events + attempts, sides },
          { title: 'What clients of the gateway wait', baseline: WITHOUT, sides: reads },
        ],
        claims: [shareClaim(sides), ...moveClaims(sides, verifyS), readsClaim(reads)],
      };
    }),
};

/** Evenly from the one with most attempts to the one with fewest, without the very heaviest. */
const chooseUsers = (users: readonly string[]): string[] =>
  Array.from({ length: CLIENTS }, (_, index) => Math.floor(((index + 1) * users.length) / (CLIENTS + 1))).flatMap(
    (place) => users[place] ?? [],
  );

/** Rounds of load for as long as they are to go on: what every request took. Fails where one failed. */
async function loadFor(
  target: LoadTarget,
  clients: readonly LoadClient[],
  goesOn: (rounds: number) => boolean,
): Promise<number[]> {
  const latencies: number[] = [];
  for (let rounds = 0; goesOn(rounds); rounds++) {
    const round = await load(target, clients, ROUND_S);
    if (round.errors > 0) throw new Error(`${round.errors} requests failed`);
    latencies.push(...round.latencies);
  }
  return latencies;
}

const sideOf = (sides: readonly Measurement[], name: string): Measurement | undefined =>
  sides.find((side) => side.name === name);
const p50Of = (sides: readonly Measurement[], name: string): number => sideOf(sides, name)?.p50Ms ?? Number.NaN;

function shareClaim(sides: readonly Measurement[]) {
  const share = Math.max(p50Of(sides, COPY), p50Of(sides, INSERT)) / p50Of(sides, BACKFILL);
  return {
    text: `The backfill reaches ${share.toFixed(2)} of the rows/s of the slower of COPY TO and INSERT (at least ${SHARE_AT_LEAST})`,
    holds: share >= SHARE_AT_LEAST,
  };
}

function moveClaims(sides: readonly Measurement[], verifyS: number) {
  const moveS = p50Of(sides, BACKFILL) / 1000 + verifyS;
  return [
    {
      text: `Backfill and verify take ${moveS.toFixed(0)} s (under ${MOVE_LIMIT_S})`,
      holds: moveS < MOVE_LIMIT_S,
    },
    { text: `verify takes ${verifyS.toFixed(0)} s (under ${VERIFY_LIMIT_S})`, holds: verifyS < VERIFY_LIMIT_S },
  ];
}

function readsClaim(reads: readonly Measurement[]) {
  const [without, during] = [WITHOUT, DURING].map((name) => sideOf(reads, name)?.p95Ms ?? Number.NaN);
  const times = (during ?? Number.NaN) / (without ?? Number.NaN);
  return {
    text: `The gateway's p95 during a backfill is ${times.toFixed(2)} times that without (at most ${P95_LIMIT})`,
    holds: times <= P95_LIMIT,
  };
}

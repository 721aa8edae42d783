import { signToken } from '../src/cli/sign-token.js';
import { DAY_MS } from '../src/records/time-range.js';
import type { Benchmark, BenchOptions, BenchReport, Comparison } from './benchmark.js';
import {
  chooseUsers,
  clickHouseClient,
  gatewayClient,
  requireOwnAnswers,
  usersByAttempts,
} from './concurrency-sides.js';
import { fillConfiguration } from './fill-postgres.js';
import { startFilledServers, withLifecycle } from './filled-servers.js';
import { type LoadClient, type LoadRound, type LoadTarget, load } from './http-load.js';
import { type Measurement, summary } from './measure.js';
import { startGateway } from './servers.js';

const CLIENTS = [1, 10, 100, 500];
const ROUNDS = 3;
const ROUND_S = 4;
const WARM_UP_S = 2;
const SMOKE_S = 0.5;
const GATEWAY = 'gateway over HTTP';
const CLICKHOUSE = 'the same SQL straight to ClickHouse';
/** The clients that the promise about requests a second is made for. */
const MANY = 100;
const TIMES_AS_MANY = 3;
const P95_LIMIT_MS = 150;
const ALONE_LIMIT = 2;
const ALONE_EXTRA_MS = 3;

interface LoadedSide {
  readonly name: string;
  readonly target: LoadTarget;
  clientOf(userId: string): Promise<LoadClient>;
}

export const concurrency: Benchmark = {
  name: 'concurrency',
  run: ({ scale, smoke, say, signal }: BenchOptions): Promise<BenchReport> =>
    withLifecycle(say, async (lifecycle) => {
      const { servers, clickhouse, dataset } = await startFilledServers(lifecycle, { scale, smoke, say, signal });
      await fillConfiguration(servers, dataset, signal);
      const gateway = await startGateway(servers, lifecycle);

      const range = { from: dataset.range.to - DAY_MS, to: dataset.range.to };
      const users = await usersByAttempts(clickhouse, range);
      const tokens = new Map<string, string>();
      for (const userId of users) {
        tokens.set(userId, await signToken({ secret: gateway.jwtSecret, userId, now: Date.now(), ttlMs: DAY_MS }));
      }
      const tokenOf = (userId: string): string => tokens.get(userId) ?? '';
      say(`comparing the answers to ${MANY} users at once`);
      await requireOwnAnswers(
        chooseUsers(users, MANY).map((userId) => ({ userId, token: tokenOf(userId) })),
        { graphqlUrl: gateway.graphqlUrl, clickhouse, range },
      );

      const sides: LoadedSide[] = [
        {
          name: GATEWAY,
          target: { ...addressOf(gateway.graphqlUrl), errorMark: '"errors"' },
          clientOf: async (userId) => gatewayClient(gateway.graphqlUrl, tokenOf(userId)),
        },
        {
          name: CLICKHOUSE,
          target: { ...addressOf(servers.clickhouseUrl), errorMark: 'DB::Exception' },
          clientOf: (userId) => clickHouseClient(servers.clickhouseUrl, userId),
        },
      ];
      const comparisons: Comparison[] = [];
      for (const count of CLIENTS) {
        say(`measuring ${count} ${count === 1 ? 'client' : 'clients'}`);
        comparisons.push({
          title: titleOf(count),
          baseline: CLICKHOUSE,
          sides: await loadAlternately(sides, chooseUsers(users, count), { smoke, say, signal }),
        });
      }
      return {
        name: 'concurrency',
        title: 'Many users at once',
        scale,
        about: `\`dashboardStats\` of the last 24 hours, up to the millisecond of the request, with its hourly buckets, all counters, exact percentiles and distinct events, asked by clients that each are a user of their own and ask again as soon as they are answered; the heaviest user, with a third of all attempts, is among them from 10 clients on. The other side is the SQL that the gateway sends for one user, with the same parameters. ${ROUNDS} rounds of ${ROUND_S} s a side, alternately; out of ${dataset.events} events and ${dataset.attempts} attempts of ${dataset.users} users. Gateway, ClickHouse and clients share the machine.`,
        comparisons,
        claims: [aloneClaim(sidesOf(comparisons, 1)), manyClaim(sidesOf(comparisons, MANY))],
      };
    }),
};

const titleOf = (count: number): string => (count === 1 ? '1 client, the median user' : `${count} clients`);

const addressOf = (url: string): { host: string; port: number } => {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
};

async function loadAlternately(
  sides: readonly LoadedSide[],
  users: readonly string[],
  { smoke, say, signal }: Pick<BenchOptions, 'smoke' | 'say' | 'signal'>,
): Promise<Measurement[]> {
  const running = await Promise.all(
    sides.map(async (side) => ({
      ...side,
      clients: await Promise.all(users.map(side.clientOf)),
      rounds: [] as LoadRound[],
    })),
  );
  const [rounds, roundS, warmUpS] = smoke ? [1, SMOKE_S, 0] : [ROUNDS, ROUND_S, WARM_UP_S];
  for (const { target, clients } of running) await load(target, clients, warmUpS);
  for (let round = 0; round < rounds; round++) {
    for (const { name, target, clients, rounds } of round % 2 === 0 ? running : running.toReversed()) {
      signal.throwIfAborted();
      const done = await load(target, clients, roundS);
      rounds.push(done);
      const perSecond = (done.answered / done.seconds).toFixed(0);
      say(`${name}: ${perSecond} requests/s; the clients were busy ${(100 * done.busy).toFixed(0)} % of the time`);
    }
  }
  return running.map(({ name, rounds }) => ofRounds(name, rounds));
}

function ofRounds(name: string, rounds: readonly LoadRound[]): Measurement {
  const sum = (of: (round: LoadRound) => number): number => rounds.reduce((total, round) => total + of(round), 0);
  const latencies = rounds.flatMap((round) => round.latencies);
  const perSecond = sum(({ answered }) => answered) / sum(({ seconds }) => seconds);
  return { ...summary({ name }, latencies, null), load: { perSecond, errors: sum(({ errors }) => errors) } };
}

type Pair = readonly [gateway: Measurement | undefined, clickhouse: Measurement | undefined];

function sidesOf(comparisons: readonly Comparison[], clients: number): Pair {
  const sides = comparisons.find(({ title }) => title === titleOf(clients))?.sides ?? [];
  return [sides.find(({ name }) => name === GATEWAY), sides.find(({ name }) => name === CLICKHOUSE)];
}

function aloneClaim([gateway, clickhouse]: Pair): { text: string; holds: boolean } {
  const [own, straight] = [gateway?.p50Ms ?? Number.NaN, clickhouse?.p50Ms ?? Number.NaN];
  const limit = ALONE_LIMIT * straight + ALONE_EXTRA_MS;
  return {
    text: `1 client: the gateway's p50 of ${own.toFixed(1)} ms is within ${ALONE_LIMIT} times ClickHouse's ${straight.toFixed(1)} ms and ${ALONE_EXTRA_MS} ms`,
    holds: own <= limit,
  };
}

function manyClaim([gateway, clickhouse]: Pair): { text: string; holds: boolean } {
  const ratio = (gateway?.load?.perSecond ?? Number.NaN) / (clickhouse?.load?.perSecond ?? Number.NaN);
  const [p95, errors] = [gateway?.p95Ms ?? Number.NaN, gateway?.load?.errors ?? Number.NaN];
  return {
    text: `${MANY} clients: the gateway answers ${ratio.toFixed(2)} times ClickHouse's requests a second (at least ${TIMES_AS_MANY}), p95 ${p95.toFixed(0)} ms (under ${P95_LIMIT_MS}), ${errors} errors`,
    holds: ratio >= TIMES_AS_MANY && p95 < P95_LIMIT_MS && errors === 0,
  };
}

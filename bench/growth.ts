import { signToken } from '../src/cli/sign-token.js';
import type { Lifecycle } from '../src/platform/lifecycle.js';
import { DAY_MS } from '../src/records/time-range.js';
import type { Benchmark, BenchOptions, BenchReport, Comparison } from './benchmark.js';
import { usersByAttempts } from './concurrency-sides.js';
import { askGateway } from './dashboard-sides.js';
import { fillConfiguration } from './fill-postgres.js';
import { startFilledServers, withLifecycle } from './filled-servers.js';
import { measureAlternately } from './measure.js';
import { ATTEMPTS_PAGE, askPage, EVENTS_PAGE } from './page-sides.js';
import { startGateway } from './servers.js';

const TIMES = [1, 3, 10];
const TIMEOUT_MS = 30_000;
/** How much longer the median user may wait with ten times the rows. */
const MEDIAN_LIMIT = 1.3;
/** What the heaviest user's pages and dashboard may take at scale 1, milliseconds. */
const HEAVIEST_LIMIT_MS = 50;

const USERS = ['median', 'heaviest'] as const;
type UserKind = (typeof USERS)[number];

interface Question {
  readonly name: string;
  ask(stack: Stack, kind: UserKind): Promise<unknown>;
}

/** One size of the data set, with servers and a gateway of its own. */
interface Stack {
  readonly scale: number;
  readonly name: string;
  readonly range: { readonly from: number; readonly to: number };
  readonly graphqlUrl: string;
  readonly tokens: Readonly<Record<UserKind, string>>;
}

const QUESTIONS: readonly Question[] = [
  {
    name: 'dashboard',
    ask: ({ graphqlUrl, tokens, range }, kind) => askGateway(graphqlUrl, tokens[kind], range),
  },
  {
    name: 'page of attempts',
    ask: ({ graphqlUrl, tokens }, kind) => askPage(graphqlUrl, tokens[kind], ATTEMPTS_PAGE),
  },
  { name: 'page of events', ask: ({ graphqlUrl, tokens }, kind) => askPage(graphqlUrl, tokens[kind], EVENTS_PAGE) },
];

export const growth: Benchmark = {
  name: 'growth',
  run: ({ scale, smoke, say, signal }: BenchOptions): Promise<BenchReport> =>
    withLifecycle(say, async (lifecycle) => {
      const stacks: Stack[] = [];
      for (const times of TIMES) stacks.push(await startStack(times, scale * times, { lifecycle, smoke, say, signal }));
      const comparisons: Comparison[] = [];
      const claims: BenchReport['claims'][number][] = [];
      for (const question of QUESTIONS) {
        for (const kind of USERS) {
          const title = `The ${kind} user's ${question.name}`;
          say(`measuring ${title}`);
          const sides = await measureAlternately(
            stacks.map((stack) => ({ name: stack.name, run: () => question.ask(stack, kind) })),
            { warmUps: 10, rounds: 60, budgetMs: 20_000, timeoutMs: TIMEOUT_MS, smoke, signal },
          );
          comparisons.push({ title, baseline: stacks[0]?.name ?? '', sides });
          const p50s = sides.map(({ p50Ms }) => p50Ms);
          if (question.name === 'dashboard') claims.push(growthClaim(kind, p50s));
          const atScale1 = p50s[stacks.findIndex((stack) => Math.abs(stack.scale - 1) < 1e-9)];
          if (kind === 'heaviest' && atScale1 !== undefined) claims.push(limitClaim(title, atScale1));
        }
      }
      return {
        name: 'growth',
        title: 'Growth',
        scale,
        about: `The same questions to three stacks, with ${TIMES.join(', ')} times the rows of 30 days, of the same 500 users: \`dashboardStats\` over 24 full hours as in \`dashboard\`, and the first page of 50 of \`deliveryAttempts\` and of \`events\`, without a range. All over HTTP through the gateway, alternately.`,
        comparisons,
        claims,
      };
    }),
};

async function startStack(
  times: number,
  scale: number,
  { lifecycle, smoke, say, signal }: Pick<BenchOptions, 'smoke' | 'say' | 'signal'> & { readonly lifecycle: Lifecycle },
): Promise<Stack> {
  const sayHere = (line: string): void => say(`${times} times: ${line}`);
  const { servers, clickhouse, dataset } = await startFilledServers(lifecycle, { scale, smoke, say: sayHere, signal });
  await fillConfiguration(servers, dataset, signal);
  const { graphqlUrl, jwtSecret } = await startGateway(servers, lifecycle);
  const range = { from: dataset.range.to - DAY_MS, to: dataset.range.to };
  const users = await usersByAttempts(clickhouse, range);
  const [heaviest, median] = [users[0], users[Math.floor(users.length / 2)]];
  if (heaviest === undefined || median === undefined) throw new Error('the data set has no attempts in the range');
  const tokenOf = (userId: string) => signToken({ secret: jwtSecret, userId, now: Date.now(), ttlMs: DAY_MS });
  return {
    scale,
    name: `${times} × rows: ${dataset.attempts} attempts`,
    range,
    graphqlUrl,
    tokens: { heaviest: await tokenOf(heaviest), median: await tokenOf(median) },
  };
}

function growthClaim(kind: UserKind, p50s: readonly number[]) {
  const ratio = (p50s.at(-1) ?? Number.NaN) / (p50s[0] ?? Number.NaN);
  const limit = kind === 'median' ? MEDIAN_LIMIT : (TIMES.at(-1) ?? Number.NaN);
  return {
    text: `The ${kind} user's dashboard takes ${ratio.toFixed(2)} times as long with ${TIMES.at(-1)} times the rows (${kind === 'median' ? 'at most' : 'less than'} ${limit})`,
    holds: kind === 'median' ? ratio <= limit : ratio < limit,
  };
}

const limitClaim = (title: string, p50Ms: number) => ({
  text: `${title} at scale 1 has a p50 of ${p50Ms.toFixed(1)} ms (under ${HEAVIEST_LIMIT_MS})`,
  holds: p50Ms < HEAVIEST_LIMIT_MS,
});

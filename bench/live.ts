import { setTimeout as delay } from 'node:timers/promises';
import { startOfHour } from '../src/records/time-range.js';
import { RedisDatabase } from '../src/stores/redis/database.js';
import type { Benchmark, BenchOptions, BenchReport } from './benchmark.js';
import { fillConfiguration } from './fill-postgres.js';
import { startFilledServers, withLifecycle } from './filled-servers.js';
import { type LiveClients, startLiveClients } from './live-clients.js';
import { latencies, monotonicMs } from './live-latencies.js';
import { type LiveUser, liveUsers, sendTraffic, type Traffic, trafficText } from './live-traffic.js';
import { type Measurement, summary } from './measure.js';
import { watchResidentMemory } from './resident-memory.js';
import { type BenchGateway, startGateway, startWorker } from './servers.js';

/** Subscribers, and the p95 that is promised, milliseconds. */
const SIDES = [
  { subscribers: 1, limitMs: 300 },
  { subscribers: 1_000, limitMs: 300 },
  { subscribers: 5_000, limitMs: 1_000 },
];
/** To each. */
const TRAFFIC: Traffic = { seconds: 25, everyUserSeconds: 1 };
const SMOKE_TRAFFIC: Traffic = { ...TRAFFIC, seconds: 1 };
const MEMORY_LIMIT_MIB = 600;
/** The last messages may take so long, milliseconds. */
const SETTLE_WITHIN_MS = 15_000;

interface LiveSide {
  readonly measurement: Measurement;
  readonly limitMs: number;
  /** The most the gateway held. */
  readonly memoryMiB: number;
}

export const live: Benchmark = {
  name: 'live',
  run: ({ scale, smoke, say, signal }: BenchOptions): Promise<BenchReport> =>
    withLifecycle(say, async (lifecycle) => {
      const { servers, dataset } = await startFilledServers(lifecycle, { scale, smoke, say, signal });
      await fillConfiguration(servers, dataset, signal);
      await startWorker(servers, lifecycle);
      const gateway = await startGateway(servers, lifecycle);
      const redis = new RedisDatabase(servers.redisUrl, { applicationName: 'bench' });
      lifecycle.push('redis', () => redis.close());
      const users = await liveUsers(servers, gateway.jwtSecret);

      const sides: LiveSide[] = [];
      // One hour for all of the run, so that the counters go on where the clock passes into the next.
      const hour = startOfHour(Date.now());
      for (const { subscribers, limitMs } of smoke ? SIDES.slice(0, 1) : SIDES) {
        const watchers = watchersOf(users, subscribers);
        const memory = watchResidentMemory(gateway.pid);
        try {
          const samples = await measure({
            gateway,
            redis,
            users,
            watchers,
            hour,
            traffic: smoke ? SMOKE_TRAFFIC : TRAFFIC,
            say,
            signal,
          });
          const name = `${subscribers.toLocaleString('en')} subscriber${subscribers === 1 ? '' : 's'}`;
          sides.push({ measurement: summary({ name }, samples, null), limitMs, memoryMiB: memory.stop() });
        } finally {
          memory.stop();
        }
      }
      return reportOf(scale, dataset.users, sides);
    }),
};

/** One user a subscriber, all users having about as many. */
const watchersOf = (users: readonly LiveUser[], subscribers: number): LiveUser[] =>
  Array.from({ length: Math.ceil(subscribers / users.length) }, () => users)
    .flat()
    .slice(0, subscribers);

interface Round {
  readonly gateway: BenchGateway;
  readonly redis: RedisDatabase;
  readonly users: readonly LiveUser[];
  readonly watchers: readonly LiveUser[];
  readonly hour: number;
  /** Of traffic. */
  readonly traffic: Traffic;
  readonly say: BenchOptions['say'];
  readonly signal: AbortSignal;
}

/** How long each attempt took to reach each subscriber of its user. */
async function measure({ gateway, redis, users, watchers, hour, traffic, say, signal }: Round): Promise<number[]> {
  const begun = monotonicMs();
  const clients = await startLiveClients({
    socketUrl: gateway.graphqlUrl.replace('http', 'ws'),
    tokens: watchers.map(({ token }) => token),
    hour: new Date(hour).toISOString(),
  });
  try {
    say(`${watchers.length} subscribed after ${((monotonicMs() - begun) / 1000).toFixed(1)} s`);
    for (const user of users) user.sent = [];
    await sendTraffic(redis, users, { hour, ...traffic }, signal);
    return await settled(clients, watchers, signal);
  } finally {
    await clients.stop();
  }
}

/** Fails where a subscriber has not been told of everything in the end. */
async function settled(clients: LiveClients, watchers: readonly LiveUser[], signal: AbortSignal): Promise<number[]> {
  const due = watchers.reduce((sum, { sent }) => sum + sent.length, 0);
  const deadline = monotonicMs() + SETTLE_WITHIN_MS;
  for (;;) {
    await delay(500, undefined, { signal });
    const told = await clients.told();
    const samples = watchers.flatMap(({ sent }, place) => latencies(sent, told[place] ?? []));
    if (samples.length === due) return samples;
    if (monotonicMs() > deadline) throw new Error(`${due - samples.length} of ${due} attempts reached no subscriber`);
  }
}

function reportOf(scale: number, users: number, sides: readonly LiveSide[]): BenchReport {
  const memoryMiB = Math.max(...sides.map(({ memoryMiB }) => memoryMiB));
  return {
    name: 'live',
    title: 'Live numbers',
    scale,
    about: `From XADD, just before it is sent, to the message on the subscriber's socket, for every attempt and every subscriber of its user: worker, gateway and subscribers as processes on one machine, ${users} users with about as many subscribers each. The traffic: ${trafficText(TRAFFIC)}. The gateway held ${sides.map(({ measurement, memoryMiB }) => `${memoryMiB} MiB with ${measurement.name}`).join(', ')}.`,
    comparisons: [
      {
        title: 'From XADD to the socket message',
        baseline: '1 subscriber',
        sides: sides.map(({ measurement }) => measurement),
      },
    ],
    claims: [
      ...sides.map(({ measurement: { name, p95Ms }, limitMs }) => ({
        text: `${name}: p95 is ${p95Ms.toFixed(0)} ms (under ${limitMs})`,
        holds: p95Ms < limitMs,
      })),
      {
        text: `the gateway held ${memoryMiB} MiB at most (under ${MEMORY_LIMIT_MIB})`,
        holds: memoryMiB < MEMORY_LIMIT_MIB,
      },
    ],
  };
}

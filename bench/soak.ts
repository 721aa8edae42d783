import { setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Lifecycle } from '../src/platform/lifecycle.js';
import { startOfHour } from '../src/records/time-range.js';
import { ClickHouseDatabase } from '../src/stores/clickhouse/database.js';
import { RedisDatabase } from '../src/stores/redis/database.js';
import type { BenchOptions, BenchReport } from './benchmark.js';
import { datasetOf, fillClickHouse } from './dataset.js';
import { fillConfiguration } from './fill-postgres.js';
import { type LiveUser, liveUsers, sendTraffic, type Traffic, trafficText } from './live-traffic.js';
import { summary } from './measure.js';
import { figuresOf, type ProcessFigures, watchProcess } from './process-watch.js';
import { startGateway, startServers, startWorker } from './servers.js';
import { type Asked, askSomething } from './soak-questions.js';
import { comeAndGo, type Subscribed } from './soak-subscribers.js';
import { halvesOf, isSteady } from './steadiness.js';

interface SoakOptions extends BenchOptions {
  /** At half load. */
  readonly minutes: number;
}

const SUBSCRIBERS = 200;
/** As many ask at once to find out what full load is, with subscribers and ingest beside them. */
const CLIENTS = 20;
const WARM_UP_S = 10;
const FULL_LOAD_S = 20;
/** Again and again. Few attempts beside the data set: what a question costs is to stay the same. */
const TRAFFIC: Traffic = { seconds: 60, everyUserSeconds: 30 };
/** Questions under way at most, so that a gateway that falls behind is not buried. */
const MAX_UNDER_WAY = 200;
/** How many times as much the gateway may hold in the second half of the run, the warm-up left out. */
const GROWTH_LIMIT = 1.1;
/** What the gateway may take to let go of what its clients have left, milliseconds. */
const SETTLE_WITHIN_MS = 60_000;

/** Half load for a long time: dashboards, pages, refused documents, clients that leave, subscribers that come and go, and ingest. */
export async function soak({ scale, minutes, say, signal }: SoakOptions): Promise<BenchReport> {
  const lifecycle = new Lifecycle((name, error) => say(`could not stop ${name}: ${String(error)}`));
  try {
    say('starting servers');
    const servers = await startServers(lifecycle, say);
    const dataset = datasetOf(scale, Date.now());
    const clickhouse = new ClickHouseDatabase(servers.clickhouseUrl, { applicationName: 'bench', timeoutMs: 600_000 });
    lifecycle.push('clickhouse client', () => clickhouse.close());
    say(`filling ClickHouse with ${dataset.events} events and ${dataset.attempts} attempts`);
    await fillClickHouse(clickhouse, dataset, signal);
    await fillConfiguration(servers, dataset, signal);
    await startWorker(servers, lifecycle);
    const gateway = await startGateway(servers, lifecycle);
    const redis = new RedisDatabase(servers.redisUrl, { applicationName: 'bench' });
    lifecycle.push('redis', () => redis.close());
    const users = await liveUsers(servers, gateway.jwtSecret);
    const ask = (asked: Asked): Promise<void> => askSomething(gateway.graphqlUrl, users, asked);

    await fullLoadOf(ask, WARM_UP_S, signal);
    await settled(gateway.pid, 0);
    const before = figuresOf(gateway.pid);
    const ending = new AbortController();
    const end = (): void => ending.abort();
    signal.addEventListener('abort', end, { once: true });
    lifecycle.push('traffic', end);
    const over = ending.signal;
    setMaxListeners(0, over);
    const [asked, subscribed]: [Asked, Subscribed] = [nothingAsked(), { begun: 0, messages: 0, wrong: [] }];
    const beside = Promise.all([
      ingest(redis, users, over),
      ...Array.from({ length: SUBSCRIBERS }, () => comeAndGo(gateway.graphqlUrl, users, subscribed, over)),
    ]);
    // Awaited once the questions are over.
    beside.catch(end);
    const fullLoad = await fullLoadOf(ask, FULL_LOAD_S, signal);
    say(`full load is ${fullLoad.toFixed(0)} questions/s; soaking at half of it for ${minutes} minutes`);
    const timer = setTimeout(end, minutes * 60_000);
    lifecycle.push('timer', () => clearTimeout(timer));
    const watch = watchProcess(gateway.pid);
    await askAtRate(() => ask(asked), fullLoad / 2, over);
    await beside;
    signal.throwIfAborted();
    const seen = watch.stop();
    await settled(gateway.pid, before.sockets);
    const log = readFileSync(join(servers.folder, 'gateway.log'), 'utf8');
    return reportOf({ scale, minutes, asked, subscribed, seen, before, after: figuresOf(gateway.pid), log });
  } finally {
    await lifecycle.close();
  }
}

const nothingAsked = (): Asked => ({ latencies: [], refused: 0, left: 0, wrong: [] });
const countOf = ({ latencies, refused, left }: Asked): number => latencies.length + refused + left;

/** Questions a second that clients get answered who ask again as soon as they are. */
async function fullLoadOf(ask: (asked: Asked) => Promise<void>, seconds: number, signal: AbortSignal): Promise<number> {
  const asked = nothingAsked();
  const endsAt = performance.now() + seconds * 1_000;
  const askOn = async (): Promise<void> => {
    while (performance.now() < endsAt) {
      signal.throwIfAborted();
      await ask(asked);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, askOn));
  return countOf(asked) / seconds;
}

async function askAtRate(ask: () => Promise<void>, perSecond: number, over: AbortSignal): Promise<void> {
  const underWay = new Set<Promise<void>>();
  const begun = performance.now();
  for (let question = 0; !over.aborted; question++) {
    const wait = begun + (question * 1_000) / perSecond - performance.now();
    if (wait > 0) await delay(wait);
    while (underWay.size >= MAX_UNDER_WAY) await Promise.race(underWay);
    const answer = ask().finally(() => underWay.delete(answer));
    underWay.add(answer);
  }
  await Promise.all(underWay);
}

async function ingest(redis: RedisDatabase, users: readonly LiveUser[], over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    for (const user of users) user.sent = [];
    await sendTraffic(redis, users, { hour: startOfHour(Date.now()), ...TRAFFIC }, over).catch((error: unknown) => {
      if (!over.aborted) throw error;
    });
  }
}

/** Resolves once a process has no more than so many sockets, or no fewer any more. */
async function settled(pid: number, sockets: number): Promise<void> {
  const deadline = performance.now() + SETTLE_WITHIN_MS;
  let last = Number.POSITIVE_INFINITY;
  for (let now = figuresOf(pid).sockets; now > sockets && performance.now() < deadline; ) {
    if (sockets === 0 && now >= last) return;
    last = now;
    await delay(15_000);
    now = figuresOf(pid).sockets;
  }
}

interface Outcome {
  readonly scale: number;
  readonly minutes: number;
  readonly asked: Asked;
  readonly subscribed: Subscribed;
  readonly seen: readonly ProcessFigures[];
  readonly before: ProcessFigures;
  readonly after: ProcessFigures;
  /** The gateway's. */
  readonly log: string;
}

function reportOf({ scale, minutes, asked, subscribed, seen, before, after, log }: Outcome): BenchReport {
  const memory = halvesOf(seen.map(({ memoryMiB }) => memoryMiB));
  const sockets = halvesOf(seen.map(({ sockets }) => sockets));
  const wrong = [...asked.wrong, ...subscribed.wrong];
  const half = Math.floor(asked.latencies.length / 2);
  return {
    name: 'soak',
    title: 'A long time at half load',
    scale,
    about: `${minutes} minutes at half of the questions a second that ${CLIENTS} clients got answered with all else going on: dashboards, breakdowns, pages, documents that come once, documents that are refused, and clients that leave before they are answered; ${SUBSCRIBERS} subscribers over sockets and streams of events who come and go; ${trafficText(TRAFFIC)}.`,
    comparisons: [
      {
        title: `${countOf(asked)} questions, of which ${asked.refused} refused and ${asked.left} left; ${subscribed.begun} subscribers were sent ${subscribed.messages} messages`,
        baseline: 'first half',
        sides: [
          summary({ name: 'first half' }, asked.latencies.slice(0, half), null),
          summary({ name: 'second half' }, asked.latencies.slice(half), null),
        ],
      },
    ],
    claims: [
      { text: `every answer was the one due${wrong.map((each) => `\n  ${each}`).join('')}`, holds: wrong.length === 0 },
      {
        text: `after its warm-up the gateway held ${memory.first} MiB in the first half and ${memory.second} in the second (at most ${GROWTH_LIMIT} times as much)`,
        holds: isSteady(memory, GROWTH_LIMIT),
      },
      {
        text: `and ${sockets.first} sockets in the first half and ${sockets.second} in the second (at most ${GROWTH_LIMIT} times as many)`,
        holds: isSteady(sockets, GROWTH_LIMIT),
      },
      {
        text: `once all clients had left it had ${after.sockets} sockets, and ${before.sockets} before they came`,
        holds: after.sockets <= before.sockets,
      },
      {
        text: 'Node warned of no leaking listeners',
        holds: !log.includes('MaxListenersExceededWarning'),
      },
    ],
  };
}

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Upstream } from '../../src/platform/errors.js';
import { checkRules, expectAlerts, type Look, type SeenFault } from '../support/alert-rules.js';
import { ALICE } from '../support/analytics-dataset.js';
import type { FaultProcess } from '../support/fault-process.js';
import { UPSTREAMS } from '../support/fault-servers.js';
import { FaultStack } from '../support/fault-stack.js';
import { anyAttempt } from '../support/fault-traffic.js';
import { SECRET, startTestGateway } from '../support/gateway.js';
import { type Series, sampleOf, scrape } from '../support/scrape.js';
import { slowInserts } from '../support/slow-inserts.js';
import { until } from '../support/until.js';
import { FORM, longTest } from './form.js';

const GATEWAY = 'ethhook-gateway';
const WORKER = 'ethhook-worker';
const WITHIN_SECONDS = 150;
/** As in the rules. */
const SLOW_SECONDS = 0.25;

const alert = (name: string, upstream?: string): string =>
  `{alertname="Ethhook${name}"${upstream === undefined ? '' : `, upstream="${upstream}"`}}`;

interface Fault {
  /** Which one it is about, if it is about one. */
  readonly upstream?: Upstream;
  readonly begin: () => unknown;
  /** Whether the metrics tell of it, compared with an earlier look. */
  readonly shows: (now: Look, before: Look) => boolean;
  readonly end?: () => unknown;
}

describe('of the alert rules, a fault that lasts raises the one that names it alone:', () => {
  let stack: FaultStack;
  let gateway: Awaited<ReturnType<typeof startTestGateway>>;
  let worker: FaultProcess;

  beforeAll(async () => {
    checkRules();
    stack = await FaultStack.start(FORM);
  }, 480_000);

  afterAll(() => stack.stop(), 120_000);

  beforeEach(async () => {
    worker = await stack.startWorker();
    gateway = await startTestGateway({
      POSTGRES_URL: stack.servers.proxiedUrl('postgres'),
      CLICKHOUSE_URL: stack.servers.proxiedUrl('clickhouse'),
      REDIS_URL: stack.servers.proxiedUrl('redis'),
      JWT_SECRET: SECRET,
      HOST: '127.0.0.1',
      PORT: '0',
    });
  }, 480_000);

  afterEach(async () => {
    await gateway.close();
    await stack.reset();
  }, 120_000);

  async function look(): Promise<Look> {
    const asked = [
      [GATEWAY, gateway.url],
      [WORKER, worker.url],
    ].map(async ([job = '', url = '']) => [job, await scrape(url).catch(() => null)] as const);
    return new Map(await Promise.all(asked));
  }

  /** Under traffic: what is scraped before a fault and, once it shows, twice while it lasts. */
  async function see({ upstream, begin, shows, end }: Fault): Promise<SeenFault> {
    return stack.under(FORM.rate, async () => {
      const isBegun = (now: Look): boolean => (ofWorker(now, 'ethhook_ingest_batches_total') ?? 0) > 0;
      const before = await lookUntil((now) => isBegun(now) && isCalm(now));
      try {
        await begin();
        const first = await lookUntil((now) => shows(now, before) && isCalm(now, upstream));
        return { before, during: [first, await lookUntil((now) => shows(now, first) && isCalm(now, upstream))] };
      } finally {
        await end?.();
      }
    });
  }

  async function lookUntil(shows: (now: Look) => boolean): Promise<Look> {
    let now: Look = new Map();
    await until(
      'it shows in the metrics',
      async () => {
        now = await look();
        return shows(now);
      },
      WITHIN_SECONDS,
    );
    return now;
  }

  const seriesOf = (now: Look, job: string): readonly Series[] => now.get(job) ?? [];
  const ofWorker = (now: Look, name: string, labels: Series['labels'] = {}): number | null =>
    sampleOf(seriesOf(now, WORKER), name, labels);
  /** Whether nothing but the fault is slow: a loaded machine is, now and then. */
  const isCalm = (now: Look, faulty?: Upstream): boolean =>
    [...now.values()].every(
      (series) =>
        series === null ||
        UPSTREAMS.every(
          (upstream) =>
            upstream === faulty ||
            (sampleOf(series, 'ethhook_upstream_ping_seconds', { upstream }) ?? Infinity) < SLOW_SECONDS,
        ),
    );
  const isUp = (now: Look, upstream: string): boolean =>
    [GATEWAY, WORKER].every((job) => sampleOf(seriesOf(now, job), 'ethhook_upstream_up', { upstream }) === 1);
  const grows = (now: Look, before: Look, name: string, labels: Series['labels'] = {}): boolean =>
    (ofWorker(now, name, labels) ?? 0) > (ofWorker(before, name, labels) ?? 0);
  const fails = (now: Look, before: Look, query: string, kind: string): boolean =>
    grows(now, before, 'ethhook_upstream_query_errors_total', { query, kind });

  for (const upstream of UPSTREAMS) {
    for (const kind of ['refuse', 'black hole'] as const) {
      test(`${upstream} is away (${kind})`, async () => {
        const proxy = stack.servers.proxy(upstream);
        const begin = () => {
          proxy.set({ kind });
          proxy.resetAll();
        };
        const end = () => proxy.set({ kind: 'none' });
        const isAway = (now: Look): boolean =>
          [GATEWAY, WORKER].every((job) => sampleOf(seriesOf(now, job), 'ethhook_upstream_up', { upstream }) === 0);
        expectAlerts(await see({ upstream, begin, shows: isAway, end }), [alert('UpstreamAway', upstream)]);
      }, 480_000);
    }
  }

  describe.each(UPSTREAMS)('%s', (upstream) => {
    const end = () => stack.servers.proxy(upstream).set({ kind: 'none' });
    const testFirstOf = (first: Upstream) => (upstream === first ? test : longTest);

    testFirstOf('clickhouse')(
      'resets connections in the middle of what is sent',
      async () => {
        const begin = () => stack.servers.proxy(upstream).set({ kind: 'reset', afterBytes: 20_000 });
        const shows = (now: Look, before: Look): boolean =>
          isUp(now, upstream) &&
          grows(now, before, 'ethhook_upstream_query_errors_total', { upstream, kind: 'unavailable' });
        expectAlerts(await see({ upstream, begin, shows, end }), [alert('UpstreamFailing', upstream)]);
      },
      480_000,
    );

    testFirstOf('postgres')(
      'answers with a delay',
      async () => {
        const begin = () => stack.servers.proxy(upstream).set({ kind: 'delay', ms: 200 });
        const isSlow = (now: Look): boolean =>
          (ofWorker(now, 'ethhook_upstream_ping_seconds', { upstream }) ?? 0) > SLOW_SECONDS;
        expectAlerts(await see({ upstream, begin, shows: isSlow, end }), [alert('UpstreamSlow', upstream)]);
      },
      480_000,
    );
  });

  longTest(
    'inserts take ClickHouse longer than they may',
    async () => {
      let speedUp: () => Promise<void> = () => Promise.resolve();
      const begin = async () => {
        // With 500 rows in a batch, 10 s more than the first try is waited for.
        speedUp = await slowInserts(stack.clickhouse, 0.06);
      };
      const shows = (now: Look, before: Look): boolean => fails(now, before, 'insert_delivery_attempts', 'timeout');
      expectAlerts(await see({ begin, shows, end: () => speedUp() }), [alert('UpstreamFailing', 'clickhouse')]);
      // What the audit mends of what was given up halfway is not to be seen by the next test.
      await stack.expectExact();
    },
    480_000,
  );

  longTest(
    'statements take Postgres longer than they may',
    async () => {
      let release: () => void = () => undefined;
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      const begin = () =>
        void stack.postgres.transaction('test', async (connection) => {
          await connection.query({ name: 'test', text: 'LOCK TABLE delivery_attempts' });
          await released;
        });
      const shows = (now: Look, before: Look): boolean => fails(now, before, 'upsert_attempts', 'timeout');
      expectAlerts(await see({ begin, shows, end: release }), [alert('UpstreamFailing', 'postgres')]);
    },
    240_000,
  );

  test('Redis is full', async () => {
    const begin = () => stack.redis.command('CONFIG', 'SET', 'maxmemory', '1mb');
    const isFull = (now: Look): boolean => (ofWorker(now, 'ethhook_redis_memory_used_ratio') ?? 0) > 0.9;
    const end = () => stack.redis.command('CONFIG', 'SET', 'maxmemory', '0');
    expectAlerts(await see({ begin, shows: isFull, end }), [alert('RedisFull')]);
  }, 480_000);

  test('a view throws', async () => {
    const run = (query: string) => stack.clickhouse.command({ name: 'test', query });
    await run('CREATE TABLE of_views (id UUID) ENGINE = MergeTree ORDER BY id');
    const begin = () =>
      run(`CREATE MATERIALIZED VIEW throwing TO of_views AS SELECT id FROM delivery_attempts
        WHERE throwIf(error_message IS NULL OR error_message != '', 'this view throws') = 0`);
    const isHeld = (now: Look): boolean => (ofWorker(now, 'ethhook_ingest_held_batches') ?? 0) > 0;
    const end = async () => {
      await run('DROP VIEW throwing');
      await run('DROP TABLE of_views');
    };
    expectAlerts(await see({ begin, shows: isHeld, end }), [alert('BatchHeld')]);
  }, 480_000);

  test('a producer breaks the rules', async () => {
    const send = () => stack.traffic.poison(['{"no": "attempt"}']);
    const shows = (now: Look, before: Look): boolean => {
      void send();
      return grows(now, before, 'ethhook_ingest_dead_letters_total');
    };
    expectAlerts(await see({ begin: send, shows }), [alert('DeadLetters')]);
  }, 480_000);

  test('ids are used again by other users', async () => {
    const attempt = anyAttempt();
    await stack.traffic.attempts([attempt]);
    const send = () => stack.traffic.attemptsOfUsedIds([anyAttempt({ id: attempt.id })]);
    const shows = (now: Look, before: Look): boolean => {
      void send();
      return grows(now, before, 'ethhook_ingest_dead_letters_total', { group: 'postgres' });
    };
    expectAlerts(await see({ begin: send, shows }), [alert('DeadLetters')]);
  }, 480_000);

  longTest(
    'records come again and again',
    async () => {
      const attempt = anyAttempt({ status: 'success' });
      const send = () => stack.traffic.attempts([attempt]);
      const shows = (now: Look, before: Look): boolean => {
        void send();
        return grows(now, before, 'ethhook_rollup_audit_days_total', { outcome: 'mended' });
      };
      expectAlerts(await see({ begin: send, shows }), [alert('RollupsMended')]);
    },
    240_000,
  );

  test('a worker is suspended', async () => {
    const begin = () => worker.signal('SIGSTOP');
    expectAlerts(await see({ begin, shows: (now) => now.get(WORKER) === null }), [alert('ProcessDown')]);
  }, 480_000);

  test.each([
    ['fails', 'applications', 'ethhook_graphql_operation_errors_total'],
    ['is refused', 'users', 'ethhook_graphql_refused_operations_total'],
  ])(
    'a single operation %s for a reason of ours',
    async (_how, table, counter) => {
      const run = (text: string) => stack.postgres.query({ name: 'test', text });
      await run(`INSERT INTO users (id, email) VALUES ('${ALICE}', 'alice@example.com') ON CONFLICT DO NOTHING`);
      const begin = async () => {
        await run(`ALTER TABLE ${table} RENAME TO mislaid`);
        await gateway.ask(ALICE, '{ me { applications { nodes { id } } } }');
        await run(`ALTER TABLE mislaid RENAME TO ${table}`);
      };
      // The worker missed the table as well: a batch that it held for that is to be tried again first.
      const isHeld = (now: Look): boolean =>
        seriesOf(now, WORKER).some(({ name, value }) => name === 'ethhook_ingest_held_batches' && value > 0);
      const shows = (now: Look): boolean =>
        (sampleOf(seriesOf(now, GATEWAY), counter, { code: 'INTERNAL_SERVER_ERROR' }) ?? 0) > 0 && !isHeld(now);
      expectAlerts(await see({ begin, shows }), [alert('GatewayErrors')]);
    },
    480_000,
  );

  test('more comes in than a worker writes', async () => {
    const { before, during } = await see({ begin: () => undefined, shows: () => true });
    /** As they would be if the worker were slower: no burst of a test is more than it takes. */
    const behind = (now: Look, entries: number): Look =>
      new Map(
        [...now].map(([job, series]) => [
          job,
          series?.map((each) => (each.name === 'ethhook_ingest_lag_entries' ? { ...each, value: entries } : each)) ??
            null,
        ]),
      );
    expectAlerts({ before, during: [behind(during[0], 20_000), behind(during[1], 40_000)] }, [alert('IngestBehind')]);
    expect(sampleOf(seriesOf(before, WORKER), 'ethhook_ingest_lag_entries')).not.toBeNull();
  }, 480_000);
});

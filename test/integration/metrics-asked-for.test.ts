import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { freePort } from '../../src/embedded/free-port.js';
import { checkConfig, checkExpressions, checkRules, rulesText } from '../support/alert-rules.js';
import { ADMIN, SECRET, startTestGateway } from '../support/gateway.js';
import { attemptOf, freshIngestStack, type IngestStack, toJson } from '../support/ingest.js';
import { type Series, sampleOf, scrape } from '../support/scrape.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

const DASHBOARD = 'deploy/grafana/dashboard.json';
const NUMBERS = '{ me { stats(range: { from: "2026-01-01T00:00:00Z" }) { attempts } } }';
/** What Prometheus itself adds to what it scrapes, or makes of it. */
const ITS_OWN = ['job', 'instance', 'le'];

const rules = z.object({ groups: z.array(z.object({ rules: z.array(z.object({ expr: z.string() })) })) });
const dashboard = z.object({
  panels: z.array(z.object({ targets: z.array(z.object({ expr: z.string() })).default([]) })),
});

const inRules = (): string[] =>
  rules.parse(parse(rulesText())).groups.flatMap((group) => group.rules.map(({ expr }) => expr));
const inDashboard = (): string[] =>
  dashboard
    .parse(JSON.parse(readFileSync(DASHBOARD, 'utf8')))
    .panels.flatMap(({ targets }) => targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '5m')));

interface Asked {
  readonly name: string;
  readonly labels: readonly string[];
}

/** The metrics that an expression names, each with the labels that it is asked by. */
function askedBy(expression: string): Asked[] {
  const grouped = [...expression.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(', '));
  return [...expression.matchAll(/\b((?:ethhook|nodejs|process)_\w+)(?:\{([^}]*)\})?/g)].map(
    ([, name = '', matchers = '']) => {
      const matched = [...matchers.matchAll(/(\w+)[=!]/g)].map(([, label = '']) => label);
      const labels = [...grouped, ...matched].filter((label) => label !== '' && !ITS_OWN.includes(label));
      return { name, labels };
    },
  );
}

describe('the alert rules and the dashboard', () => {
  let stack: IngestStack;
  let gateway: Awaited<ReturnType<typeof startTestGateway>>;
  let clickhouse: TcpProxy;
  let told: readonly Series[];

  beforeAll(async () => {
    stack = await freshIngestStack();
    // So that there is something to say of how full it is.
    await stack.redis.command('CONFIG', 'SET', 'maxmemory', '64gb');
    await stack.postgres.query({
      name: 'test',
      text: `INSERT INTO users (id, email) VALUES ('${ADMIN}', 'a@example.com')`,
    });
    const port = await freePort();
    const workerUrl = `http://127.0.0.1:${port}`;
    stack.startWorker({ WORKER_PORT: String(port) });
    clickhouse = await TcpProxy.to(stack.environment.CLICKHOUSE_URL);
    const CLICKHOUSE_URL = clickhouse.through(stack.environment.CLICKHOUSE_URL);
    gateway = await startTestGateway({ ...stack.environment, CLICKHOUSE_URL, JWT_SECRET: SECRET, PORT: '0' });

    await stack.addRecords('delivery_attempts', [toJson(attemptOf())]);
    await stack.drained();
    await gateway.ask(ADMIN, NUMBERS);
    await gateway.ask({}, NUMBERS);
    clickhouse.set({ kind: 'refuse' });
    clickhouse.resetAll();
    await gateway.ask(ADMIN, NUMBERS);
    const scraped = async (): Promise<boolean> => {
      told = [...(await scrape(gateway.url)), ...(await scrape(workerUrl).catch(() => []))];
      const committed = sampleOf(told, 'ethhook_ingest_last_committed_timestamp_seconds') !== null;
      return committed && (sampleOf(told, 'ethhook_graphql_operation_errors_total') ?? 0) > 0;
    };
    await until('both processes tell all they have to', scraped);
  });

  afterAll(async () => {
    await gateway?.close();
    await clickhouse?.close();
    await stack?.redis.command('CONFIG', 'SET', 'maxmemory', '0');
    await stack?.close();
  });

  test('are what Prometheus takes', () => {
    checkRules();
    checkConfig('deploy/prometheus/prometheus.yml');
    checkExpressions(inDashboard());
  });

  test.each([
    ['the alert rules', inRules],
    ['the dashboard', inDashboard],
  ] as const)('%s ask for nothing but what the processes tell, by labels that it has', (_what, expressions) => {
    const asked = expressions().flatMap(askedBy);
    expect(asked.length).toBeGreaterThan(10);
    const isTold = ({ name, labels }: Asked): boolean =>
      told.some((series) => series.name === name && labels.every((label) => label in series.labels));
    expect(asked.filter((each) => !isTold(each))).toEqual([]);
  });

  test('leave nothing out that the processes tell of themselves', () => {
    const shown = new Set(
      inDashboard()
        .flatMap(askedBy)
        .map(({ name }) => name.replace(/_(bucket|count|sum)$/, '')),
    );
    const names = told.map(({ name }) => name.replace(/_(bucket|count|sum)$/, ''));
    expect([...new Set(names)].filter((name) => name.startsWith('ethhook_') && !shown.has(name))).toEqual([]);
  });
});

import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { freePort } from '../../src/embedded/free-port.js';
import { ALICE, ATTEMPTS, BOB } from '../support/analytics-dataset.js';
import { insertAttemptsIntoClickHouse } from '../support/analytics-stores.js';
import { range } from '../support/filled-gateway.js';
import { freshStores, tokenOf } from '../support/gateway.js';
import { attemptOf, freshIngestStack, toJson } from '../support/ingest.js';
import { pathsBelow, type ReceivedSpan, startTraceReceiver } from '../support/trace-receiver.js';
import { until } from '../support/until.js';
import { type RunningCommand, startCommand } from '../support/up-process.js';

const NUMBERS = 'query Numbers($range: TimeRange) { me { name stats(range: $range) { attempts } } }';

const callersTrace = () => {
  const traceId = randomBytes(16).toString('hex');
  return { traceId, traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01` };
};

/** Runs a command until it is ready and has done something, and then to its end, by which all its spans are sent. */
async function whileRunning(
  command: 'gateway' | 'worker',
  environment: Readonly<Record<string, string>>,
  act: (url: string) => Promise<void>,
): Promise<void> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const setting = command === 'gateway' ? 'PORT' : 'WORKER_PORT';
  const running: RunningCommand = startCommand([command], { ...environment, [setting]: `${port}`, LOG_LEVEL: 'warn' });
  const isReady = (): Promise<boolean> =>
    fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  try {
    await until(`the ${command} is ready`, isReady, 60);
    await act(url);
  } finally {
    expect(await running.stop()).toEqual({ code: 0, output: '' });
  }
}

describe('traces of the gateway', () => {
  let stores: Awaited<ReturnType<typeof freshStores>>;
  let receiver: Awaited<ReturnType<typeof startTraceReceiver>>;

  beforeAll(async () => {
    stores = await freshStores();
    receiver = await startTraceReceiver();
    await insertAttemptsIntoClickHouse(stores.clickhouse, ATTEMPTS, 'first');
  });

  afterAll(async () => {
    await receiver?.close();
    await stores?.close();
  });

  async function ask(url: string, user: string, headers = {}): Promise<void> {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${await tokenOf(user)}`, ...headers },
      body: JSON.stringify({ query: NUMBERS, variables: { range } }),
    });
    expect(await response.json()).not.toHaveProperty('errors');
  }

  test('a request goes on with the trace of its caller, down to the queries, which the log of ClickHouse names by it', async () => {
    const { traceId, traceparent } = callersTrace();
    const environment = { ...stores.environment, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
    await whileRunning('gateway', environment, (url) => ask(url, ALICE, { traceparent }));

    const spans = receiver.spans.filter((span) => span.traceId === traceId);
    const [request] = spans.filter(({ name }) => name === 'POST /graphql');
    expect(request).toMatchObject({
      service: 'ethhook-gateway',
      parentSpanId: traceparent.split('-')[2],
      attributes: { 'http.request.method': 'POST', 'http.response.status_code': '200' },
    });
    const paths = pathsBelow(spans, request as ReceivedSpan);
    const query = 'delivery_stats_from_attempts';
    expect(paths).toContain(`GraphQL query > wave delivery_stats > ${query}`);
    expect(spans.find(({ name }) => name === query)?.attributes).toEqual({
      'db.system.name': 'clickhouse',
      'db.query.summary': query,
    });
    expect(spans.find(({ name }) => name === 'GraphQL query')?.attributes).toMatchObject({
      'graphql.operation.name': 'Numbers',
    });
    // Each span belongs to the request.
    expect(paths).toHaveLength(spans.length - 1);

    await stores.clickhouse.command({ name: 'test', query: 'SYSTEM FLUSH LOGS query_log' });
    const logged = await stores.clickhouse.query<{ comment: string }>({
      name: 'test',
      query: `SELECT DISTINCT log_comment AS comment FROM system.query_log
        WHERE log_comment LIKE concat('% trace_id=', {traceId: String}) ORDER BY comment`,
      params: { traceId },
    });
    const asked = spans.filter(({ attributes }) => attributes['db.system.name'] === 'clickhouse');
    expect(logged.map(({ comment }) => comment)).toEqual(asked.map(({ name }) => `${name} trace_id=${traceId}`).sort());
  });

  test('what several wait for is in the trace of one of them, and the others are linked to it', async () => {
    const callers = [ALICE, BOB, ALICE, BOB].map((user) => ({ user, ...callersTrace() }));
    const environment = { ...stores.environment, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.url}/v1/traces` };
    await whileRunning('gateway', environment, async (url) => {
      await Promise.all(callers.map(({ user, traceparent }) => ask(url, user, { traceparent })));
    });
    const traces = new Set(callers.map(({ traceId }) => traceId));
    const spans = receiver.spans.filter(({ traceId }) => traces.has(traceId));
    const waves = spans.filter(({ name }) => name === 'wave delivery_stats');
    expect(waves).toHaveLength(callers.length);
    for (const wave of waves) {
      // Whoever has no query of their own says whose it was.
      const queriesOf = (traceId: string) =>
        spans.filter((span) => span.name.startsWith('delivery_stats_') && span.traceId === traceId);
      const [leader = wave.traceId] = wave.links;
      expect(queriesOf(leader)).not.toEqual([]);
    }
  });

  test.each([
    ['the sampler takes none', { OTEL_TRACES_SAMPLER: 'always_off' }],
    ['the SDK is disabled', { OTEL_SDK_DISABLED: 'true' }],
  ])('nothing is sent where %s', async (_why, settings) => {
    const before = receiver.spans.length;
    const environment = { ...stores.environment, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...settings };
    await whileRunning('gateway', environment, (url) => ask(url, ALICE));
    expect(receiver.spans).toHaveLength(before);
  });
});

describe('traces of the worker', () => {
  test('a batch is a trace of its own, from reading to acknowledgement, linked to its producers', async () => {
    const [stack, receiver] = await Promise.all([freshIngestStack(), startTraceReceiver()]);
    try {
      const producer = callersTrace();
      const key = stack.names.stream('delivery_attempts');
      const fields = ['record', JSON.stringify(toJson(attemptOf())), 'traceparent', producer.traceparent];
      await stack.redis.command('XADD', key, '*', ...fields);
      const environment = { ...stack.environment, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
      await whileRunning('worker', { ...environment, OTEL_SERVICE_NAME: 'ingest' }, () => stack.drained());

      expect(await stack.deadLetters()).toEqual([]);
      const [batch, ...others] = receiver.spans.filter(({ name }) => name === 'batch delivery_attempts/clickhouse');
      expect(others).toEqual([]);
      expect(batch).toMatchObject({
        service: 'ingest',
        parentSpanId: '',
        links: [producer.traceId],
        attributes: { 'messaging.batch.message_count': '1', 'ethhook.batch.rows': '1' },
      });
      expect(pathsBelow(receiver.spans, batch as ReceivedSpan)).toEqual([
        'read',
        'begin',
        'begin > writeManifest',
        'insert',
        'insert > insert_delivery_attempts',
        'acknowledge',
        'acknowledge > XACK',
        'acknowledge > finishBatch',
      ]);
    } finally {
      await receiver.close();
      await stack.close();
    }
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { WaveBatcher } from '../../src/graphql/waves/wave-batcher.js';
import { UpstreamError } from '../../src/platform/errors.js';
import { inNewTrace, inSpan, queriesInSpans, queryTag } from '../../src/platform/tracing.js';
import { unwatched } from '../../src/platform/watch-query.js';

describe('tracing', () => {
  const exporter = new InMemorySpanExporter();
  const inQuery = queriesInSpans(unwatched);

  beforeAll(() => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  });
  beforeEach(() => exporter.reset());
  afterAll(() => {
    trace.disable();
    context.disable();
  });

  test('a query that nothing traced has asked for is no span, and its tag is its name', async () => {
    expect(await inQuery('redis', 'PING', async () => queryTag('PING'))).toBe('PING');
    expect(exporter.getFinishedSpans()).toEqual([]);
  });

  test('a query is tagged with the trace that it belongs to', async () => {
    const tag = await inNewTrace('request', {}, () => inQuery('postgres', 'users', async () => queryTag('users')));
    const [query, request] = exporter.getFinishedSpans();
    expect(tag).toBe(`users trace_id=${request?.spanContext().traceId}`);
    expect(query?.parentSpanContext?.spanId).toBe(request?.spanContext().spanId);
    expect(query?.attributes).toEqual({ 'db.system.name': 'postgresql', 'db.query.summary': 'users' });
  });

  test('a failure is told by its code alone', async () => {
    const options = { cause: null, kind: 'refused', code: '42501' } as const;
    const fail = () => Promise.reject(new UpstreamError('postgres', 'users: secret', options));
    await expect(inNewTrace('request', {}, () => inSpan('users', {}, fail))).rejects.toThrow('secret');
    for (const { attributes, status, events } of exporter.getFinishedSpans()) {
      expect({ attributes, status, events }).toEqual({
        attributes: { 'error.type': '42501' },
        status: { code: 2 },
        events: [],
      });
    }
  });

  test('a wave is asked in the trace of one of its askers, and the spans of the others link to that', async () => {
    const batcher = new WaveBatcher<string, string>({
      ask: (questions) => inQuery('clickhouse', 'wave', async () => questions),
      mayDivide: () => false,
      maxWeight: 10,
      maxWaves: 1,
      gatherMs: 0,
    });
    const asked = ['a', 'b', 'c'].map((key) =>
      inNewTrace(key, {}, () => batcher.ask({ shape: '', key, weight: 1, question: key })),
    );
    expect(await Promise.all(asked)).toEqual(['a', 'b', 'c']);
    const spans = exporter.getFinishedSpans();
    const [query] = spans.filter(({ name }) => name === 'wave');
    const [leader] = spans.filter(({ name }) => name === 'a');
    expect(query?.parentSpanContext?.spanId).toBe(leader?.spanContext().spanId);
    for (const name of ['b', 'c']) {
      const [span] = spans.filter((each) => each.name === name);
      expect(span?.links.map((link) => link.context.spanId)).toEqual([leader?.spanContext().spanId]);
    }
  });
});

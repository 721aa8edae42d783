import {
  type Attributes,
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  type SpanOptions,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { codeOf, UpstreamError } from './errors.js';
import type { WatchQuery } from './watch-query.js';

export type { Context };

/** Spans begun here go nowhere, and cost next to nothing, unless traces are exported: see trace-export.ts. */
export const tracer = trace.getTracer('ethhook-analytics');

/** Runs as a part of what is being traced; where nothing is, it just runs. */
export const inSpan = <T>(name: string, options: SpanOptions, run: () => Promise<T>): Promise<T> =>
  trace.getActiveSpan() === undefined ? run() : inOwnSpan(name, options, run);

/** Runs as a trace of its own, whatever is being traced here. */
export const inNewTrace = <T>(name: string, options: SpanOptions, run: () => Promise<T>): Promise<T> =>
  context.with(ROOT_CONTEXT, () => inOwnSpan(name, options, run));

function inOwnSpan<T>(name: string, options: SpanOptions, run: () => Promise<T>): Promise<T> {
  return tracer.startActiveSpan(name, options, async (span) => {
    try {
      return await run();
    } catch (error) {
      markFailed(span, errorTypeOf(error));
      throw error;
    } finally {
      span.end();
    }
  });
}

/** What is told of a failure is its code: messages may hold what nobody else should see. */
export function markFailed(span: Span, errorType: string): void {
  span.setAttribute('error.type', errorType);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

const errorTypeOf = (error: unknown): string =>
  error instanceof UpstreamError
    ? (error.options.code ?? error.options.kind)
    : (codeOf(error) ?? (error instanceof Error ? error.name : 'unknown'));

const DB_SYSTEMS = { clickhouse: 'clickhouse', postgres: 'postgresql', redis: 'redis' } as const;

/** Every query that is asked for by what is being traced is a span of its name. */
export const queriesInSpans =
  (watch: WatchQuery): WatchQuery =>
  (upstream, query, run) => {
    const attributes: Attributes = { 'db.system.name': DB_SYSTEMS[upstream], 'db.query.summary': query };
    return inSpan(query, { kind: SpanKind.CLIENT, attributes }, () => watch(upstream, query, run));
  };

/** What a store keeps of a query: its name, followed by the trace that it belongs to where that is being recorded. */
export function queryTag(name: string): string {
  const current = trace.getActiveSpan()?.spanContext();
  const isSampled = current !== undefined && (current.traceFlags & TraceFlags.SAMPLED) !== 0;
  return isSampled ? `${name} trace_id=${current.traceId}` : name;
}

/** What is being traced here, for whoever goes on with it elsewhere. */
export const currentTrace = (): Context => context.active();

/** Goes on for several who wait for the same, in the trace of one of them; the spans of the others link to that one. */
export function onBehalfOf<T>(waiting: readonly Context[], run: () => T): T {
  const leader = waiting.find((one) => trace.getSpan(one)?.isRecording() === true) ?? waiting[0];
  if (leader === undefined) return run();
  const linked = trace.getSpanContext(leader);
  for (const other of waiting) {
    if (linked !== undefined && other !== leader) trace.getSpan(other)?.addLink({ context: linked });
  }
  return context.with(leader, run);
}

/** The trace that a caller names by `traceparent`, or none. */
export const traceOfCaller = (carrier: object): Context => propagation.extract(ROOT_CONTEXT, carrier);

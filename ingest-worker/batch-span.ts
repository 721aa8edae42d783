import { context, type Link, ROOT_CONTEXT, type Span, SpanKind, trace } from '@opentelemetry/api';
import { inSpan, markFailed, traceOfCaller, tracer } from '../src/platform/tracing.js';
import type { GroupMember } from '../src/stores/redis/entry-group.js';
import type { Batch } from './batch.js';

/** The way of one batch as a trace of its own, linked to those that its producers name in a field `traceparent`. */
export class BatchSpan {
  readonly #span: Span;

  /** `since`, when its first entry was read, by `performance.now()`. */
  constructor(
    { stream, group }: GroupMember,
    {
      entryIds,
      traces,
      rows,
    }: Pick<Batch<never>, 'entryIds' | 'traces'> & { readonly rows: { readonly count: number } },
    since: number,
  ) {
    this.#span = tracer.startSpan(`batch ${stream}/${group}`, {
      root: true,
      kind: SpanKind.CONSUMER,
      startTime: since,
      attributes: {
        'messaging.system': 'redis',
        'messaging.operation.type': 'process',
        'messaging.destination.name': stream,
        'messaging.consumer.group.name': group,
        'messaging.batch.message_count': entryIds.count,
        'ethhook.batch.rows': rows.count,
      },
    });
    if (!this.#span.isRecording()) return;
    this.#span.addLinks(traces.flatMap(linkTo));
    tracer.startSpan('read', { startTime: since }, this.#context).end();
  }

  /** Runs a part of the batch's way. */
  step<T>(name: 'begin' | 'insert' | 'acknowledge', run: () => Promise<T>): Promise<T> {
    return context.with(this.#context, () => inSpan(name, {}, run));
  }

  /** The batch is written and acknowledged. */
  end(): void {
    this.#span.end();
  }

  /** Another worker has taken the batch over. */
  lost(): void {
    markFailed(this.#span, 'lost');
    this.#span.end();
  }

  get #context() {
    return trace.setSpan(ROOT_CONTEXT, this.#span);
  }
}

function linkTo(traceparent: string): Link[] {
  const producer = trace.getSpanContext(traceOfCaller({ traceparent }));
  return producer === undefined ? [] : [{ context: producer }];
}

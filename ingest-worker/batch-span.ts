import { context, type Link, ROOT_CONTEXT, type Span, SpanKind, type TextMapGetter, trace } from '@opentelemetry/api';
import { inSpan, markFailed, traceOfCaller, tracer } from '../src/platform/tracing.js';
import type { GroupMember, StreamEntry } from '../src/stores/redis/entry-group.js';
import type { Batch } from './batch.js';

/** A span has no more by OpenTelemetry's default, and keeps the first. */
const MAX_LINKS = 128;

/** The way of one batch as a trace of its own, linked to those that its producers name in a field `traceparent`. */
export class BatchSpan {
  readonly #span: Span;

  /** `since`, when its first entry was read, by `performance.now()`. */
  constructor(
    { stream, group }: GroupMember,
    {
      entryIds,
      entries,
      rows,
    }: Pick<Batch<never>, 'entryIds' | 'entries'> & { readonly rows: { readonly count: number } },
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
        'messaging.batch.message_count': entryIds.length,
        'ethhook.batch.rows': rows.count,
      },
    });
    if (!this.#span.isRecording()) return;
    this.#span.addLinks(linksOf(entries));
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

function linksOf(entries: readonly StreamEntry[]): Link[] {
  const links: Link[] = [];
  for (const entry of entries) {
    if (links.length === MAX_LINKS) break;
    const producer = trace.getSpanContext(traceOfCaller(entry, FIELDS));
    if (producer !== undefined) links.push({ context: producer });
  }
  return links;
}

/** Reads the fields of an entry as the headers of a request are read. */
const FIELDS: TextMapGetter<StreamEntry> = {
  keys: ({ fields }) => fields.flatMap((field, place) => (place % 2 === 0 ? [field.toString()] : [])),
  get: ({ fields }, name) => {
    const place = fields.findIndex((field, at) => at % 2 === 0 && field.equals(Buffer.from(name)));
    return place === -1 ? undefined : fields[place + 1]?.toString();
  },
};

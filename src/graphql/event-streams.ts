import type { Request, Response } from 'express';
import { type ExecutionArgs, type ExecutionResult, execute, type GraphQLSchema, OperationTypeNode } from 'graphql';
import type { Logger } from '../platform/logger.js';
import type { RequestContext, Services } from './context.js';
import { maskErrors, type ReportError, unauthenticated } from './errors.js';
import type { PreparedOperation } from './http-operation.js';
import type { Sessions } from './live/sessions.js';
import { type Answer, SharedResults, subscribeShared } from './live/shared-results.js';

interface EventStreamOptions {
  readonly schema: GraphQLSchema;
  readonly services: Services;
  readonly sessions: Sessions;
  /** How often a comment is sent into a silent stream, and how long a client may read nothing, milliseconds. */
  readonly keepaliveMs: number;
  readonly logger: Logger;
}

export const EVENT_STREAM = 'text/event-stream';
const COMPLETE = 'event: complete\ndata:\n\n';
const COMMENT = ':\n\n';
/** What a client may take to read the end of its stream before it is cut off, milliseconds. */
const END_WITHIN_MS = 3_000;

export const wantsEventStream = (request: Request): boolean =>
  request.method === 'POST' && request.accepts(['application/json', EVENT_STREAM]) === EVENT_STREAM;

/**
 * Server-Sent Events: each operation is a request of its own, by the protocol of graphql-sse in its distinct connections
 * mode. An event `next` carries a result, `complete` says that there will be no more. A stream that ends without it was
 * cut off, and the client may ask again.
 */
export class EventStreams {
  readonly #open = new Set<Response>();

  constructor(private readonly options: EventStreamOptions) {}

  /** Resolves when the stream has ended. Throws what keeps it from beginning. */
  async serve(prepared: PreparedOperation, response: Response): Promise<void> {
    const { operation, identity, context, deadline } = prepared;
    const { document, definition, operationName, variables } = operation;
    const args: ExecutionArgs = {
      schema: this.options.schema,
      document,
      operationName,
      variableValues: variables,
      contextValue: context,
    };
    if (definition.operation !== OperationTypeNode.SUBSCRIPTION) {
      const result = await deadline.within(Promise.resolve(execute(args)));
      begin(response);
      response.end(next(this.#answerTo(result, context), context) + COMPLETE);
      return;
    }
    const release = this.options.services.subscriptionLimits.start(identity.tokenUserId, response);
    try {
      const results = await subscribeShared(args, (result) => this.#answerTo(result, context));
      begin(response);
      if (results instanceof SharedResults) await this.#pass(results, prepared, response);
      else response.end(next(this.#answerTo(results, context), context) + COMPLETE);
    } finally {
      release();
    }
  }

  /** Cuts off every stream, so that the clients ask again elsewhere. */
  close(): void {
    for (const response of this.#open) finish(response, '');
  }

  async #pass(results: SharedResults, { context, identity }: PreparedOperation, response: Response): Promise<void> {
    const { sessions, keepaliveMs } = this.options;
    const over = (): void => {
      void results.return();
    };
    const keepalive = setInterval(() => {
      if (!response.writableEnded && !response.writableNeedDrain) response.write(COMMENT);
    }, keepaliveMs);
    const forget = sessions.add(identity, (reason) => {
      const error = unauthenticated(`The stream has ended: ${reason}.`);
      finish(response, next(this.#answerTo({ errors: [error] }, context), context) + COMPLETE);
      over();
    });
    this.#open.add(response);
    response.once('close', over);
    if (response.closed) over();
    results.deliver((answer, ready) => {
      if (response.writableEnded || response.write(next(answer, context))) ready();
      else this.#whenDrained(response, ready);
    });
    await results.next();
    this.#open.delete(response);
    forget();
    clearInterval(keepalive);
    if (!response.writableEnded) finish(response, COMPLETE);
  }

  /** While a client does not read, no more than the latest of each hour waits for it, and not for ever. */
  #whenDrained(response: Response, ready: () => void): void {
    const impatient = setTimeout(() => {
      this.options.logger.info('a client has stopped reading its stream of events: it is cut off');
      response.destroy();
    }, this.options.keepaliveMs).unref();
    response.once('drain', () => {
      clearTimeout(impatient);
      ready();
    });
  }

  #answerTo({ errors, data }: ExecutionResult, { requestId }: RequestContext): Answer {
    const report: ReportError = (error, code) =>
      this.options.logger.error({ error, code, requestId }, 'an operation met an error');
    const masked = errors?.flatMap((error) => maskErrors(error, requestId, report));
    const told = { ...(masked === undefined ? {} : { errors: masked }), ...(data === undefined ? {} : { data }) };
    return { errors: masked, json: JSON.stringify(told) };
  }
}

/** An event that carries an answer, to be sent now. */
function next({ errors, json }: Answer, { running }: RequestContext): string {
  running.met(errors);
  return `event: next\ndata: ${json}\n\n`;
}

function begin(response: Response): void {
  response.status(200).set({
    'content-type': `${EVENT_STREAM}; charset=utf-8`,
    'cache-control': 'no-cache, no-transform',
    // Proxies that collect answers before they pass them on are told not to.
    'x-accel-buffering': 'no',
  });
  response.flushHeaders();
}

function finish(response: Response, text: string): void {
  response.end(text);
  const impatient = setTimeout(() => response.destroy(), END_WITHIN_MS);
  response.once('close', () => clearTimeout(impatient));
}

import { context, SpanKind, trace } from '@opentelemetry/api';
import type { RequestHandler } from 'express';
import { type ExecutionArgs, type GraphQLFormattedError, getOperationAST, type OperationDefinitionNode } from 'graphql';
import { inNewTrace, inSpan, markFailed, traceOfCaller, tracer } from '../platform/tracing.js';
import { currentRequestId } from './request-scope.js';

const SERVER_ERROR = 500;

/** A request to GraphQL as a span, in the trace of its caller where that sends `traceparent`. */
export const requestInSpan: RequestHandler = (request, response, next) => {
  const attributes = {
    'http.request.method': request.method,
    'http.route': request.baseUrl,
    'ethhook.request_id': currentRequestId(),
  };
  const caller = traceOfCaller(request.headers);
  const span = tracer.startSpan(`${request.method} ${request.baseUrl}`, { kind: SpanKind.SERVER, attributes }, caller);
  response.once('close', () => {
    span.setAttribute('http.response.status_code', response.statusCode);
    if (response.statusCode >= SERVER_ERROR) markFailed(span, String(response.statusCode));
    span.end();
  });
  context.with(trace.setSpan(caller, span), next);
};

/** Runs an operation as a span, by its type: names are the clients' own, and may be many. */
export function operationInSpan<T>(definition: OperationDefinitionNode, run: () => Promise<T>): Promise<T> {
  const name = definition.name?.value;
  const attributes = {
    'graphql.operation.type': definition.operation,
    ...(name === undefined ? {} : { 'graphql.operation.name': name }),
  };
  return inSpan(`GraphQL ${definition.operation}`, { attributes }, run);
}

/** Runs what came over a socket, which belongs to no request, as a trace of its own. */
export function messageInTrace<T>({ document, operationName }: ExecutionArgs, run: () => Promise<T>): Promise<T> {
  const definition = getOperationAST(document, operationName);
  return inNewTrace('WebSocket /graphql', { kind: SpanKind.SERVER }, () =>
    definition ? operationInSpan(definition, run) : run(),
  );
}

/** What the answer says went wrong: the code of its first error. */
export function markErrors(errors: readonly GraphQLFormattedError[] | undefined): void {
  const span = trace.getActiveSpan();
  const [first] = errors ?? [];
  if (first !== undefined && span !== undefined) markFailed(span, String(first.extensions?.['code']));
}

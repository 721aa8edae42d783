import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { UpstreamError } from '../platform/errors.js';

/** Every `extensions.code` that a client may meet. */
const ERROR_CODES = [
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'BAD_USER_INPUT',
  'QUERY_TOO_COMPLEX',
  'RATE_LIMITED',
  'TIMEOUT',
  'UPSTREAM_UNAVAILABLE',
  'INTERNAL_SERVER_ERROR',
  // Apollo's protocol of persisted queries: the client sends the text then.
  'PERSISTED_QUERY_NOT_FOUND',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

const HTTP_STATUS: Partial<Record<ErrorCode, number>> = {
  BAD_USER_INPUT: 400,
  QUERY_TOO_COMPLEX: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  RATE_LIMITED: 429,
  UPSTREAM_UNAVAILABLE: 503,
  TIMEOUT: 503,
  PERSISTED_QUERY_NOT_FOUND: 200,
};

/** An error whose message is meant for the client. */
function clientError(code: ErrorCode, message: string, extensions: Record<string, unknown> = {}): GraphQLError {
  return new GraphQLError(message, { extensions: { ...extensions, code } });
}

export const unauthenticated = (message: string): GraphQLError => clientError('UNAUTHENTICATED', message);
export const forbidden = (message: string): GraphQLError => clientError('FORBIDDEN', message);
export const badUserInput = (message: string): GraphQLError => clientError('BAD_USER_INPUT', message);
export const queryTooComplex = (message: string): GraphQLError => clientError('QUERY_TOO_COMPLEX', message);
/** In the words of Apollo's protocol, which clients look for. */
export const persistedQueryNotFound = (): GraphQLError =>
  clientError('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound');
/** `retryAfterSeconds` where waiting alone helps: it becomes the header Retry-After. */
export const rateLimited = (message: string, retryAfterSeconds?: number): GraphQLError =>
  clientError('RATE_LIMITED', message, retryAfterSeconds === undefined ? {} : { retryAfterSeconds });
export const upstreamUnavailable = (upstream: string): GraphQLError =>
  clientError('UPSTREAM_UNAVAILABLE', `${upstream} cannot be reached at the moment: try again shortly.`, { upstream });

/** An operation that has run out of time: the reason that its signal aborts with. */
export class OperationTimeout extends Error {
  override readonly name = 'OperationTimeout';
}

/** An operation that must not run, for one reason or several. */
export class Refused extends Error {
  override readonly name = 'Refused';

  constructor(readonly errors: readonly GraphQLError[]) {
    super(errors.map(({ message }) => message).join(' '));
  }
}

/** The code that a client meets, the first one where there are several. */
export const errorCodeOf = (error: unknown): ErrorCode =>
  codeOfClientError(toClientError(error instanceof Refused ? error.errors[0] : error));

/** The HTTP status of an answer that consists of errors alone. */
export const httpStatusOf = (error: unknown): number => HTTP_STATUS[errorCodeOf(error)] ?? 500;

/** What a client sees of whatever was thrown: see {@link maskError}. */
export const maskErrors = (error: unknown, requestId: string, report: ReportError): GraphQLFormattedError[] =>
  (error instanceof Refused ? error.errors : [error]).map((one) => maskError(one, requestId, report));

/** Where a masked error is told in full: with the request's id, to the log. */
export type ReportError = (error: unknown, code: ErrorCode) => void;

/**
 * What a client sees of any error, over HTTP and over sockets alike: one of the codes above, the request's id,
 * and a message with nothing internal in it. Judged by class and code, never by text.
 */
export function maskError(error: unknown, requestId: string, report: ReportError): GraphQLFormattedError {
  const known = toClientError(error);
  const code = codeOfClientError(known);
  const cause = innermost(error);
  const isOurs = code === 'INTERNAL_SERVER_ERROR' || code === 'UPSTREAM_UNAVAILABLE' || code === 'TIMEOUT';
  if (isOurs && !isAbandoned(cause)) report(cause, code);
  const { upstream, retryAfterSeconds } = known.extensions;
  const { locations, path } = error instanceof GraphQLError ? error.toJSON() : {};
  return {
    message: known.message,
    ...(locations === undefined ? {} : { locations }),
    ...(path === undefined ? {} : { path }),
    extensions: {
      code,
      requestId,
      ...(upstream === undefined ? {} : { upstream }),
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    },
  };
}

function toClientError(error: unknown): GraphQLError {
  const cause = innermost(error);
  if (cause instanceof UpstreamError) return ofUpstream(cause);
  if (cause instanceof OperationTimeout) {
    return clientError('TIMEOUT', 'The operation took too long: ask for less, for a shorter range, or try again.');
  }
  if (cause instanceof GraphQLError) {
    if (isErrorCode(cause.extensions['code'])) {
      if (cause.extensions['code'] !== 'INTERNAL_SERVER_ERROR') return cause;
    } else {
      // The document, its variables or an argument: said by graphql-js or Apollo, in words about the request.
      return badUserInput(cause.message);
    }
  }
  return clientError('INTERNAL_SERVER_ERROR', 'Something failed on our side. The request id finds it in the log.');
}

function ofUpstream(error: UpstreamError): GraphQLError {
  const { upstream, options } = error;
  if (options.kind === 'unavailable') return upstreamUnavailable(upstream);
  if (options.kind === 'timeout') {
    return clientError('TIMEOUT', `${upstream} took too long: ask for a shorter range, or try again.`, { upstream });
  }
  return clientError('INTERNAL_SERVER_ERROR', 'Something failed on our side. The request id finds it in the log.');
}

/** What was thrown, below the wrappings that say where it happened, or the reason why it was given up. */
function innermost(error: unknown): unknown {
  let cause = error;
  while (cause instanceof GraphQLError && cause.originalError !== undefined) cause = cause.originalError;
  return cause instanceof UpstreamError && cause.options.kind === 'abandoned' ? cause.options.cause : cause;
}

/** Whether nobody waits for the answer any more, so that there is nothing to tell and nothing to look into. */
const isAbandoned = (error: unknown): boolean => error instanceof DOMException && error.name === 'AbortError';

const isErrorCode = (code: unknown): code is ErrorCode => ERROR_CODES.some((known) => known === code);

function codeOfClientError(error: GraphQLError): ErrorCode {
  const { code } = error.extensions;
  return isErrorCode(code) ? code : 'INTERNAL_SERVER_ERROR';
}

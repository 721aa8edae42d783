import {
  ApolloServer,
  type ApolloServerOptions,
  type ApolloServerPlugin,
  HeaderMap,
  type HTTPGraphQLResponse,
} from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import { type GraphQLError, type GraphQLSchema, OperationTypeNode } from 'graphql';
import type { Admission } from './admission/admission.js';
import { limitBody } from './body-limit.js';
import { compiledExecution } from './compiled-execution.js';
import type { RequestContext } from './context.js';
import { allowOrigins } from './cors.js';
import { badUserInput, httpStatusOf, maskError, maskErrors, queryTooComplex, type ReportError } from './errors.js';
import { EVENT_STREAM, type EventStreams, wantsEventStream } from './event-streams.js';
import { type OperationOptions, type PreparedOperation, prepareOperation } from './http-operation.js';
import { currentRequestId, requestIdFrom, runInRequest } from './request-scope.js';
import { securityHeaders } from './security-headers.js';
import { markErrors, operationInSpan, requestInSpan } from './spans.js';

interface HttpOptions extends OperationOptions {
  readonly schema: GraphQLSchema;
  /** Whose pages may ask from a browser. */
  readonly corsOrigins: readonly string[];
  /** Networks whose word is taken for whom they ask for (X-Forwarded-For), or how many proxies there are before us. */
  readonly trustedProxies: readonly string[] | number;
  readonly eventStreams: EventStreams;
  /** Pages and answers beside GraphQL. */
  readonly pages: (app: Express) => void;
}

const JSON_TYPES = ['application/json', 'application/graphql+json'];
const SHA256_LENGTH = 64;
const TOO_MANY = 429;
/** Told to those who have too many subscriptions, for whom waiting alone may not help, seconds. */
const RETRY_AFTER_S = 60;
const METHODS = ['GET', 'HEAD', 'POST', 'OPTIONS'];
/** Browsers send neither across origins without asking first. */
const PREFLIGHT_HEADERS = ['apollo-require-preflight', 'x-apollo-operation-name'];

/** The HTTP side of the gateway. The Apollo server has to be stopped after the last request. */
export async function createHttpApp(
  options: HttpOptions,
): Promise<{ app: Express; apollo: ApolloServer<RequestContext> }> {
  const { services, logger } = options;
  const { maxBodyBytes } = services.limits;
  const report: ReportError = (error, code) =>
    logger.error({ error, code, requestId: currentRequestId() }, 'a request met an error');
  const apollo = new ApolloServer<RequestContext>({
    schema: options.schema,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    // What comes here has been parsed and validated: see Admission.
    documentStore: checkedDocuments(services.admission),
    dangerouslyDisableValidation: true,
    introspection: true,
    persistedQueries: false,
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      // Would be told of every field.
      ApolloServerPluginCacheControlDisabled(),
      compiledExecution(options.schema, (errors) =>
        errors.map((error) => maskError(error, currentRequestId(), report)),
      ),
      NOTE_ERRORS,
    ],
    formatError: (_formatted, error) => maskErrors(error, currentRequestId(), report)[0] ?? { message: '' },
  });
  await apollo.start();

  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', options.trustedProxies);
  app.use((request, response, next) => {
    const requestId = requestIdFrom(request.get('x-request-id'));
    response.setHeader('x-request-id', requestId);
    runInRequest(requestId, next);
  });
  app.use(securityHeaders);
  options.pages(app);
  app.use(
    '/graphql',
    requestInSpan,
    allowOrigins(options.corsOrigins),
    refuseOtherRequests(report),
    limitBody(maxBodyBytes, (response) => refuse(response, 413, bodyTooLarge(maxBodyBytes), report)),
    express.json({ limit: maxBodyBytes, type: JSON_TYPES }),
    async (request, response) => {
      const prepared = await prepareOperation(options, request, response).catch((error: unknown) => {
        services.operationMetrics.refused(error);
        throw error;
      });
      try {
        if (wantsEventStream(request)) return await options.eventStreams.serve(prepared, response);
        if (prepared.operation.definition.operation === OperationTypeNode.SUBSCRIPTION) {
          throw badUserInput(
            `Subscriptions are answered at this same path, over WebSocket or with accept: ${EVENT_STREAM}.`,
          );
        }
        const answering = operationInSpan(prepared.operation.definition, () => execute(apollo, prepared, request));
        await send(response, await prepared.deadline.within(answering));
      } catch (error) {
        prepared.context.running.failed(error);
        throw error;
      }
    },
  );
  app.use((request: Request, response: Response) => {
    refuse(response, 404, badUserInput(`There is nothing at ${request.path}: GraphQL is at /graphql.`), report);
  });
  app.use(((error: unknown, _request, response, _next) => {
    // As where a body was refused before all of it had come.
    if (response.headersSent) return;
    const [status, known] = bodyError(error, maxBodyBytes);
    refuse(response, status, known, report);
  }) satisfies ErrorRequestHandler);
  return { app, apollo };
}

/** Tells the metrics and the trace what the clients are told. */
const NOTE_ERRORS: ApolloServerPlugin<RequestContext> = {
  requestDidStart: async () => ({
    willSendResponse: async ({ contextValue, response: { body } }) => {
      if (body.kind !== 'single') return;
      contextValue.running.met(body.singleResult.errors);
      markErrors(body.singleResult.errors);
    },
  }),
};

/** Apollo finds by the end of its key, the SHA-256 of the text, what was checked before; were it gone, it would parse again. */
const checkedDocuments = (admission: Admission): NonNullable<ApolloServerOptions<RequestContext>['documentStore']> => ({
  get: async (key) => admission.documentOf(key.slice(-SHA256_LENGTH)),
  set: async () => undefined,
  delete: async () => undefined,
});

/** Says what to send before Apollo would, which speaks of headers of its own. */
const refuseOtherRequests =
  (report: ReportError): RequestHandler =>
  (request, response, next) => {
    const { method } = request;
    if (!METHODS.includes(method)) {
      response.setHeader('allow', METHODS.join(', '));
      refuse(response, 405, badUserInput(`${method} is not answered here: send a POST.`), report);
    } else if (method === 'OPTIONS') {
      response.status(204).setHeader('allow', METHODS.join(', ')).end();
    } else if (method === 'POST' && !request.is(JSON_TYPES)) {
      throw badUserInput('The body must be JSON: send content-type: application/json and {"query": "…"}.');
    } else if (method !== 'POST' && !PREFLIGHT_HEADERS.some((name) => request.get(name))) {
      throw badUserInput(
        `GET is answered with one of the headers ${PREFLIGHT_HEADERS.join(' and ')}, which no foreign page can send: add one, or send a POST.`,
      );
    } else {
      next();
    }
  };

/** By Apollo, which is always asked as by POST. */
function execute(
  apollo: ApolloServer<RequestContext>,
  { operation: { query, operationName, variables }, context }: PreparedOperation,
  request: Request,
): Promise<HTTPGraphQLResponse> {
  const headers = new HeaderMap([['content-type', 'application/json']]);
  const accept = request.get('accept');
  if (accept !== undefined) headers.set('accept', accept);
  return apollo.executeHTTPGraphQLRequest({
    httpGraphQLRequest: {
      method: 'POST',
      headers,
      search: '',
      body: { query, variables, ...(operationName === undefined ? {} : { operationName }) },
    },
    context: async () => context,
  });
}

async function send(response: Response, { status, headers, body }: HTTPGraphQLResponse): Promise<void> {
  response.setHeader('cache-control', 'no-store');
  for (const [name, value] of headers) response.setHeader(name, value);
  response.status(status ?? 200);
  if (body.kind === 'complete') {
    response.send(body.string);
  } else {
    for await (const chunk of body.asyncIterator) response.write(chunk);
    response.end();
  }
}

function refuse(response: Response, status: number, error: unknown, report: ReportError): void {
  const errors = maskErrors(error, currentRequestId(), report);
  const retryAfter = errors[0]?.extensions?.['retryAfterSeconds'];
  if (status === TOO_MANY)
    response.setHeader('retry-after', typeof retryAfter === 'number' ? retryAfter : RETRY_AFTER_S);
  response.status(status).json({ errors });
}

const bodyTooLarge = (maxBytes: number): GraphQLError =>
  queryTooComplex(`The body is larger than ${maxBytes} bytes: ask for less in one request.`);

/** What the body parser refuses, by its `type`; anything else is ours. */
function bodyError(error: unknown, maxBodyBytes: number): [status: number, known: unknown] {
  const type = typeof error === 'object' && error !== null && 'type' in error ? error.type : undefined;
  switch (type) {
    case 'entity.too.large':
      return [413, bodyTooLarge(maxBodyBytes)];
    case 'entity.parse.failed':
      return [400, badUserInput('The body is not JSON: send {"query": "…"}.')];
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return [415, badUserInput('The body is in an encoding that is not read here: send UTF-8, plain or gzip.')];
    case 'request.aborted':
    case 'request.size.invalid':
      return [400, badUserInput('The body ended early: send it again.')];
    default:
      return [httpStatusOf(error), error];
  }
}

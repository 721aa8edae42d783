import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { expressMiddleware } from '@as-integrations/express5';
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import { type GraphQLSchema, OperationTypeNode } from 'graphql';
import type { Logger } from '../platform/logger.js';
import type { Authenticator } from './authentication.js';
import { createContext, NOBODY, type RequestContext, type Services } from './context.js';
import { badUserInput, maskError, queryTooComplex, type ReportError, withHttpStatus } from './errors.js';
import { isIntrospection } from './introspection.js';
import { currentRequestId, requestIdFrom, runInRequest } from './request-scope.js';

interface HttpOptions {
  readonly schema: GraphQLSchema;
  readonly services: Services;
  readonly authenticate: Authenticator;
  readonly logger: Logger;
  /** Pages and answers beside GraphQL. */
  readonly pages: (app: Express) => void;
}

const BODY_LIMIT_BYTES = 1024 * 1024;
const JSON_TYPES = ['application/json', 'application/graphql+json'];
const METHODS = ['GET', 'HEAD', 'POST', 'OPTIONS'];

/** The HTTP side of the gateway. The Apollo server has to be stopped after the last request. */
export async function createHttpApp(
  options: HttpOptions,
): Promise<{ app: Express; apollo: ApolloServer<RequestContext> }> {
  const report: ReportError = (error, code) =>
    options.logger.error({ error, code, requestId: currentRequestId() }, 'a request met an error');
  const apollo = new ApolloServer<RequestContext>({
    schema: options.schema,
    introspection: true,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    plugins: [ApolloServerPluginLandingPageDisabled(), subscriptionsElsewhere],
    formatError: (_formatted, error) => maskError(error, currentRequestId(), report),
  });
  await apollo.start();

  const app = express();
  app.disable('x-powered-by');
  app.use((request, response, next) => {
    const requestId = requestIdFrom(request.get('x-request-id'));
    response.setHeader('x-request-id', requestId);
    response.setHeader('x-content-type-options', 'nosniff');
    runInRequest(requestId, next);
  });
  options.pages(app);
  app.use(
    '/graphql',
    refuseOtherRequests(report),
    express.json({ limit: BODY_LIMIT_BYTES, type: JSON_TYPES }),
    (request, _response, next) => {
      request.body ??= {};
      next();
    },
    expressMiddleware(apollo, { context: ({ req, res }) => contextOf(options, req, res) }),
  );
  app.use((request: Request, response: Response) => {
    response
      .status(404)
      .json(asBody(badUserInput(`There is nothing at ${request.path}: GraphQL is at /graphql.`), report));
  });
  app.use(((error: unknown, _request, response, _next) => {
    const [status, known] = bodyError(error);
    response.status(status).json(asBody(known, report));
  }) satisfies ErrorRequestHandler);
  return { app, apollo };
}

/** Says what to send before Apollo would, which speaks of headers of its own. */
const refuseOtherRequests =
  (report: ReportError): RequestHandler =>
  (request, response, next) => {
    if (!METHODS.includes(request.method)) {
      const refusal = badUserInput(`${request.method} is not answered here: send a POST.`);
      response.status(405).setHeader('allow', METHODS.join(', ')).json(asBody(refusal, report));
    } else if (request.method === 'POST' && !request.is(JSON_TYPES)) {
      const refusal = badUserInput('The body must be JSON: send content-type: application/json and {"query": "…"}.');
      response.status(400).json(asBody(refusal, report));
    } else {
      next();
    }
  };

const subscriptionsElsewhere: ApolloServerPlugin<RequestContext> = {
  requestDidStart: async () => ({
    didResolveOperation: async ({ operation }) => {
      if (operation?.operation !== OperationTypeNode.SUBSCRIPTION) return;
      throw withHttpStatus(badUserInput('Subscriptions are answered over WebSocket, at this same path.'));
    },
  }),
};

async function contextOf(options: HttpOptions, request: Request, response: Response): Promise<RequestContext> {
  const left = new AbortController();
  response.on('close', () => left.abort());
  const authorization = request.get('authorization');
  try {
    const isPublic = authorization === undefined && isIntrospection(request.body?.query);
    const user = isPublic
      ? NOBODY
      : (await options.authenticate({ authorization, asUser: request.get('x-ethhook-as-user') })).user;
    const now = Date.now();
    return createContext(options.services, { requestId: currentRequestId(), user, now, signal: left.signal });
  } catch (error) {
    throw withHttpStatus(error);
  }
}

const asBody = (error: unknown, report: ReportError) => ({ errors: [maskError(error, currentRequestId(), report)] });

/** What the body parser refuses, by its `type`; anything else is ours. */
function bodyError(error: unknown): [status: number, known: unknown] {
  const type = typeof error === 'object' && error !== null && 'type' in error ? error.type : undefined;
  switch (type) {
    case 'entity.too.large':
      return [413, queryTooComplex(`The body is larger than ${BODY_LIMIT_BYTES} bytes: ask for less in one request.`)];
    case 'entity.parse.failed':
      return [400, badUserInput('The body is not JSON: send {"query": "…"}.')];
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return [415, badUserInput('The body is in an encoding that is not read here: send UTF-8, plain or gzip.')];
    case 'request.aborted':
    case 'request.size.invalid':
      return [400, badUserInput('The body ended early: send it again.')];
    default:
      return [500, error];
  }
}

import type { Request, Response } from 'express';
import { OperationTypeNode } from 'graphql';
import type { Logger } from '../platform/logger.js';
import type { Operation, OperationRequest } from './admission/admission.js';
import type { Authenticator, Identity } from './authentication.js';
import { networkOf } from './client-network.js';
import { createContext, NOBODY, type RequestContext, type Services } from './context.js';
import { Deadline } from './deadline.js';
import { badUserInput, Refused } from './errors.js';
import { currentRequestId } from './request-scope.js';

export interface OperationOptions {
  readonly services: Services;
  readonly authenticate: Authenticator;
  readonly logger: Logger;
}

/** An operation that may run, and for whom. */
export interface PreparedOperation {
  readonly operation: Operation;
  readonly identity: Identity;
  readonly context: RequestContext;
  /** Ends with the response. */
  readonly deadline: Deadline;
}

/**
 * What every HTTP request passes before it runs: the token is verified, the operation admitted and counted, and only then
 * anybody looked up. The schema itself is answered without a token, and counted by address. Throws what the client has
 * done wrong.
 */
export async function prepareOperation(
  { services, authenticate }: OperationOptions,
  request: Request,
  response: Response,
): Promise<PreparedOperation> {
  const begun = performance.now();
  const deadline = new Deadline(services.limits.operationTimeoutMs);
  response.once('close', () => deadline.end());
  const now = Date.now();
  const authorization = request.get('authorization');
  const admit = (): Operation => services.admission.admit(operationRequestOf(request), now);
  let operation = authorization === undefined ? await introspection(services, request, now) : undefined;
  const identity =
    operation === undefined
      ? await deadline.within(
          authenticate({
            authorization,
            asUser: request.get('x-ethhook-as-user'),
            beforeLookup: (tokenUserId) => {
              // What is refused counts too, but waits for no store.
              const counted = services.rateLimit.count(tokenUserId);
              counted.catch(() => undefined);
              operation = admit();
              return counted;
            },
          }),
        )
      : { user: NOBODY, tokenUserId: NOBODY.id, acceptedUntil: Number.POSITIVE_INFINITY };
  if (operation === undefined) throw new Error('a user was looked up for an operation that was not admitted');
  if (request.method !== 'POST' && operation.definition.operation !== OperationTypeNode.QUERY) {
    throw badUserInput('GET answers queries only: send a POST.');
  }
  const { user } = identity;
  const running = services.operationMetrics.start(operation, begun);
  // Who has left meanwhile has closed it already.
  if (response.closed) running.end();
  else response.once('close', () => running.end());
  const requestId = currentRequestId();
  const context = createContext(services, { requestId, user, now, running, signal: deadline.signal });
  return { operation, identity, context, deadline };
}

/** An operation that is answered without a token, if it is one. Whoever asks too often is refused before it is looked at. */
async function introspection(
  { admission, anonymousRateLimit }: Services,
  request: Request,
  now: number,
): Promise<Operation | undefined> {
  // Without an address the client has left.
  await anonymousRateLimit.count(`address ${networkOf(request.ip ?? '')}`);
  try {
    return admission.admitIntrospection(operationRequestOf(request), now);
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}

/** POST carries it as JSON in the body, GET in the URL, where `variables` and `extensions` are JSON texts. */
function operationRequestOf({ method, body, query }: Request): OperationRequest {
  if (method === 'POST') {
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body;
    throw new Refused([badUserInput('The body must be one JSON object: send {"query": "…"}. Batches are not read.')]);
  }
  return {
    query: query['query'],
    operationName: query['operationName'],
    variables: jsonOf('variables', query['variables']),
    extensions: jsonOf('extensions', query['extensions']),
  };
}

function jsonOf(name: string, text: unknown): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(String(text));
  } catch {
    throw new Refused([badUserInput(`${name}: must be JSON.`)]);
  }
}

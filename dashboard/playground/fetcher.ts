import type { GraphiQL } from 'graphiql';
import {
  type ExecutionResult,
  type FormattedExecutionResult,
  GraphQLError,
  getOperationAST,
  OperationTypeNode,
  parse,
} from 'graphql';
import { createClient } from 'graphql-ws';
import type { ComponentProps } from 'react';

type Fetcher = ComponentProps<typeof GraphiQL>['fetcher'];
type Request = Parameters<Fetcher>[0];
type Headers = Readonly<Record<string, string>>;

const LAST_TOKEN = 'ethhook:playground-authorization';

/** How the editor asks: queries by POST, subscriptions over a socket of their own, both with the headers typed in. */
export const createFetcher =
  (httpUrl: string, socketUrl: string): Fetcher =>
  (typed, { headers = {} } = {}) => {
    const { request, isSubscription } = understood(typed);
    return isSubscription
      ? subscribe(socketUrl, request, withToken(headers))
      : post(httpUrl, request, withToken(headers));
  };

/** Just after a change of tabs the editor still names an operation of the tab before: that name is left out. */
function understood({ operationName, ...request }: Request): { request: Request; isSubscription: boolean } {
  const named = typeof operationName === 'string' ? { operationName } : {};
  try {
    const document = parse(request.query);
    const operation = getOperationAST(document, operationName);
    const isSubscription = (operation ?? getOperationAST(document))?.operation === OperationTypeNode.SUBSCRIPTION;
    return { request: { ...request, ...(operation ? named : {}) }, isSubscription };
  } catch {
    // The gateway says what is wrong with it.
    return { request: { ...request, ...named }, isSubscription: false };
  }
}

/** A tab whose token was left empty takes the one that was last sent from another. */
function withToken(typed: Headers): Headers {
  const name = Object.keys(typed).find((key) => key.toLowerCase() === 'authorization');
  if (name === undefined) return typed;
  const authorization = typed[name]?.trim() ?? '';
  if (authorization !== '' && authorization.toLowerCase() !== 'bearer') {
    window.sessionStorage.setItem(LAST_TOKEN, authorization);
    return typed;
  }
  return { ...typed, [name]: window.sessionStorage.getItem(LAST_TOKEN) ?? authorization };
}

async function post(url: string, request: Request, headers: Headers): Promise<ExecutionResult> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(request),
  });
  return response.json();
}

/** The headers travel as the payload of connection_init. Stopping does not wait for a message that may never come. */
function subscribe(url: string, request: Request, headers: Headers): AsyncIterableIterator<ExecutionResult> {
  const client = createClient({ url, connectionParams: headers });
  const { operationName, ...rest } = request;
  const messages = client.iterate({ ...rest, ...(typeof operationName === 'string' ? { operationName } : {}) });
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: async () => {
      try {
        const { done, value } = await messages.next();
        return done === true ? { done, value: undefined } : { value: asResult(value.data, value.errors) };
      } catch (error) {
        throw error instanceof CloseEvent ? new Error(`The socket closed: ${error.code} ${error.reason}`) : error;
      }
    },
    return: async () => {
      await client.dispose();
      return { done: true, value: undefined };
    },
  };
}

const asResult = (
  data: FormattedExecutionResult['data'],
  errors: FormattedExecutionResult['errors'],
): ExecutionResult => ({
  ...(data === undefined ? {} : { data }),
  ...(errors === undefined
    ? {}
    : { errors: errors.map(({ message, path, extensions }) => new GraphQLError(message, { path, extensions })) }),
});

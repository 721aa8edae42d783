import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { GraphQLError, type GraphQLSchema } from 'graphql';
import type { Context } from 'graphql-ws';
import { type Extra, useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import type { Logger } from '../platform/logger.js';
import type { User } from '../records/configuration.js';
import type { Authenticator } from './authentication.js';
import { createContext, type Services } from './context.js';
import { maskErrors, Refused, type ReportError } from './errors.js';

interface SocketOptions {
  readonly schema: GraphQLSchema;
  readonly services: Services;
  readonly authenticate: Authenticator;
  readonly logger: Logger;
}

/** What a socket remembers of its connection_init. */
interface SocketState extends Record<PropertyKey, unknown> {
  user?: User;
}

const MESSAGE_LIMIT_BYTES = 1024 * 1024;
const TRY_AGAIN_LATER = 1013;
/** A client that does not answer the closing of its socket is cut off after this time, milliseconds. */
const CLOSE_WITHIN_MS = 3_000;

/**
 * GraphQL over WebSocket at `/graphql`, by graphql-transport-ws. The token comes in connection_init; a bad one closes
 * with 4403. What is returned closes every socket with 1001.
 */
export function serveSockets(server: Server, options: SocketOptions): () => Promise<void> {
  const { schema, services, authenticate, logger } = options;
  const sockets = new WebSocketServer({ server, path: '/graphql', maxPayload: MESSAGE_LIMIT_BYTES });
  const masked = (errors: readonly unknown[], requestId: string) => {
    const report: ReportError = (error, code) => logger.error({ error, code, requestId }, 'an operation met an error');
    return errors.flatMap((error) => maskErrors(error, requestId, report));
  };
  const serving = useServer<Record<string, unknown>, SocketState>(
    {
      onConnect: async ({ connectionParams, extra }: Context<Record<string, unknown>, Extra & SocketState>) => {
        try {
          const { user } = await authenticate({
            authorization: textOf(connectionParams, 'authorization'),
            asUser: textOf(connectionParams, 'x-ethhook-as-user'),
          });
          extra.user = user;
          return true;
        } catch (error) {
          const isOurFault = masked([error], randomUUID()).some(
            ({ extensions }) => extensions?.['upstream'] !== undefined,
          );
          if (isOurFault) extra.socket.close(TRY_AGAIN_LATER, 'Try again later');
          return false;
        }
      },
      onSubscribe: async ({ extra }, _id, payload) => {
        const [requestId, now] = [randomUUID(), Date.now()];
        try {
          const operation = services.admission.admit(payload, now);
          if (extra.user === undefined) throw new Error('an operation on a socket without a user');
          await services.rateLimit.count(extra.user.id);
          const contextValue = createContext(services, { requestId, user: extra.user, now });
          const { document, operationName, variables } = operation;
          return { schema, document, operationName, variableValues: variables, contextValue };
        } catch (error) {
          return reasonsOf(error);
        }
      },
      onError: (_context, _id, _payload, errors) => masked(errors, randomUUID()),
      onNext: (_context, _id, _payload, _args, { errors, data }) =>
        errors === undefined
          ? undefined
          : { errors: masked(errors, randomUUID()), ...(data === undefined ? {} : { data }) },
      isProd: true,
    },
    sockets,
  );
  return async () => {
    const impatient = setTimeout(() => {
      for (const socket of sockets.clients) socket.terminate();
    }, CLOSE_WITHIN_MS);
    await Promise.resolve(serving.dispose()).finally(() => clearTimeout(impatient));
  };
}

/** A value of connection_init by its name, which clients write in any case, as they do with headers. */
function textOf(params: Record<string, unknown> | undefined, name: string): string | undefined {
  const [, value] = Object.entries(params ?? {}).find(([key]) => key.toLowerCase() === name) ?? [];
  return typeof value === 'string' ? value : undefined;
}

/** As graphql-ws has them, to be masked by onError. */
const reasonsOf = (error: unknown): readonly GraphQLError[] =>
  error instanceof Refused ? error.errors : [new GraphQLError('', { originalError: asError(error) })];

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

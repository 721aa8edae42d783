import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { GraphQLError, type GraphQLSchema } from 'graphql';
import { type Context, handleProtocols, makeServer, type OperationResult } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Logger } from '../platform/logger.js';
import type { Authenticator, Identity } from './authentication.js';
import { createContext, type Services } from './context.js';
import { Deadline } from './deadline.js';
import { maskErrors, Refused, type ReportError } from './errors.js';
import type { Sessions } from './live/sessions.js';
import { SharedResults, subscribeShared } from './live/shared-results.js';
import { SocketWatch } from './live/socket-watch.js';

interface SocketOptions {
  readonly schema: GraphQLSchema;
  readonly services: Services;
  readonly authenticate: Authenticator;
  readonly sessions: Sessions;
  /** How often a silent client is asked for a sign of life, milliseconds. */
  readonly keepaliveMs: number;
  readonly logger: Logger;
}

/** What a socket remembers. */
interface SocketState extends Record<PropertyKey, unknown> {
  readonly socket: WebSocket;
  /** Who it belongs to, since its connection_init. */
  identity?: Identity;
  /** What ends with each operation, by the message that asked for it: its id may be used again by the client. */
  readonly endings: Map<object, () => void>;
}

/** Of an operation, before its errors are masked. */
interface Result {
  readonly errors?: readonly unknown[] | undefined;
  readonly data?: Record<string, unknown> | null | undefined;
}

type SocketContext = Context<Record<string, unknown>, SocketState>;

const NORMAL = 1000;
const GOING_AWAY = 1001;
const TRY_AGAIN_LATER = 1013;
const FORBIDDEN = 4403;
/** What the reason of a closing holds at most, by the protocol. */
const REASON_MAX_BYTES = 123;
/** A client that does not answer the closing of its socket when we stop is cut off after this time, milliseconds. */
const CLOSE_WITHIN_MS = 3_000;

/**
 * GraphQL over WebSocket at `/graphql`, by graphql-transport-ws. The token comes in connection_init; a bad one closes
 * with 4403, and so does its expiry later. What is returned closes every socket with 1001.
 */
export function serveSockets(server: Server, options: SocketOptions): () => Promise<void> {
  const { services, logger } = options;
  const sockets = new WebSocketServer({
    server,
    path: '/graphql',
    maxPayload: services.limits.maxBodyBytes,
    handleProtocols,
  });
  const watch = new SocketWatch({ pingEveryMs: options.keepaliveMs });
  const protocol = makeServer(protocolOptions(options, watch));
  sockets.on('error', (error) => logger.error({ error }, 'the socket server met an error'));
  sockets.on('connection', (socket) => {
    watch.add(socket);
    const fail = (error: unknown): void => {
      logger.error({ error }, 'a socket met an error');
      watch.end(socket, TRY_AGAIN_LATER, 'Something failed on our side. Connect again.');
    };
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        send: (message) => new Promise((resolve) => watch.send(socket, message, resolve)),
        close: (code = NORMAL, reason = '') => watch.end(socket, code, reason),
        onMessage: (listen) => socket.on('message', (message) => void listen(String(message)).catch(fail)),
      },
      { socket, endings: new Map() },
    );
    // What breaks the protocol, such as a message that is too large: the socket closes itself, with the code for it.
    socket.on('error', (error) => logger.debug({ error }, 'a client broke the protocol'));
    socket.once('close', (code, reason) => void closed(code, String(reason)).catch(fail));
  });
  return async () => {
    watch.close();
    for (const socket of sockets.clients) socket.close(GOING_AWAY, 'Going away: connect again.');
    const impatient = setTimeout(() => {
      for (const socket of sockets.clients) socket.terminate();
    }, CLOSE_WITHIN_MS);
    await new Promise((resolve) => sockets.close(resolve));
    clearTimeout(impatient);
  };
}

type ProtocolOptions = Parameters<typeof makeServer<Record<string, unknown>, SocketState>>[0];

/** What is ours in the protocol: who may connect, what may run, how it runs and what is said of errors. */
function protocolOptions(
  { schema, services, authenticate, sessions, logger }: SocketOptions,
  watch: SocketWatch,
): ProtocolOptions {
  const masked = (errors: readonly unknown[], requestId: string = randomUUID()) => {
    const report: ReportError = (error, code) => logger.error({ error, code, requestId }, 'an operation met an error');
    return errors.flatMap((error) => maskErrors(error, requestId, report));
  };
  const maskedResult = ({ errors, data }: Result) => ({
    ...(errors === undefined ? {} : { errors: masked(errors) }),
    ...(data === undefined ? {} : { data }),
  });

  /** Ends with the operation, however it ends. */
  const start = (
    asked: object,
    state: SocketState,
    userId: string,
    isSubscription: boolean,
  ): AbortSignal | undefined => {
    if (isSubscription) {
      state.endings.set(asked, services.subscriptionLimits.start(userId, state.socket));
      return undefined;
    }
    const deadline = new Deadline(services.limits.operationTimeoutMs);
    state.endings.set(asked, () => deadline.end());
    return deadline.signal;
  };

  return {
    onConnect: async ({ connectionParams, extra }: SocketContext) => {
      const { socket } = extra;
      try {
        const identity = await authenticate({
          authorization: textOf(connectionParams, 'authorization'),
          asUser: textOf(connectionParams, 'x-ethhook-as-user'),
        });
        if (socket.readyState !== socket.OPEN) return false;
        extra.identity = identity;
        socket.once(
          'close',
          sessions.add(identity, (reason) => watch.end(socket, FORBIDDEN, reason)),
        );
        return true;
      } catch (error) {
        const [refusal] = masked([error]);
        const isOurFault = refusal?.extensions?.['upstream'] !== undefined;
        watch.end(socket, isOurFault ? TRY_AGAIN_LATER : FORBIDDEN, asReason(refusal?.message ?? 'Forbidden'));
        return false;
      }
    },
    onSubscribe: async ({ extra, subscriptions }: SocketContext, id, payload) => {
      const [requestId, now] = [randomUUID(), Date.now()];
      try {
        if (extra.identity === undefined) throw new Error('an operation on a socket without a user');
        const { user, tokenUserId } = extra.identity;
        // What is refused counts too.
        const counted = services.rateLimit.count(tokenUserId);
        counted.catch(() => undefined);
        const { document, definition, operationName, variables } = services.admission.admit(payload, now);
        await counted;
        // Given up, or the socket is closed: nobody is told of this.
        if (!(id in subscriptions) || extra.socket.readyState !== extra.socket.OPEN) return [new GraphQLError('')];
        const signal = start(payload, extra, user.id, definition.operation === 'subscription');
        const request = { requestId, user, now, ...(signal === undefined ? {} : { signal }) };
        const contextValue = createContext(services, request);
        return { schema, document, operationName, variableValues: variables, contextValue };
      } catch (error) {
        return reasonsOf(error);
      }
    },
    subscribe: (args): OperationResult => subscribeShared(args, (result) => JSON.stringify(maskedResult(result))),
    onOperation: ({ extra, subscriptions }: SocketContext, id, _payload, _args, results) => {
      if (!(results instanceof SharedResults && id in subscriptions)) return;
      const beginning = `{"id":${JSON.stringify(id)},"type":"next","payload":`;
      results.deliver((json, ready) => watch.send(extra.socket, `${beginning}${json}}`, ready));
    },
    onError: (_context, _id, _payload, errors) => masked(errors),
    onNext: (_context, _id, _payload, _args, result) => maskedResult(result),
    onComplete: ({ extra }: SocketContext, _id, payload) => {
      extra.endings.get(payload)?.();
      extra.endings.delete(payload);
    },
    onClose: ({ extra }: SocketContext) => {
      for (const end of extra.endings.values()) end();
      extra.endings.clear();
    },
  };
}

/** A value of connection_init by its name, which clients write in any case, as they do with headers. */
function textOf(params: Record<string, unknown> | undefined, name: string): string | undefined {
  const [, value] = Object.entries(params ?? {}).find(([key]) => key.toLowerCase() === name) ?? [];
  return typeof value === 'string' ? value : undefined;
}

/** As much of a message as the reason of a closing holds. */
function asReason(message: string): string {
  let reason = message;
  while (Buffer.byteLength(reason) > REASON_MAX_BYTES) reason = reason.slice(0, -1);
  return reason;
}

/** As graphql-ws has them, to be masked by onError. */
const reasonsOf = (error: unknown): readonly GraphQLError[] =>
  error instanceof Refused ? error.errors : [new GraphQLError('', { originalError: asError(error) })];

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

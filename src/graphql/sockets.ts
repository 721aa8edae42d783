import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { execute, GraphQLError, type GraphQLSchema, OperationTypeNode } from 'graphql';
import { type Context, handleProtocols, MessageType, makeServer, type OperationResult, parseMessage } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Logger } from '../platform/logger.js';
import type { Operation } from './admission/admission.js';
import type { Authenticator, Identity } from './authentication.js';
import { createContext, type Request, type Services } from './context.js';
import { Deadline } from './deadline.js';
import { maskErrors, Refused, type ReportError } from './errors.js';
import type { Sessions } from './live/sessions.js';
import { SharedResults, subscribeShared } from './live/shared-results.js';
import { SocketWatch } from './live/socket-watch.js';
import type { RunningOperation } from './operation-metrics.js';
import { messageInTrace } from './spans.js';

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
  /** Those that are not over, by their ids, which no others may have until then. */
  readonly operations: Map<string, SocketOperation>;
}

interface SocketOperation {
  /** Once it was admitted. */
  readonly running?: RunningOperation;
  readonly end: () => void;
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
const SUBSCRIBER_ALREADY_EXISTS = 4409;
/** Codes of what a client has to change before it connects again. */
const THEIR_FAULT: ReadonlySet<unknown> = new Set(['UNAUTHENTICATED', 'FORBIDDEN', 'BAD_USER_INPUT']);
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
    const operations: SocketState['operations'] = new Map();
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        send: (message) => new Promise((resolve) => watch.send(socket, message, resolve)),
        close: (code = NORMAL, reason = '') => watch.end(socket, code, reason),
        onMessage: (listen) => {
          socket.on('message', (data) => void receive(String(data), listen, operations).catch(fail));
        },
      },
      { socket, operations },
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

/** Of an operation that was given up, or whose socket is closed. */
const NOBODY_TO_TELL = [new GraphQLError('')];

/** Has the protocol's server handle a message, and ends an operation when it is over or its client gives it up. */
async function receive(
  message: string,
  handle: (message: string) => Promise<void>,
  operations: SocketState['operations'],
): Promise<void> {
  const operation = operationOf(message);
  const handled = handle(message);
  if (operation?.type === MessageType.Complete) operations.get(operation.id)?.end();
  await handled;
  if (operation?.type !== MessageType.Subscribe) return;
  operations.get(operation.id)?.end();
  operations.delete(operation.id);
}

/** Which operation a message is about, if it is about one. */
function operationOf(message: string): { readonly type: MessageType; readonly id: string } | undefined {
  try {
    const parsed = parseMessage(message);
    return 'id' in parsed ? parsed : undefined;
  } catch {
    return undefined;
  }
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

  /** What a request knows of its operation; what ends with it, however it ends, is kept by its id. */
  const start = (
    id: string,
    { socket, operations }: SocketState,
    { operation, tokenUserId, begun }: { operation: Operation; tokenUserId: string; begun: number },
  ): Pick<Request, 'running' | 'signal'> => {
    const isSubscription = operation.definition.operation === OperationTypeNode.SUBSCRIPTION;
    const release = isSubscription ? services.subscriptionLimits.start(tokenUserId, socket) : undefined;
    const deadline = isSubscription ? undefined : new Deadline(services.limits.operationTimeoutMs);
    const running = services.operationMetrics.start(operation, begun);
    const end = (): void => {
      release?.();
      deadline?.end();
      running.end();
    };
    operations.set(id, { running, end });
    return { running, ...(deadline === undefined ? {} : { signal: deadline.signal }) };
  };

  return {
    onConnect: async ({ connectionParams, extra }: SocketContext) => {
      const { socket } = extra;
      try {
        const identity = await authenticate({
          authorization: textOf(connectionParams, 'authorization'),
          asUser: textOf(connectionParams, 'x-ethhook-as-user'),
          beforeLookup: (tokenUserId) => services.rateLimit.count(tokenUserId),
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
        const isTheirs = THEIR_FAULT.has(refusal?.extensions?.['code']);
        watch.end(socket, isTheirs ? FORBIDDEN : TRY_AGAIN_LATER, asReason(refusal?.message ?? 'Forbidden'));
        return false;
      }
    },
    onSubscribe: async ({ extra, subscriptions }: SocketContext, id, payload) => {
      if (extra.operations.has(id)) {
        // Given up by the client, but not yet over: the protocol's server would take the one for the other.
        watch.end(extra.socket, SUBSCRIBER_ALREADY_EXISTS, asReason(`Subscriber for ${id} already exists`));
        return NOBODY_TO_TELL;
      }
      extra.operations.set(id, { end: () => undefined });
      const [requestId, now, begun] = [randomUUID(), Date.now(), performance.now()];
      try {
        if (extra.identity === undefined) throw new Error('an operation on a socket without a user');
        const { user, tokenUserId } = extra.identity;
        // What is refused counts too.
        const counted = services.rateLimit.count(tokenUserId);
        counted.catch(() => undefined);
        const operation = services.admission.admit(payload, now);
        await counted;
        if (!(id in subscriptions) || extra.socket.readyState !== extra.socket.OPEN) return NOBODY_TO_TELL;
        const started = start(id, extra, { operation, tokenUserId, begun });
        const { document, operationName, variables } = operation;
        const contextValue = createContext(services, { requestId, user, now, ...started });
        return { schema, document, operationName, variableValues: variables, contextValue };
      } catch (error) {
        services.operationMetrics.refused(error);
        return reasonsOf(error);
      }
    },
    execute: (args) => messageInTrace(args, async () => execute(args)),
    subscribe: (args): OperationResult =>
      subscribeShared(args, (result) => {
        const told = maskedResult(result);
        return { errors: told.errors, json: JSON.stringify(told) };
      }),
    onOperation: ({ extra, subscriptions }: SocketContext, id, _payload, _args, results) => {
      if (!(results instanceof SharedResults && id in subscriptions)) return;
      const beginning = `{"id":${JSON.stringify(id)},"type":"next","payload":`;
      const running = extra.operations.get(id)?.running;
      results.deliver(({ errors, json }, ready) => {
        running?.met(errors);
        watch.send(extra.socket, `${beginning}${json}}`, ready);
      });
    },
    onError: (_context, _id, _payload, errors) => masked(errors),
    onNext: ({ extra }: SocketContext, id, _payload, _args, result) => {
      const told = maskedResult(result);
      extra.operations.get(id)?.running?.met(told.errors);
      return told;
    },
    onClose: ({ extra }: SocketContext) => {
      for (const { end } of extra.operations.values()) end();
      extra.operations.clear();
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

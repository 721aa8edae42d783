import { type Client, type ClientOptions, createClient } from 'graphql-ws';
import WebSocket from 'ws';
import type { AttemptRecord } from '../../src/records/attempt.js';
import { RedisNames } from '../../src/records/names.js';
import { startOfHour } from '../../src/records/time-range.js';
import { committedMessages, publishCommitted } from '../../src/stores/redis/committed.js';
import { RedisDatabase } from '../../src/stores/redis/database.js';
import { ALICE, uuidOf } from './analytics-dataset.js';
import { insertAttemptsIntoClickHouse } from './analytics-stores.js';
import { type freshStores, tokenOf } from './gateway.js';
import { until } from './until.js';

export interface Message {
  readonly hour: string;
  readonly attempts: number;
}

export const QUERY = `subscription ($applicationId: ID, $endpointId: ID) {
  hourlyStats(applicationId: $applicationId, endpointId: $endpointId) { hour attempts successes } }`;

/** Commits to stores as the worker does. Close it before the stores. */
export async function startCommitting(stores: Awaited<ReturnType<typeof freshStores>>) {
  const redis = new RedisDatabase(stores.environment.REDIS_URL, { applicationName: 'test' });
  const names = new RedisNames(stores.environment.STREAM_PREFIX);
  let lastId = 5_000;
  await until('redis is connected', () =>
    redis.ping().then(
      () => true,
      () => false,
    ),
  );

  /** Tells that hours of a user were touched. */
  const announce = (userId: string, ...times: readonly number[]): Promise<void> => {
    const hours = new Map([[userId, new Set(times.map(startOfHour))]]);
    return publishCommitted(redis, names, 'clickhouse', committedMessages('delivery_attempts', hours));
  };
  return {
    announce,
    /** A row, then its notice. */
    async commit(endpoint_id: string, created_at: number, user_id = ALICE): Promise<void> {
      lastId++;
      const attempt: AttemptRecord = {
        id: uuidOf(lastId),
        event_id: uuidOf(1),
        endpoint_id,
        user_id,
        attempt_number: 1,
        status: 'success',
        http_status_code: 200,
        response_time_ms: 5,
        error_message: null,
        created_at,
        updated_at: created_at,
      };
      await insertAttemptsIntoClickHouse(stores.clickhouse, [attempt], attempt.id);
      await announce(user_id, created_at);
    },
    close: () => redis.close(),
  };
}

/** A client that connects once, as a user or with the parameters given. */
export async function connect(
  socketUrl: string,
  asker: string | Record<string, unknown>,
  options: Partial<ClientOptions> = {},
): Promise<Client> {
  const connectionParams = typeof asker === 'string' ? { authorization: `Bearer ${await tokenOf(asker)}` } : asker;
  return createClient({ url: socketUrl, webSocketImpl: WebSocket, connectionParams, retryAttempts: 0, ...options });
}

/** What one subscription of a client has received so far. */
export function subscribe(client: Client, variables: Record<string, unknown> = {}) {
  const messages: Message[] = [];
  const errors: unknown[] = [];
  const unsubscribe = client.subscribe<{ hourlyStats: Message }>(
    { query: QUERY, variables },
    {
      next: ({ data, errors: failed }) => {
        if (data) messages.push(data.hourlyStats);
        errors.push(...(failed ?? []));
      },
      error: (error) => errors.push(...(Array.isArray(error) ? error : [error])),
      complete: () => undefined,
    },
  );
  return { messages, errors, unsubscribe };
}

/** How a socket was closed. */
export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** A bare socket that has sent its connection_init, where there is a payload for it. */
export async function openSocket(socketUrl: string, payload?: unknown, options: WebSocket.ClientOptions = {}) {
  const socket = new WebSocket(socketUrl, 'graphql-transport-ws', options);
  const messages: { readonly type: string }[] = [];
  socket.on('message', (message) => messages.push(JSON.parse(String(message))));
  const closed = new Promise<Closed>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }));
  });
  await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
  socket.send(JSON.stringify({ type: 'connection_init', payload }));
  return { socket, messages, closed };
}

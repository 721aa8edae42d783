import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type Client, createClient } from 'graphql-ws';
import WebSocket from 'ws';
import type { AttemptRecord } from '../../src/records/attempt.js';
import { RedisNames } from '../../src/records/names.js';
import { HOUR_MS, startOfHour } from '../../src/records/time-range.js';
import { committedMessages } from '../../src/stores/redis/committed.js';
import { RedisDatabase } from '../../src/stores/redis/database.js';
import {
  ALICE,
  BOB,
  BOBS_ENDPOINT,
  SHOP,
  SHOP_ORDERS,
  uuidOf,
  WALLET,
  WALLET_MOVES,
} from '../support/analytics-dataset.js';
import { insertAttemptsIntoClickHouse } from '../support/analytics-stores.js';
import { BOBS_APPLICATION, freshStores, startTestGateway, tokenOf } from '../support/gateway.js';
import { until } from '../support/until.js';

interface Message {
  readonly hour: string;
  readonly attempts: number;
}

const thisHour = (): number => startOfHour(Date.now());
const QUERY = `subscription ($applicationId: ID, $endpointId: ID) {
  hourlyStats(applicationId: $applicationId, endpointId: $endpointId) { hour attempts successes } }`;

describe('the live hours', () => {
  let stores: Awaited<ReturnType<typeof freshStores>>;
  let gateway: Awaited<ReturnType<typeof startTestGateway>>;
  let redis: RedisDatabase;
  const clients: Client[] = [];
  let lastId = 5_000;

  beforeAll(async () => {
    stores = await freshStores();
    gateway = await startTestGateway(stores.environment);
    redis = new RedisDatabase(stores.environment.REDIS_URL, { applicationName: 'test' });
    await until('redis is connected', () =>
      redis.ping().then(
        () => true,
        () => false,
      ),
    );
  });

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.dispose()));
  });

  afterAll(async () => {
    redis?.close();
    await gateway?.close();
    await stores?.close();
  });

  /** What one subscription has received so far. */
  async function subscribe(userId: string, variables = {}) {
    const authorization = `Bearer ${await tokenOf(userId)}`;
    const client = createClient({
      url: gateway.socketUrl,
      webSocketImpl: WebSocket,
      connectionParams: { authorization },
      retryAttempts: 0,
    });
    clients.push(client);
    const messages: Message[] = [];
    const errors: unknown[] = [];
    const unsubscribe = client.subscribe<{ hourlyStats: Message }>(
      { query: QUERY, variables },
      {
        next: ({ data, errors: failed }) => {
          if (data) messages.push(data.hourlyStats);
          errors.push(...(failed ?? []));
        },
        error: (error) => errors.push(error),
        complete: () => undefined,
      },
    );
    return { messages, errors, unsubscribe };
  }

  /** Commits attempts as the worker does: the rows, then the notice. */
  async function commit(endpoint_id: string, created_at: number, user_id = ALICE): Promise<AttemptRecord> {
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
    return attempt;
  }

  async function announce(userId: string, time: number): Promise<void> {
    const channel = new RedisNames(stores.environment.STREAM_PREFIX).committed('clickhouse');
    const hours = new Map([[userId, new Set([startOfHour(time)])]]);
    for (const message of committedMessages('delivery_attempts', hours))
      await redis.command('PUBLISH', channel, message);
  }

  test('the current hour comes at once, then every hour that changed, within a second of its commit', async () => {
    const { messages, errors } = await subscribe(ALICE);
    await until('the current hour', () => messages.length === 1);
    const before = messages[0]?.attempts ?? -1;
    expect(messages[0]?.hour).toBe(new Date(thisHour()).toISOString());

    await commit(SHOP_ORDERS, Date.now());
    const committedAt = Date.now();
    await until('the change', () => messages.length === 2);
    expect(Date.now() - committedAt).toBeLessThan(1_000);
    expect(messages[1]?.attempts).toBe(before + 1);

    await commit(SHOP_ORDERS, thisHour() - 30 * HOUR_MS);
    await until('an hour of yesterday', () => messages.length === 3);
    expect(messages[2]).toEqual({
      hour: new Date(thisHour() - 30 * HOUR_MS).toISOString(),
      attempts: 1,
      successes: 1,
    });
    expect(errors).toEqual([]);
  });

  test('a notice without a change sends nothing, and someone else’s change neither', async () => {
    const { messages } = await subscribe(ALICE);
    await until('the current hour', () => messages.length === 1);
    await announce(ALICE, Date.now());
    await commit(BOBS_ENDPOINT, Date.now(), BOB);
    await commit(SHOP_ORDERS, Date.now());
    await until('the one change', () => messages.length === 2);
    expect(messages[1]?.attempts).toBe((messages[0]?.attempts ?? 0) + 1);
  });

  test('an application and an endpoint get their own attempts only', async () => {
    const [shop, wallet, endpoint] = await Promise.all([
      subscribe(ALICE, { applicationId: SHOP }),
      subscribe(ALICE, { applicationId: WALLET }),
      subscribe(ALICE, { applicationId: WALLET, endpointId: WALLET_MOVES }),
    ]);
    await until('the current hour', () => [shop, wallet, endpoint].every(({ messages }) => messages.length === 1));
    await commit(WALLET_MOVES, Date.now());
    await until('the change', () => wallet.messages.length === 2 && endpoint.messages.length === 2);
    await commit(SHOP_ORDERS, Date.now());
    await until('the other change', () => shop.messages.length === 2);
    expect([shop, wallet, endpoint].map(({ messages }) => messages.length)).toEqual([2, 2, 2]);
    expect(endpoint.messages[1]?.attempts).toBe(1);
  });

  test('one who leaves does not disturb the others', async () => {
    const [first, second] = await Promise.all([subscribe(ALICE), subscribe(ALICE)]);
    await until('the current hour', () => first.messages.length === 1 && second.messages.length === 1);
    first.unsubscribe();
    await commit(SHOP_ORDERS, Date.now());
    await until('the change', () => second.messages.length === 2);
    expect(first.messages).toHaveLength(1);
  });

  test('an unknown source and another user’s are refused in the same words', async () => {
    for (const [foreign, unknown] of [
      [{ applicationId: BOBS_APPLICATION }, { applicationId: uuidOf(900) }],
      [{ endpointId: BOBS_ENDPOINT }, { endpointId: 'no uuid' }],
      [{ applicationId: SHOP, endpointId: WALLET_MOVES }, { endpointId: uuidOf(901) }],
    ]) {
      const said: unknown[] = [];
      for (const variables of [foreign, unknown]) {
        const { errors, messages } = await subscribe(ALICE, variables);
        await until('a refusal', () => errors.length > 0);
        expect(messages).toEqual([]);
        expect(errors).toEqual([
          expect.objectContaining({ extensions: { code: 'BAD_USER_INPUT', requestId: expect.any(String) } }),
        ]);
        said.push((errors[0] as { message: string }).message);
      }
      expect(said[0]).toBe(said[1]);
    }
  });

  test.each([[{}], [{ authorization: 'Bearer nonsense' }], [undefined]])(
    'a connection_init of %j closes with 4403',
    async (payload) => {
      const socket = new WebSocket(gateway.socketUrl, 'graphql-transport-ws');
      const code = await new Promise<number>((resolve, reject) => {
        socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload })));
        socket.on('close', resolve);
        socket.on('error', reject);
      });
      expect(code).toBe(4403);
    },
  );

  test('queries are answered over sockets too, with the same errors', async () => {
    const client = createClient({
      url: gateway.socketUrl,
      webSocketImpl: WebSocket,
      connectionParams: { Authorization: `Bearer ${await tokenOf(ALICE)}` },
    });
    clients.push(client);
    const ask = (query: string) =>
      new Promise<unknown>((resolve) => {
        client.subscribe({ query }, { next: resolve, error: resolve, complete: () => undefined });
      });
    expect(await ask('{ me { id } }')).toEqual({ data: { me: { id: ALICE } } });
    const refused = { extensions: { code: 'BAD_USER_INPUT', requestId: expect.any(String) } };
    expect(await ask('{ nonsense }')).toEqual([expect.objectContaining(refused)]);
    expect(await ask('{ endpoints(first: 501) { nodes { id } } }')).toEqual([expect.objectContaining(refused)]);
  });

  test('stopping closes every socket with 1001', async () => {
    const other = await startTestGateway(stores.environment);
    const socket = new WebSocket(other.socketUrl, 'graphql-transport-ws');
    const closed = new Promise<number>((resolve) => socket.on('close', resolve));
    await new Promise((resolve) => socket.on('open', resolve));
    await other.close();
    expect(await closed).toBe(1001);
  });
});

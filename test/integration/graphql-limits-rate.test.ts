import { createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { RedisNames } from '../../src/records/names.js';
import { RedisDatabase } from '../../src/stores/redis/database.js';
import { takeRequests } from '../../src/stores/redis/request-quota.js';
import { ALICE, BOB } from '../support/analytics-dataset.js';
import { freshStores, startTestGateway, tokenOf } from '../support/gateway.js';
import { openSocket } from '../support/live.js';
import { freshPrefix, testServers } from '../support/servers.js';
import { until } from '../support/until.js';

const ASK = '{ me { id } }';
const RATE_LIMITED = { code: 'RATE_LIMITED', requestId: expect.any(String), retryAfterSeconds: expect.any(Number) };

type Gateway = Awaited<ReturnType<typeof startTestGateway>>;

const statuses = async (gateway: Gateway, user: string, times: number): Promise<number[]> =>
  Promise.all(Array.from({ length: times }, async () => (await gateway.ask(user, ASK)).status));

describe('how many requests a user may make in a minute', () => {
  let stores: Awaited<ReturnType<typeof freshStores>>;

  /** A Redis that answers late still counts here, however busy the machine is. */
  const limitedTo = (perMinute: number) => ({
    ...stores.environment,
    STREAM_PREFIX: freshPrefix(),
    RATE_LIMIT_PER_MINUTE: String(perMinute),
    RATE_LIMIT_TIMEOUT_MS: '10000',
  });

  beforeAll(async () => {
    stores = await freshStores();
  });

  afterAll(() => stores?.close());

  test('is counted over all gateways, by user, what is refused included; the rest is 429 with Retry-After', async () => {
    const environment = limitedTo(10);
    const gateways = await Promise.all([startTestGateway(environment), startTestGateway(environment)]);
    const [one, other] = gateways;
    try {
      expect((await one.ask(ALICE, '{ nonsense }')).status).toBe(400);
      const answers = [...(await statuses(one, ALICE, 5)), ...(await statuses(other, ALICE, 7))].sort();
      expect(answers).toEqual([...Array(9).fill(200), ...Array(3).fill(429)]);
      const { status, headers, data, errors } = await other.ask(ALICE, ASK);
      expect([status, data]).toEqual([429, undefined]);
      expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(60);
      expect(headers.get('content-type')).toContain('application/json');
      expect(errors?.map(({ extensions }) => extensions)).toEqual([RATE_LIMITED]);
      expect(await statuses(other, BOB, 1)).toEqual([200]);
    } finally {
      await Promise.all(gateways.map((gateway) => gateway.close()));
    }
  });

  test('counts what is asked over sockets with what is asked over HTTP', async () => {
    // One of them is the connection_init.
    const gateway = await startTestGateway(limitedTo(4));
    const client = createClient({
      url: gateway.socketUrl,
      connectionParams: { authorization: `Bearer ${await tokenOf(ALICE)}` },
      retryAttempts: 0,
      webSocketImpl: WebSocket,
    });
    const ask = (query: string): Promise<unknown> =>
      new Promise((resolve) =>
        client.subscribe({ query }, { next: resolve, error: resolve, complete: () => undefined }),
      );
    try {
      expect(await statuses(gateway, ALICE, 1)).toEqual([200]);
      expect(await ask(ASK)).toEqual({ data: { me: { id: ALICE } } });
      expect(await ask(ASK)).toEqual({ data: { me: { id: ALICE } } });
      const refused = [expect.objectContaining({ extensions: RATE_LIMITED })];
      expect(await ask(ASK)).toEqual(refused);
      expect(await ask('subscription { hourlyStats { hour } }')).toEqual(refused);
      expect(await statuses(gateway, ALICE, 1)).toEqual([429]);
    } finally {
      await client.dispose();
      await gateway.close();
    }
  });

  test('counts those without a token by their address, whatever they ask, and nobody else with them', async () => {
    const gateway = await startTestGateway({ ...limitedTo(1), ANONYMOUS_RATE_LIMIT_PER_MINUTE: '3' });
    try {
      const anonymous = async (query: string) => (await gateway.ask({}, query)).status;
      const answers = [await anonymous(ASK), await anonymous('{ __typename }'), await anonymous('{ nonsense')];
      expect(answers).toEqual([401, 200, 401]);
      expect([await anonymous(ASK), await anonymous('{ __typename }')]).toEqual([429, 429]);
      expect((await statuses(gateway, ALICE, 2)).sort()).toEqual([200, 429]);
    } finally {
      await gateway.close();
    }
  });

  test('counts by the address that a trusted proxy forwards, of a stream of events too, and believes nobody else', async () => {
    const anonymous = { ...limitedTo(1_000), ANONYMOUS_RATE_LIMIT_PER_MINUTE: '1' };
    for (const [TRUSTED_PROXIES, second] of [
      ['', 429],
      ['10.0.0.0/8', 429],
      ['127.0.0.0/8', 200],
      ['1', 200],
    ] as const) {
      const gateway = await startTestGateway({ ...anonymous, STREAM_PREFIX: freshPrefix(), TRUSTED_PROXIES });
      const from = async (forwarded: string, accept = 'application/json') => {
        const response = await fetch(`${gateway.url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-forwarded-for': forwarded, accept },
          body: JSON.stringify({ query: '{ __typename }' }),
        });
        await response.text();
        return response.status;
      };
      try {
        expect([TRUSTED_PROXIES, await from('192.0.2.1')]).toEqual([TRUSTED_PROXIES, 200]);
        expect([TRUSTED_PROXIES, await from('192.0.2.2', 'text/event-stream')]).toEqual([TRUSTED_PROXIES, second]);
        // What a client has written itself stands before what the proxy has added.
        expect([TRUSTED_PROXIES, await from('192.0.2.3, 192.0.2.1')]).toEqual([TRUSTED_PROXIES, 429]);
      } finally {
        await gateway.close();
      }
    }
  });

  test('counts a user once, however their token spells the id', async () => {
    const userId = 'abcdef01-0000-4000-8000-00000000000a';
    await stores.postgres.query({
      name: 'test_user',
      text: `INSERT INTO users (id, email) VALUES ('${userId}', 'letters@example.com')`,
    });
    const gateway = await startTestGateway(limitedTo(2));
    try {
      expect(await statuses(gateway, userId, 2)).toEqual([200, 200]);
      expect(await statuses(gateway, userId.toUpperCase(), 1)).toEqual([429]);
    } finally {
      await gateway.close();
    }
  });

  test('counts the connection_init of a socket; beyond it the socket is closed with 1013, to be tried again', async () => {
    const gateway = await startTestGateway(limitedTo(2));
    try {
      const payload = { authorization: `Bearer ${await tokenOf(ALICE)}` };
      expect(await statuses(gateway, ALICE, 1)).toEqual([200]);
      const first = await openSocket(gateway.socketUrl, payload);
      await until('it is acknowledged', () => first.messages.some(({ type }) => type === 'connection_ack'));
      const second = await openSocket(gateway.socketUrl, payload);
      expect(await second.closed).toEqual({
        code: 1013,
        reason: expect.stringMatching(/^More than 2 requests in a minute: wait \d+ s\.$/),
      });
      first.socket.close();
    } finally {
      await gateway.close();
    }
  });

  test('opens anew with the next window', async () => {
    const redis = new RedisDatabase(testServers().redisUrl, { applicationName: 'test' });
    const names = new RedisNames(freshPrefix());
    const take = (amount: number) => takeRequests(redis, names, { asker: ALICE, amount, limit: 5, windowMs: 200 });
    try {
      const all = await take(6);
      expect(all.granted).toBe(5);
      expect(all.windowEndsInMs).toBeLessThanOrEqual(200);
      await until('the next window opens', async () => (await take(1)).granted === 1);
    } finally {
      redis.close();
    }
  });

  test.each(['away', 'silent'])('is not counted while Redis is %s, and everything is answered', async (state) => {
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => sockets.add(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const port = state === 'away' ? 9 : typeof address === 'object' ? address?.port : undefined;
    const gateway = await startTestGateway({
      ...stores.environment,
      REDIS_URL: `redis://127.0.0.1:${port}`,
      RATE_LIMIT_PER_MINUTE: '2',
    });
    try {
      expect(await statuses(gateway, ALICE, 20)).toEqual(Array(20).fill(200));
      expect(await statuses(gateway, ALICE, 20)).toEqual(Array(20).fill(200));
    } finally {
      await gateway.close();
      for (const socket of sockets) socket.destroy();
      silent.close();
    }
  });
});

import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { signToken } from '../../src/cli/sign-token.js';
import { readGatewayConfig } from '../../src/config.js';
import { startGateway } from '../../src/gateway.js';
import { Lifecycle } from '../../src/platform/lifecycle.js';
import { createLogger } from '../../src/platform/logger.js';
import { ALICE, BOB, SHOP_ORDERS, uuidOf } from '../support/analytics-dataset.js';
import { ADMIN, freshStores, SECRET, startTestGateway, tokenOf } from '../support/gateway.js';

const ASK = '{ me { id } }';
const NOWHERE = 'http://127.0.0.1:9';
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const token = (fields: Partial<Parameters<typeof signToken>[0]> = {}) =>
  signToken({ secret: SECRET, userId: ALICE, now: Date.now(), ttlMs: 60_000, ...fields });
const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('who may ask', () => {
  let stores: Awaited<ReturnType<typeof freshStores>>;
  let gateway: Awaited<ReturnType<typeof startTestGateway>>;

  beforeAll(async () => {
    stores = await freshStores();
    gateway = await startTestGateway({ ...stores.environment, JWT_SECRET: `${SECRET},an older secret` });
  });

  afterAll(async () => {
    await gateway?.close();
    await stores?.close();
  });

  test.each<[string, () => Promise<Record<string, string>> | Record<string, string>]>([
    ['no token', () => ({})],
    ['no bearer token', () => ({ authorization: 'Basic YTpi' })],
    ['a text that is no token', () => bearer('nonsense')],
    ['a forged signature', async () => bearer(`${(await token()).slice(0, -6)}AAAAAA`)],
    ['another secret', async () => bearer(await token({ secret: 'not the secret' }))],
    ['an expired token', async () => bearer(await token({ now: Date.now() - 7_200_000, ttlMs: 60_000 }))],
    ['a token without a signature', () => bearer(`${encoded({ alg: 'none' })}.${encoded({ sub: ALICE })}.`)],
    ['a user that does not exist', async () => bearer(await token({ userId: uuidOf(999) }))],
    ['a subject that is no UUID', async () => bearer(await token({ userId: 'alice@example.com' }))],
  ])('%s is UNAUTHENTICATED, with no data', async (_name, headers) => {
    const { status, errors, data } = await gateway.ask(await headers(), ASK);
    expect(status).toBe(401);
    expect(data).toBeUndefined();
    expect(errors).toHaveLength(1);
    expect(errors?.[0]?.extensions).toEqual({ code: 'UNAUTHENTICATED', requestId: expect.any(String) });
  });

  test('any of several secrets signs in, and 30 seconds of clock difference are allowed', async () => {
    for (const fields of [{}, { secret: 'an older secret' }, { now: Date.now() - 20_000, ttlMs: 1_000 }]) {
      const { status, data } = await gateway.ask(bearer(await token(fields)), ASK);
      expect([status, data]).toEqual([200, { me: { id: ALICE } }]);
    }
  });

  test('issuer and audience are checked when set', async () => {
    const strict = await startTestGateway({ ...stores.environment, JWT_ISSUER: 'us', JWT_AUDIENCE: 'analytics' });
    try {
      const statuses = [];
      for (const fields of [{}, { issuer: 'us' }, { issuer: 'them', audience: 'analytics' }]) {
        statuses.push((await strict.ask(bearer(await token(fields)), ASK)).status);
      }
      expect(statuses).toEqual([401, 401, 401]);
      expect((await strict.ask(bearer(await token({ issuer: 'us', audience: 'analytics' })), ASK)).status).toBe(200);
    } finally {
      await strict.close();
    }
  });

  test('published keys sign in where JWKS_URL is set, and cannot be used as a secret', async () => {
    const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256' };
    const keys = createServer((_request, response) => {
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }));
    });
    await new Promise<void>((resolve) => keys.listen(0, '127.0.0.1', resolve));
    const address = keys.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/keys`;
    const { JWT_SECRET: _secret, ...environment } = stores.environment;
    const byKeys = await startTestGateway({ ...environment, JWKS_URL: url });
    const withoutKeys = await startTestGateway({ ...environment, JWKS_URL: NOWHERE });
    try {
      const sign = (kid: string) =>
        new SignJWT()
          .setProtectedHeader({ alg: 'RS256', kid })
          .setSubject(BOB)
          .setExpirationTime('1m')
          .sign(privateKey);
      expect((await byKeys.ask(bearer(await sign('one')), ASK)).data).toEqual({ me: { id: BOB } });
      expect((await byKeys.ask(bearer(await sign('two')), ASK)).status).toBe(401);
      expect((await byKeys.ask(bearer(await token({ secret: JSON.stringify(jwk) })), ASK)).status).toBe(401);
      expect((await byKeys.ask(bearer(await token({ secret: jwk.n ?? '' })), ASK)).status).toBe(401);

      const away = await withoutKeys.ask(bearer(await sign('one')), ASK);
      expect(away.status).toBe(503);
      expect(away.errors?.[0]?.extensions).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', upstream: 'jwks' });
    } finally {
      await Promise.all([byKeys.close(), withoutKeys.close()]);
      keys.close();
    }
  });

  test('an admin acts for a user; nobody else does', async () => {
    const asBob = async (userId: string, other = BOB) =>
      gateway.ask({ ...bearer(await tokenOf(userId)), 'x-ethhook-as-user': other }, ASK);
    expect((await asBob(ADMIN)).data).toEqual({ me: { id: BOB } });
    const refused = await asBob(ALICE);
    expect([refused.status, refused.errors?.[0]?.extensions['code']]).toEqual([403, 'FORBIDDEN']);
    expect((await asBob(ADMIN, 'nobody')).errors?.[0]?.extensions['code']).toBe('BAD_USER_INPUT');
  });

  test('the schema is public, and nothing beside it', async () => {
    const { status, data } = await gateway.ask({}, '{ __schema { queryType { name } } __typename }');
    expect([status, data]).toEqual([200, { __schema: { queryType: { name: 'Query' } }, __typename: 'Query' }]);
    for (const query of [
      '{ __typename me { id } }',
      'query A { __typename } query B { me { id } }',
      '{ ...F } fragment F on Query { me { id } }',
    ]) {
      expect((await gateway.ask({}, query)).status).toBe(401);
    }
  });
});

describe('what is refused', () => {
  let stores: Awaited<ReturnType<typeof freshStores>>;
  let gateway: Awaited<ReturnType<typeof startTestGateway>>;

  beforeAll(async () => {
    stores = await freshStores();
    gateway = await startTestGateway(stores.environment);
  });

  afterAll(async () => {
    await gateway?.close();
    await stores?.close();
  });

  test.each([
    ['{ nonsense }', 'BAD_USER_INPUT'],
    ['{ me { id ', 'BAD_USER_INPUT'],
    ['', 'BAD_USER_INPUT'],
    ['query A { me { id } } query B { me { id } }', 'BAD_USER_INPUT'],
    ['subscription { hourlyStats { hour } }', 'BAD_USER_INPUT'],
    ['{ endpoints(first: 0) { nodes { id } } }', 'BAD_USER_INPUT'],
    ['{ endpoints(first: -1) { nodes { id } } }', 'BAD_USER_INPUT'],
    ['{ endpoints(first: 501) { nodes { id } } }', 'BAD_USER_INPUT'],
    ['{ endpoints(after: "nonsense") { nodes { id } } }', 'BAD_USER_INPUT'],
    ['{ deliveryAttempts(after: "MTIz") { nodes { id } } }', 'BAD_USER_INPUT'],
    ['{ me { stats(range: {from: "yesterday"}) { attempts } } }', 'BAD_USER_INPUT'],
    ['{ me { stats(range: {from: "2026-02-30T00:00:00Z"}) { attempts } } }', 'BAD_USER_INPUT'],
    [
      '{ me { stats(range: {from: "2026-01-02T00:00:00Z", to: "2026-01-02T00:00:00Z"}) { attempts } } }',
      'BAD_USER_INPUT',
    ],
    ['{ dashboardStats(range: {from: "2999-01-01T00:00:00Z"}) { attempts } }', 'BAD_USER_INPUT'],
    [
      '{ deliveryAttempts(filter: {range: {from: "2026-01-02T00:00:00Z", to: "2026-01-01T00:00:00Z"}}) { nodes { id } } }',
      'BAD_USER_INPUT',
    ],
    ['{ me { hourlyStats(range: {from: "2016-01-01T00:00:00Z"}) { hour } } }', 'QUERY_TOO_COMPLEX'],
    ['{ dashboardStats(range: {from: "2016-01-01T00:00:00Z"}) { hourlyStats { hour } } }', 'QUERY_TOO_COMPLEX'],
    ['{ me { dailyStats(timeZone: "Mars/Olympus") { date } } }', 'BAD_USER_INPUT'],
    ['{ me { dailyStats(timeZone: "") { date } } }', 'BAD_USER_INPUT'],
    [
      '{ me { dailyStats(range: {from: "2025-01-01T23:59:59Z", to: "2026-02-05T00:00:01Z"}) { date } } }',
      'QUERY_TOO_COMPLEX',
    ],
    [
      '{ me { dailyStats(range: {from: "0000-01-01T00:00:00Z", to: "9999-12-31T23:59:59Z"}, timeZone: "Asia/Kathmandu") { date } } }',
      'QUERY_TOO_COMPLEX',
    ],
    ['{ me { breakdown(by: STATUS, first: 501) { key } } }', 'BAD_USER_INPUT'],
    ['{ me { breakdown(by: URL) { key } } }', 'BAD_USER_INPUT'],
  ])('%s is %s', async (query, code) => {
    const { errors } = await gateway.ask(ALICE, query);
    expect(errors?.map(({ extensions }) => extensions)).toEqual([{ code, requestId: expect.any(String) }]);
  });

  test('the longest ranges of hours and days are answered, and ten years of totals are', async () => {
    const { errors, data } = await gateway.ask(
      ALICE,
      `{ me { hourlyStats(range: {from: "2026-01-01T00:30:00Z", to: "2026-04-10T23:30:00Z"}) { hour }
        dailyStats(range: {from: "2025-01-01T23:00:00Z", to: "2026-02-04T01:00:00Z"}) { date }
        stats(range: {from: "0001-01-01T00:00:00Z", to: "9999-12-31T23:59:59Z"}) { attempts range { from to } } } }`,
    );
    expect(errors).toBeUndefined();
    const { me } = data as { me: { hourlyStats: object[]; dailyStats: object[]; stats: object } };
    expect(me.hourlyStats).toHaveLength(2_400);
    expect(me.dailyStats).toHaveLength(400);
    expect(me.stats).toEqual({
      attempts: 0,
      range: { from: '0001-01-01T00:00:00.000Z', to: '9999-12-31T23:59:59.000Z' },
    });
  });

  test.each<[number, string, RequestInit]>([
    [400, 'BAD_USER_INPUT', { body: '{"query": ', headers: { 'content-type': 'application/json' } }],
    [400, 'BAD_USER_INPUT', { body: '[]', headers: { 'content-type': 'application/json' } }],
    [
      400,
      'BAD_USER_INPUT',
      { body: 'query={me{id}}', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    ],
    [400, 'BAD_USER_INPUT', { headers: { 'content-type': 'application/json' } }],
    [413, 'QUERY_TOO_COMPLEX', { body: `"${'x'.repeat(2_000_000)}"`, headers: { 'content-type': 'application/json' } }],
  ])('a POST that is answered %i is JSON with the code %s and a request id', async (status, code, init) => {
    const headers = { authorization: `Bearer ${await tokenOf(ALICE)}`, 'x-request-id': 'mine-1', ...init.headers };
    const response = await fetch(`${gateway.url}/graphql`, { ...init, method: 'POST', headers });
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toContain('application/json');
    expect(response.headers.get('x-request-id')).toBe('mine-1');
    const { errors, data } = JSON.parse(await response.text());
    expect(data).toBeUndefined();
    expect(errors[0].extensions).toEqual({ code, requestId: 'mine-1' });
  });

  test('a method other than GET and POST is told which ones there are', async () => {
    const response = await fetch(`${gateway.url}/graphql`, { method: 'PUT', body: '{}' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST, OPTIONS']);
    expect(JSON.parse(await response.text()).errors[0].extensions.code).toBe('BAD_USER_INPUT');
  });
});

describe('while an upstream is away', () => {
  let stores: Awaited<ReturnType<typeof freshStores>>;

  beforeAll(async () => {
    stores = await freshStores();
  });

  afterAll(() => stores?.close());

  test('without ClickHouse and Redis configuration still answers, numbers are null, and /readyz stays 200', async () => {
    const gateway = await startTestGateway({
      ...stores.environment,
      CLICKHOUSE_URL: `${NOWHERE}/ethhook`,
      REDIS_URL: 'redis://127.0.0.1:9',
    });
    try {
      const { status, data, errors } = await gateway.ask(
        ALICE,
        `{ me { email stats { attempts } successRate } endpoint(id: "${SHOP_ORDERS}") { name application { name } }
          deliveryAttempts { nodes { id } } dashboardStats { attempts } }`,
      );
      expect(status).toBe(200);
      expect(data).toEqual({
        me: { email: 'alice@example.com', stats: null, successRate: null },
        endpoint: { name: 'Orders', application: { name: 'Shop' } },
        deliveryAttempts: null,
        dashboardStats: null,
      });
      expect(errors).toHaveLength(4);
      for (const { extensions, message } of errors ?? []) {
        expect(extensions).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', upstream: 'clickhouse' });
        expect(message).not.toMatch(/ECONNREFUSED|127\.0\.0\.1/);
      }
      const ready = await fetch(`${gateway.url}/readyz`);
      expect([ready.status, await ready.json()]).toEqual([
        200,
        { status: 'ready', upstreams: { postgres: true, clickhouse: false, redis: false } },
      ]);
    } finally {
      await gateway.close();
    }
  });

  test('a failure on our side says nothing internal', async () => {
    const gateway = await startTestGateway(stores.environment);
    try {
      await stores.postgres.query({ name: 'test_break', text: 'ALTER TABLE applications RENAME TO mislaid' });
      const { data, errors } = await gateway.ask(ALICE, '{ me { id } endpoints { nodes { id } } }');
      expect(data).toBeNull();
      expect(errors).toHaveLength(1);
      expect(errors?.[0]?.extensions).toEqual({ code: 'INTERNAL_SERVER_ERROR', requestId: expect.any(String) });
      expect(JSON.stringify(errors)).not.toMatch(/applications|relation|SELECT|42P01|stack/i);
    } finally {
      await stores.postgres.query({ name: 'test_mend', text: 'ALTER TABLE mislaid RENAME TO applications' });
      await gateway.close();
    }
  });

  test('an older schema keeps the gateway from starting and says what to do', async () => {
    await stores.postgres.query({ name: 'test_break', text: 'DELETE FROM ethhook_schema_migrations WHERE number = 1' });
    const lifecycle = new Lifecycle(() => undefined);
    const starting = startGateway(
      readGatewayConfig(stores.environment),
      createLogger('test', 'silent'),
      lifecycle,
      new AbortController().signal,
    );
    await expect(starting).rejects.toThrow(/migrate up/);
    await lifecycle.close();
  });
});

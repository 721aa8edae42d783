import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { getIntrospectionQuery } from 'graphql';
import { hashOf } from '../../src/graphql/admission/documents.js';
import { UserError } from '../../src/platform/errors.js';
import { ALICE } from '../support/analytics-dataset.js';
import { freshStores, startTestGateway, tokenOf } from '../support/gateway.js';

const QUERY = 'query Mine { me { id } }';
const PERSISTED = { persistedQuery: { version: 1, sha256Hash: hashOf(QUERY) } };
const APP = 'https://app.example.com';

type Gateway = Awaited<ReturnType<typeof startTestGateway>>;
let stores: Awaited<ReturnType<typeof freshStores>>;

beforeAll(async () => {
  stores = await freshStores();
});

afterAll(() => stores?.close());

async function withGateway(environment: Record<string, string>, run: (gateway: Gateway) => Promise<void>) {
  const gateway = await startTestGateway({ ...stores.environment, ...environment });
  await run(gateway).finally(() => gateway.close());
}

/** The answer to a GET with these parameters. */
async function get(gateway: Gateway, parameters: Record<string, string>, headers: Record<string, string> = {}) {
  const response = await fetch(`${gateway.url}/graphql?${new URLSearchParams(parameters)}`, {
    headers: { authorization: `Bearer ${await tokenOf(ALICE)}`, ...headers },
  });
  return { status: response.status, body: JSON.parse(await response.text()) };
}

async function post(gateway: Gateway, body: object, headers: Record<string, string> = {}) {
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${await tokenOf(ALICE)}`, ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
}

const preflight = (gateway: Gateway, origin: string) =>
  fetch(`${gateway.url}/graphql`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    },
  });

describe('what pages of other origins may do', () => {
  test('nothing, as long as none is listed', () =>
    withGateway({}, async (gateway) => {
      const asked = await preflight(gateway, APP);
      expect(asked.headers.get('access-control-allow-origin')).toBeNull();
      const { headers } = await post(gateway, { query: QUERY }, { origin: APP });
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }));

  test('ask, where their origin is listed', () =>
    withGateway({ CORS_ORIGINS: `${APP}, http://localhost:3000` }, async (gateway) => {
      const asked = await preflight(gateway, APP);
      expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([204, APP]);
      expect(asked.headers.get('access-control-allow-headers')).toContain('authorization, content-type');
      expect(asked.headers.get('vary')).toContain('origin');
      const { headers } = await post(gateway, { query: QUERY }, { origin: 'http://localhost:3000' });
      expect(headers.get('access-control-allow-origin')).toBe('http://localhost:3000');
      expect(headers.get('access-control-allow-credentials')).toBeNull();
      const stranger = await preflight(gateway, 'https://app.example.com.evil.example');
      expect(stranger.headers.get('access-control-allow-origin')).toBeNull();
    }));

  test('no forged request is answered: a form, a text, or a GET without a header that needs to be allowed', () =>
    withGateway({}, async (gateway) => {
      for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data']) {
        const { status, body } = await post(gateway, { query: QUERY }, { 'content-type': type });
        expect([status, body.errors[0].extensions.code]).toEqual([400, 'BAD_USER_INPUT']);
      }
      const { status, body } = await get(gateway, { query: QUERY });
      expect([status, body.errors[0].extensions.code]).toEqual([400, 'BAD_USER_INPUT']);
    }));

  test('every answer forbids frames, foreign files and guessing of types', () =>
    withGateway({}, async (gateway) => {
      for (const path of ['/', '/graphql', '/healthz', '/nowhere']) {
        const { headers } = await fetch(`${gateway.url}${path}`, { headers: { accept: 'text/html' } });
        expect(headers.get('content-security-policy')).toMatch(/^default-src '(self|none)';.*frame-ancestors 'none'/);
        expect(headers.get('x-content-type-options')).toBe('nosniff');
        expect(headers.get('x-frame-options')).toBe('DENY');
        expect(headers.get('referrer-policy')).toBe('no-referrer');
        expect(headers.get('x-powered-by')).toBeNull();
      }
    }));
});

describe('GET', () => {
  const header = { 'apollo-require-preflight': '1' };

  test('answers queries, with variables', () =>
    withGateway({}, async (gateway) => {
      const query = 'query ($first: Int!) { endpoints(first: $first) { nodes { id } } }';
      const { status, body } = await get(gateway, { query, variables: '{"first": 1}' }, header);
      expect([status, body.errors, body.data.endpoints.nodes.length]).toEqual([200, undefined, 1]);
    }));

  test.each<[string, Record<string, string>]>([
    ['a mutation', { query: 'mutation { me { id } }' }],
    ['a subscription', { query: 'subscription { hourlyStats { hour } }' }],
    ['variables that are no JSON', { query: QUERY, variables: '{' }],
    ['nothing', {}],
  ])('%s is bad input', (_name, parameters) =>
    withGateway({}, async (gateway) => {
      const { status, body } = await get(gateway, parameters, header);
      expect([status, body.data, body.errors[0].extensions.code]).toEqual([400, undefined, 'BAD_USER_INPUT']);
    }),
  );

  test('batches are not read', () =>
    withGateway({}, async (gateway) => {
      const { status, body } = await post(gateway, [{ query: QUERY }, { query: QUERY }]);
      expect([status, body.errors[0].extensions.code]).toEqual([400, 'BAD_USER_INPUT']);
    }));
});

describe('persisted queries', () => {
  test("follow Apollo's protocol, by POST and by GET", () =>
    withGateway({}, async (gateway) => {
      const unknown = await post(gateway, { extensions: PERSISTED });
      expect(unknown).toMatchObject({
        status: 200,
        body: {
          errors: [{ message: 'PersistedQueryNotFound', extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }],
        },
      });
      const answer = { data: { me: { id: ALICE } } };
      expect((await post(gateway, { query: QUERY, extensions: PERSISTED })).body).toEqual(answer);
      expect((await post(gateway, { extensions: PERSISTED })).body).toEqual(answer);
      const extensions = JSON.stringify(PERSISTED);
      expect((await get(gateway, { extensions }, { 'x-apollo-operation-name': 'Mine' })).body).toEqual(answer);
    }));

  test('are all that runs where there is an allow-list', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ethhook-allow-list-'));
    const file = join(folder, 'manifest.json');
    const manifest = (body: string, id = hashOf(body)) =>
      writeFileSync(
        file,
        JSON.stringify({
          format: 'apollo-persisted-query-manifest',
          version: 1,
          operations: [{ id, name: 'Mine', type: 'query', body }],
        }),
      );
    try {
      manifest(QUERY);
      await withGateway({ ALLOWED_DOCUMENTS_FILE: file }, async (gateway) => {
        for (const body of [{ query: QUERY }, { extensions: PERSISTED }]) {
          expect((await post(gateway, body)).body).toEqual({ data: { me: { id: ALICE } } });
        }
        for (const query of ['{ me { id } }', getIntrospectionQuery()]) {
          const { status, body } = await post(gateway, { query });
          expect([status, body.errors[0].extensions.code]).toEqual([403, 'FORBIDDEN']);
        }
      });
      for (const spoil of [
        () => manifest('{ me { emale } }'),
        () => manifest(QUERY, 'mine'),
        () => writeFileSync(file, '{'),
        () => writeFileSync(file, '{}'),
        () => rmSync(file),
      ]) {
        spoil();
        const starting = withGateway({ ALLOWED_DOCUMENTS_FILE: file }, async () => undefined);
        await expect(starting).rejects.toThrow(UserError);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test('introspection and the playground can be switched off', () =>
  withGateway({ INTROSPECTION: 'off', PLAYGROUND: 'off' }, async (gateway) => {
    for (const headers of [{}, { authorization: `Bearer ${await tokenOf(ALICE)}` }]) {
      const { status, data } = await gateway.ask(headers, getIntrospectionQuery());
      expect([401, 403]).toContain(status);
      expect(data).toBeUndefined();
    }
    const page = await fetch(`${gateway.url}/graphql`, { headers: { accept: 'text/html' } });
    expect([page.status, page.headers.get('content-type')]).toEqual([400, 'application/json; charset=utf-8']);
    expect((await gateway.ask(ALICE, QUERY)).data).toEqual({ me: { id: ALICE } });
  }));

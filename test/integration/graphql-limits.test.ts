import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import WebSocket from 'ws';
import { HOSTILE_DOCUMENTS } from '../../bench/hostile-documents.js';
import { hashOf } from '../../src/graphql/admission/documents.js';
import { ALICE, ATTEMPTS } from '../support/analytics-dataset.js';
import { insertAttemptsIntoClickHouse } from '../support/analytics-stores.js';
import { freshStores, startTestGateway, tokenOf } from '../support/gateway.js';
import { listeningProxy } from '../support/listening-proxy.js';

type Gateway = Awaited<ReturnType<typeof startTestGateway>>;
interface Errors {
  readonly errors: readonly { readonly extensions: { readonly code: string; readonly requestId: string } }[];
  readonly data?: unknown;
}

/** A request line and headers take so much at most. */
const URL_LENGTH = 12_000;
/** What the gateway asks of its own accord, such as whether the users of open sockets are still there. */
const OWN_QUERIES = new Set(['ping', 'migration_phase', 'notice_closed_connections', 'users_by_id']);

const persisted = (query: string) => ({ persistedQuery: { version: 1, sha256Hash: hashOf(query) } });

/** One way in for an operation that is refused. */
type Way = (gateway: Gateway, request: { query: string; variables: object }) => Promise<Errors>;

async function post(gateway: Gateway, request: object): Promise<Errors> {
  const { status, contentType, body } = await overHttp(gateway, request);
  expect([status, contentType]).toEqual([400, 'application/json; charset=utf-8']);
  return body;
}

async function overHttp(gateway: Gateway, request: object, headers: Record<string, string> = {}) {
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${await tokenOf(ALICE)}`, ...headers },
    body: JSON.stringify(request),
  });
  const body: Errors = JSON.parse(await response.text());
  return { status: response.status, contentType: response.headers.get('content-type'), body };
}

/** An operation's answer over a socket of its own. */
async function overSocket(gateway: Gateway, payload: object): Promise<Errors> {
  const authorization = `Bearer ${await tokenOf(ALICE)}`;
  const socket = new WebSocket(gateway.socketUrl, 'graphql-transport-ws');
  try {
    return await new Promise((resolve, reject) => {
      socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization } })));
      socket.on('close', (code) => reject(new Error(`closed with ${code}`)));
      socket.on('message', (data) => {
        const message = JSON.parse(String(data));
        if (message.type === 'connection_ack') socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload }));
        if (message.type === 'error') resolve({ errors: message.payload });
        if (message.type === 'next') reject(new Error(`answered: ${data}`));
      });
    });
  } finally {
    socket.terminate();
  }
}

const WAYS: Readonly<Record<string, Way>> = {
  POST: (gateway, request) => post(gateway, request),
  'POST, to be persisted': async (gateway, request) => {
    const extensions = persisted(request.query);
    const refusal = await post(gateway, { ...request, extensions });
    const byHash = await overHttp(gateway, { variables: request.variables, extensions });
    // A document that is refused for its variables alone is kept, and refused again.
    const codes = [refusal.errors[0]?.extensions.code, 'PERSISTED_QUERY_NOT_FOUND'];
    expect(codes).toContain(byHash.body.errors[0]?.extensions.code);
    return byHash.body.data === undefined ? refusal : byHash.body;
  },
  GET: async (gateway, { query, variables }) => {
    const search = new URLSearchParams({ query, variables: JSON.stringify(variables) });
    if (search.toString().length > URL_LENGTH) return post(gateway, { query, variables });
    const response = await fetch(`${gateway.url}/graphql?${search}`, {
      headers: { 'apollo-require-preflight': '1', authorization: `Bearer ${await tokenOf(ALICE)}` },
    });
    expect(response.status).toBe(400);
    return JSON.parse(await response.text());
  },
  'a stream of events': async (gateway, request) => {
    const { status, contentType, body } = await overHttp(gateway, request, { accept: 'text/event-stream' });
    expect([status, contentType]).toEqual([400, 'application/json; charset=utf-8']);
    return body;
  },
  'a socket': (gateway, request) => overSocket(gateway, request),
};

describe('what no client may ask', () => {
  let stores: Awaited<ReturnType<typeof freshStores>>;
  let gateway: Gateway;
  let postgres: Awaited<ReturnType<typeof listeningProxy>>;
  let clickhouse: Awaited<ReturnType<typeof listeningProxy>>;

  beforeAll(async () => {
    stores = await freshStores();
    await insertAttemptsIntoClickHouse(stores.clickhouse, ATTEMPTS, 'first');
    postgres = await listeningProxy(stores.environment.POSTGRES_URL);
    clickhouse = await listeningProxy(stores.environment.CLICKHOUSE_URL);
    gateway = await startTestGateway({
      ...stores.environment,
      POSTGRES_URL: postgres.url,
      CLICKHOUSE_URL: clickhouse.url,
    });
  });

  afterAll(async () => {
    await gateway?.close();
    await Promise.all([postgres?.close(), clickhouse?.close()]);
    await stores?.close();
  });

  /** What the stores have been asked since the last call, by name. */
  function asked(): string[] {
    const ofPostgres = [...postgres.take().matchAll(/\/\* (\w+) \*\//g)].map(([, name = '']) => name);
    const ofClickHouse = [...clickhouse.take().matchAll(/log_comment=(\w+)/g)].map(([, name = '']) => name);
    return [...ofPostgres, ...ofClickHouse].filter((name) => !OWN_QUERIES.has(name));
  }

  test('the stores are heard when they are asked', async () => {
    asked();
    const { errors } = await gateway.ask(ALICE, '{ me { id stats { attempts } } endpoints { nodes { id } } }');
    expect(errors).toBeUndefined();
    expect(asked().length).toBeGreaterThanOrEqual(2);
  });

  test.each(Object.entries(HOSTILE_DOCUMENTS))(
    '%s is refused whichever way it comes in, with no data, and no store is asked',
    async (_name, { query, variables = {}, code }) => {
      for (const [way, ask] of Object.entries(WAYS)) {
        asked();
        const { errors, data } = await ask(gateway, { query, variables });
        expect(data).toBeUndefined();
        expect(errors.length).toBeGreaterThan(0);
        for (const { extensions } of errors) expect(extensions).toEqual({ code, requestId: expect.any(String) });
        expect([way, asked()]).toEqual([way, []]);
      }
    },
  );

  test('a body of 10 MB is 413, whether its length is told or not, and a message of a socket closes it with 1009', async () => {
    asked();
    const body = JSON.stringify({ query: `{ me { id } } # ${'x'.repeat(10_000_000)}` });
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${await tokenOf(ALICE)}` };
    const inPieces = new ReadableStream({
      pull(controller) {
        controller.enqueue(new TextEncoder().encode(body));
        controller.close();
      },
    });
    for (const init of [{ body }, { body: inPieces, duplex: 'half' as const }]) {
      const response = await fetch(`${gateway.url}/graphql`, { method: 'POST', headers, ...init });
      expect(response.status).toBe(413);
      expect(JSON.parse(await response.text())).toEqual({
        errors: [expect.objectContaining({ extensions: { code: 'QUERY_TOO_COMPLEX', requestId: expect.any(String) } })],
      });
    }
    expect(asked()).toEqual([]);
    await expect(overSocket(gateway, { query: `{ me { id } } # ${'x'.repeat(10_000_000)}` })).rejects.toThrow('1009');
  });

  test('a body is refused by its announced length or its beginning, before the rest has come', async () => {
    const { hostname, port } = new URL(gateway.url);
    const head = `POST /graphql HTTP/1.1\r\nhost: ${hostname}\r\ncontent-type: application/json\r\n`;
    const chunk = `${(65_536).toString(16)}\r\n${' '.repeat(65_536)}\r\n`;
    for (const beginning of [
      `${head}content-length: 10000000\r\n\r\n{"query":`,
      `${head}transfer-encoding: chunked\r\n\r\n${chunk.repeat(5)}`,
    ]) {
      const socket = connect(Number(port), hostname);
      const answer = new Promise<string>((resolve, reject) => {
        socket.once('data', (bytes) => resolve(String(bytes))).once('error', reject);
      });
      socket.write(beginning);
      expect(await answer).toMatch(/^HTTP\/1.1 413 /);
      socket.destroy();
    }
  });

  test('the gateway still answers what may be asked', async () => {
    const { data } = await gateway.ask(ALICE, '{ me { id } }');
    expect(data).toEqual({ me: { id: ALICE } });
  });
});

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Client } from 'graphql-ws';
import { signToken } from '../../src/cli/sign-token.js';
import { freePort } from '../../src/embedded/free-port.js';
import { ALICE, BOB, SHOP_ORDERS, uuidOf } from '../support/analytics-dataset.js';
import { ADMIN, freshStores, SECRET, startTestGateway, tokenOf } from '../support/gateway.js';
import { connect, openSocket, QUERY, startCommitting, subscribe } from '../support/live.js';
import { until } from '../support/until.js';

/** The leeway of clocks, milliseconds: a token is believed for so long after its end. */
const LEEWAY_MS = 30_000;

const rateLimited = expect.objectContaining({
  extensions: { code: 'RATE_LIMITED', requestId: expect.any(String) },
});

describe('the sockets of live hours', () => {
  let stores: Awaited<ReturnType<typeof freshStores>>;
  let gateway: Awaited<ReturnType<typeof startTestGateway>>;
  let committing: Awaited<ReturnType<typeof startCommitting>>;
  const clients: Client[] = [];

  beforeAll(async () => {
    stores = await freshStores();
    gateway = await startTestGateway({
      ...stores.environment,
      MAX_SUBSCRIPTIONS_PER_USER: '3',
      MAX_SUBSCRIPTIONS_PER_SOCKET: '2',
    });
    committing = await startCommitting(stores);
  });

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.dispose()));
  });

  afterAll(async () => {
    committing?.close();
    await gateway?.close();
    await stores?.close();
  });

  /** A socket whose connection_init has been taken. */
  async function acknowledged(socketUrl: string, payload: unknown) {
    const opened = await openSocket(socketUrl, payload);
    await until('the socket is acknowledged', () => opened.messages.some(({ type }) => type === 'connection_ack'));
    return opened;
  }

  const bearer = async (userId: string): Promise<string> => `Bearer ${await tokenOf(userId)}`;

  test.each([
    [{}, 'A token is needed: send the header `authorization: Bearer <token>`.'],
    [{ authorization: 'Bearer nonsense' }, 'The token is not valid here.'],
    [undefined, 'A token is needed: send the header `authorization: Bearer <token>`.'],
  ])('a connection_init of %j closes with 4403 and says why', async (payload, reason) => {
    const { closed } = await openSocket(gateway.socketUrl, payload);
    expect(await closed).toEqual({ code: 4403, reason });
  });

  test('a token that expires closes its socket with 4403', async () => {
    const token = await signToken({ secret: SECRET, userId: ALICE, now: Date.now(), ttlMs: 8_000 - LEEWAY_MS });
    const { closed } = await acknowledged(gateway.socketUrl, { authorization: `Bearer ${token}` });
    expect(await closed).toEqual({ code: 4403, reason: 'token expired' });
  });

  test('a user who is deleted loses the sockets, and an admin who is one no longer those opened for others', async () => {
    const run = (text: string) => stores.postgres.query({ name: 'test_users', text });
    const [leaving, demoted] = [uuidOf(801), uuidOf(802)];
    await run(`INSERT INTO users (id, email, is_admin) VALUES
      ('${leaving}', 'leaving@example.com', false), ('${demoted}', 'demoted@example.com', true)`);
    const ofLeaving = await acknowledged(gateway.socketUrl, { authorization: await bearer(leaving) });
    const forAlice = await acknowledged(gateway.socketUrl, {
      authorization: await bearer(demoted),
      'x-ethhook-as-user': ALICE,
    });
    await run(`DELETE FROM users WHERE id = '${leaving}'`);
    await run(`UPDATE users SET is_admin = false WHERE id = '${demoted}'`);
    expect(await ofLeaving.closed).toEqual({ code: 4403, reason: 'user no longer exists' });
    expect(await forAlice.closed).toEqual({ code: 4403, reason: 'no longer an admin' });
  });

  test('a socket and a user have so many subscriptions at most, and one that ends makes room', async () => {
    const [first, second] = [await connect(gateway.socketUrl, ADMIN), await connect(gateway.socketUrl, ADMIN)];
    clients.push(first, second);
    const watching = [first, first, second].map((client) => subscribe(client));
    await until('three are served', () => watching.every(({ messages }) => messages.length === 1));
    const ofSocket = subscribe(first);
    await until('a socket’s third is refused', () => ofSocket.errors.length > 0);
    expect(ofSocket.errors).toEqual([rateLimited]);
    const ofUser = subscribe(second);
    await until('a user’s fourth is refused', () => ofUser.errors.length > 0);
    expect(ofUser.errors).toEqual([rateLimited]);

    watching[0]?.unsubscribe();
    await until('there is room again', async () => {
      const again = subscribe(second);
      await until('an answer', () => again.messages.length + again.errors.length > 0);
      again.unsubscribe();
      return again.messages.length > 0;
    });
  });

  test('what an admin subscribes to for a user is counted as the admin’s own', async () => {
    const bob = await connect(gateway.socketUrl, BOB);
    const authorization = await bearer(ADMIN);
    const forBob = { authorization, 'x-ethhook-as-user': BOB };
    const [first, second] = [await connect(gateway.socketUrl, forBob), await connect(gateway.socketUrl, forBob)];
    clients.push(bob, first, second);
    const acting = [first, first, second].map((client) => subscribe(client));
    await until('three are served', () => acting.every(({ messages }) => messages.length === 1));
    const own = subscribe(bob);
    await until('the user has room', () => own.messages.length + own.errors.length > 0);
    expect(own.errors).toEqual([]);
    const more = subscribe(second);
    await until('the admin has none', () => more.messages.length + more.errors.length > 0);
    expect(more.errors).toEqual([rateLimited]);
  });

  test('an id that is used again before its operation is over closes the socket with 4409', async () => {
    const { socket, messages, closed } = await acknowledged(gateway.socketUrl, { authorization: await bearer(ALICE) });
    const message = (type: string, payload?: object): string => JSON.stringify({ id: 'one', type, payload });
    // Once its operation is over, an id is free.
    for (let times = 1; times <= 2; times++) {
      socket.send(message('subscribe', { query: '{ me { id } }' }));
      await until('the answer', () => messages.filter(({ type }) => type === 'complete').length === times);
    }
    const subscription = message('subscribe', { query: QUERY });
    for (const each of [subscription, message('complete'), subscription]) socket.send(each);
    expect(await closed).toEqual({ code: 4409, reason: 'Subscriber for one already exists' });
  });

  test('a client that gives no sign of life is closed with a reason', async () => {
    const other = await startTestGateway({ ...stores.environment, KEEPALIVE_MS: '1000' });
    try {
      const payload = { authorization: await bearer(ALICE) };
      const { closed } = await openSocket(other.socketUrl, payload, { autoPong: false });
      const { code, reason } = await closed;
      expect(code).toBe(1013);
      expect(reason).toMatch(/^Not reading: no answer to a ping for \d+ s\. Connect again\.$/);
    } finally {
      await other.close();
    }
  });

  test('a message that is too large closes its socket with 1009, and what is no message with 4400', async () => {
    const large = await openSocket(gateway.socketUrl, { authorization: 'x'.repeat(2 * 1024 * 1024) });
    expect((await large.closed).code).toBe(1009);
    const strange = await acknowledged(gateway.socketUrl, { authorization: await bearer(ALICE) });
    strange.socket.send('{');
    expect((await strange.closed).code).toBe(4400);
  });

  test('after a restart of the gateway a client begins anew with what has been committed since', async () => {
    const environment = { ...stores.environment, PORT: String(await freePort()) };
    const before = await startTestGateway(environment);
    const client = await connect(before.socketUrl, ALICE, {
      retryAttempts: 1_000,
      // Also while nobody listens.
      shouldRetry: () => true,
      retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
    });
    clients.push(client);
    const { messages, errors } = subscribe(client);
    await until('the current hour', () => messages.length === 1);
    const [first] = messages;
    await before.close();
    await committing.commit(SHOP_ORDERS, Date.parse(first?.hour ?? ''));
    const after = await startTestGateway(environment);
    try {
      await until('the hour as it is now', () =>
        messages.slice(1).some(({ hour, attempts }) => hour !== first?.hour || attempts === (first?.attempts ?? 0) + 1),
      );
      expect(errors).toEqual([]);
    } finally {
      await client.dispose();
      await after.close();
    }
  });

  test('stopping closes every socket with 1001, one that does not answer its closing too', async () => {
    const other = await startTestGateway(stores.environment);
    const payload = { authorization: await bearer(ALICE) };
    const [answering, paused] = [
      await acknowledged(other.socketUrl, payload),
      await acknowledged(other.socketUrl, payload),
    ];
    answering.socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: QUERY } }));
    await until('the current hour', () => answering.messages.some(({ type }) => type === 'next'));
    paused.socket.pause();
    await other.close();
    expect(await answering.closed).toEqual({ code: 1001, reason: 'Going away: connect again.' });
    paused.socket.resume();
    await paused.closed;
  });

  test('queries are answered over sockets too, with the same errors', async () => {
    const client = await connect(gateway.socketUrl, { Authorization: await bearer(ALICE) });
    clients.push(client);
    const ask = (query: string) =>
      new Promise<unknown>((resolve) => {
        client.subscribe({ query }, { next: resolve, error: resolve, complete: () => undefined });
      });
    expect(await ask('{ me { id } }')).toEqual({ data: { me: { id: ALICE } } });
    const refused = expect.objectContaining({ extensions: { code: 'BAD_USER_INPUT', requestId: expect.any(String) } });
    expect(await ask('{ nonsense }')).toEqual([refused]);
    expect(await ask('{ endpoints(first: 501) { nodes { id } } }')).toEqual([refused]);
  });
});

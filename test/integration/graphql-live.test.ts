import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Client } from 'graphql-ws';
import { HOUR_MS, startOfHour } from '../../src/records/time-range.js';
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
import { BOBS_APPLICATION, freshStores, startTestGateway } from '../support/gateway.js';
import { connect, startCommitting, subscribe as subscribeBy } from '../support/live.js';
import { until } from '../support/until.js';

const iso = (time: number): string => new Date(time).toISOString();

describe('the live hours', () => {
  let stores: Awaited<ReturnType<typeof freshStores>>;
  let gateway: Awaited<ReturnType<typeof startTestGateway>>;
  let committing: Awaited<ReturnType<typeof startCommitting>>;
  const clients: Client[] = [];

  beforeAll(async () => {
    stores = await freshStores();
    gateway = await startTestGateway(stores.environment);
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

  async function subscribe(userId: string, variables = {}) {
    const client = await connect(gateway.socketUrl, userId);
    clients.push(client);
    return subscribeBy(client, variables);
  }

  /** A subscriber who has been told of the current hour, which the tests go by: the clock may pass into the next. */
  async function started(userId: string, variables = {}) {
    const subscriber = await subscribe(userId, variables);
    await until('the current hour', () => subscriber.messages.length === 1);
    const [first] = subscriber.messages;
    return { ...subscriber, hour: Date.parse(first?.hour ?? ''), before: first?.attempts ?? -1 };
  }

  test('the current hour comes at once, then every hour that changed', async () => {
    const earliest = startOfHour(Date.now());
    const { messages, errors, hour, before } = await started(ALICE);
    expect([earliest, startOfHour(Date.now())]).toContain(hour);

    await committing.commit(SHOP_ORDERS, hour);
    await until('the change', () => messages.length === 2);
    expect(messages[1]).toEqual(expect.objectContaining({ hour: iso(hour), attempts: before + 1 }));

    await committing.commit(SHOP_ORDERS, hour - 30 * HOUR_MS);
    await until('an hour of yesterday', () => messages.length === 3);
    expect(messages[2]).toEqual({ hour: iso(hour - 30 * HOUR_MS), attempts: 1, successes: 1 });
    expect(errors).toEqual([]);
  });

  test('a notice without a change sends nothing, and someone else’s change neither', async () => {
    const { messages, hour, before } = await started(ALICE);
    await committing.announce(ALICE, hour);
    await committing.commit(BOBS_ENDPOINT, hour, BOB);
    await committing.commit(SHOP_ORDERS, hour);
    await until('the one change', () => messages.length === 2);
    expect(messages[1]?.attempts).toBe(before + 1);
  });

  test('of the hours that a batch has touched only those are sent whose numbers changed', async () => {
    const { messages, hour } = await started(BOB);
    const [older, old] = [hour - 40 * HOUR_MS, hour - 39 * HOUR_MS];
    const ofHour = (time: number) => messages.filter((message) => message.hour === iso(time));
    await committing.commit(BOBS_ENDPOINT, older, BOB);
    await until('an older hour', () => ofHour(older).length === 1);
    await committing.announce(BOB, hour, old, older);
    await committing.commit(BOBS_ENDPOINT, old, BOB);
    await until('the hour that changed', () => ofHour(old).some(({ attempts }) => attempts === 1));
    expect(ofHour(older)).toHaveLength(1);
    expect(ofHour(hour)).toHaveLength(1);
  });

  test('an application and an endpoint get their own attempts only', async () => {
    const [shop, wallet, endpoint] = await Promise.all([
      started(ALICE, { applicationId: SHOP }),
      started(ALICE, { applicationId: WALLET }),
      started(ALICE, { applicationId: WALLET, endpointId: WALLET_MOVES }),
    ]);
    await committing.commit(WALLET_MOVES, wallet.hour);
    await until('the change', () => wallet.messages.length === 2 && endpoint.messages.length === 2);
    await committing.commit(SHOP_ORDERS, wallet.hour);
    await until('the other change', () => shop.messages.length === 2);
    expect([shop, wallet, endpoint].map(({ messages }) => messages.length)).toEqual([2, 2, 2]);
    expect(endpoint.messages[1]?.attempts).toBe(1);
  });

  test('one who comes later begins with the current hour too, and both are told of what changes then', async () => {
    const first = await started(ALICE);
    await committing.commit(SHOP_ORDERS, first.hour);
    await until('the change', () => first.messages.length === 2);
    const second = await started(ALICE);
    await committing.commit(SHOP_ORDERS, first.hour);
    await until('the change for both', () => first.messages.length === 3 && second.messages.length === 2);
    expect(second.messages[1]).toEqual(first.messages[2]);
    expect(second.messages[1]?.attempts).toBe(first.before + 2);
  });

  test('one who leaves does not disturb the others', async () => {
    const [first, second] = await Promise.all([started(ALICE), started(ALICE)]);
    first.unsubscribe();
    await committing.commit(SHOP_ORDERS, second.hour);
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
});

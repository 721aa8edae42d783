import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DAY_MS, HOUR_MS } from '../../src/records/time-range.js';
import {
  ALICE,
  ATTEMPTS,
  at,
  BOB,
  BOBS_ENDPOINT,
  FIRST_BY_TEXT,
  SHOP,
  SHOP_ORDERS,
  SHOP_REFUNDS,
  uuidOf,
  WALLET,
  WALLET_MOVES,
} from '../support/analytics-dataset.js';
import { everything, iso, model, startFilledGateway } from '../support/filled-gateway.js';
import { BOBS_APPLICATION } from '../support/gateway.js';

describe.each(['clickhouse', 'postgres'] as const)('the gateway, reading from %s', (store) => {
  let gateway: Awaited<ReturnType<typeof startFilledGateway>>;

  beforeAll(async () => {
    gateway = await startFilledGateway(store);
  });

  afterAll(() => gateway?.close());

  test('lists attempts newest first, field by field, with their events and endpoints', async () => {
    const data = await gateway.answered(
      `query ($range: TimeRange) { deliveryAttempts(filter: {range: $range}, first: 500) { nodes {
        id attemptNumber status httpStatusCode responseTimeMs errorMessage createdAt updatedAt endpoint { id }
        event { id chainId blockNumber blockHash transactionHash transactionIndex logIndex address topics data ingestedAt } } } }`,
      { range: everything },
    );
    const attempts = await model.attemptPage({
      userId: ALICE,
      range: { from: at(0), to: at(0) + 5 * DAY_MS },
      limit: 500,
    });
    const events = await model.events({
      keys: attempts.map(({ event_id }) => ({ userId: ALICE, eventId: event_id })),
      range: { from: 0, to: Date.now() },
    });
    expect(attempts.length).toBeGreaterThan(10);
    expect(data['deliveryAttempts']).toEqual({
      nodes: attempts.map((attempt, index) => {
        const event = events[index];
        return {
          id: attempt.id,
          attemptNumber: attempt.attempt_number,
          status: attempt.status.toUpperCase(),
          httpStatusCode: attempt.http_status_code,
          responseTimeMs: attempt.response_time_ms,
          errorMessage: attempt.error_message,
          createdAt: iso(attempt.created_at),
          updatedAt: iso(attempt.updated_at),
          endpoint: { id: attempt.endpoint_id },
          event: event && {
            id: event.id,
            chainId: event.chain_id,
            blockNumber: event.block_number,
            blockHash: event.block_hash,
            transactionHash: event.transaction_hash,
            transactionIndex: event.transaction_index,
            logIndex: event.log_index,
            address: event.address,
            topics: [event.topic0, event.topic1, event.topic2, event.topic3].filter((topic) => topic !== null),
            data: event.data,
            ingestedAt: iso(event.ingested_at),
          },
        };
      }),
    });
  });

  test('walks through all attempts by cursor, none twice and none left out', async () => {
    const query = `query ($after: String) { deliveryAttempts(first: 2, after: $after) {
      edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;
    const ids: string[] = [];
    let after: string | null = null;
    for (let more = true; more; ) {
      const data = await gateway.answered(query, { after });
      const { edges, pageInfo } = data['deliveryAttempts'] as {
        edges: { cursor: string; node: { id: string } }[];
        pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string; endCursor: string };
      };
      expect(pageInfo.hasPreviousPage).toBe(after !== null);
      expect([pageInfo.startCursor, pageInfo.endCursor]).toEqual([edges[0]?.cursor, edges.at(-1)?.cursor]);
      ids.push(...edges.map(({ node }) => node.id));
      more = pageInfo.hasNextPage;
      after = pageInfo.endCursor;
    }
    const all = await model.attemptPage({ userId: ALICE, range: { from: 0, to: Date.now() + HOUR_MS }, limit: 500 });
    expect(ids).toEqual(all.map(({ id }) => id));
  });

  test.each([
    [{ endpointId: WALLET_MOVES }, { endpointIds: [WALLET_MOVES] }],
    [{ applicationId: SHOP }, { endpointIds: [SHOP_ORDERS, SHOP_REFUNDS] }],
    [{ applicationId: SHOP, endpointId: SHOP_ORDERS }, { endpointIds: [SHOP_ORDERS] }],
    [{ status: ['FAILED', 'PENDING'] }, { statuses: ['failed', 'pending'] as const }],
    [{ httpStatusCode: [500, 503] }, { httpStatusCodes: [500, 503] }],
    // 65,736 is 200 in sixteen bits.
    [{ httpStatusCode: [65_736, -1, 500] }, { httpStatusCodes: [500] }],
    [{ eventId: uuidOf(500).toUpperCase() }, { eventId: uuidOf(500) }],
  ])('filters attempts by %j', async (filter, question) => {
    const data = await gateway.answered(
      'query ($filter: DeliveryAttemptFilter) { deliveryAttempts(filter: $filter, first: 500) { nodes { id } } }',
      { filter },
    );
    const expected = await model.attemptPage({
      userId: ALICE,
      range: { from: 0, to: Date.now() + HOUR_MS },
      limit: 500,
      ...question,
    });
    expect(expected.length).toBeGreaterThan(0);
    expect(data['deliveryAttempts']).toEqual({ nodes: expected.map(({ id }) => ({ id })) });
  });

  test('walks through all events by cursor, none twice and none left out', async () => {
    const query = `query ($after: String) { events(first: 3, after: $after) { nodes { id ingestedAt }
      pageInfo { hasNextPage hasPreviousPage endCursor } } }`;
    const walked: { id: string; ingestedAt: string }[] = [];
    let after: string | null = null;
    for (let more = true; more; ) {
      const data = await gateway.answered(query, { after });
      const { nodes, pageInfo } = data['events'] as {
        nodes: { id: string; ingestedAt: string }[];
        pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; endCursor: string };
      };
      expect(pageInfo.hasPreviousPage).toBe(after !== null);
      walked.push(...nodes);
      more = pageInfo.hasNextPage;
      after = pageInfo.endCursor;
    }
    const ever = { from: 0, to: Date.now() };
    const all = await model.eventPage({ userId: ALICE, attemptsRange: ever, range: ever, limit: 500 });
    expect(walked).toEqual(all.map(({ id, ingested_at }) => ({ id, ingestedAt: iso(ingested_at) })));
  });

  test.each([
    [{ chainId: 137 }, 2],
    [{ address: `0x${'BB'.repeat(20)}` }, 1],
    [{ topic0: `0x${'22'.repeat(32)}` }, 1],
    [{ transactionHash: `0x${'77'.repeat(32)}` }, 1],
    [{ range: { from: iso(at(3)), to: iso(at(4)) }, chainId: null }, 3],
    [{ address: `0x${'bb'.repeat(32)}` }, 0],
    [{ address: "' OR 1=1 --" }, 0],
    [{ transactionHash: '' }, 0],
    [{ topic0: `0x${'zz'.repeat(32)}` }, 0],
    [{ chainId: 2 ** 53 - 1 }, 0],
    [{ range: { from: '2020-01-01T00:00:00Z', to: '2020-01-02T00:00:00Z' } }, 0],
  ])('filters events by %j', async (filter, count) => {
    const data = await gateway.answered('query ($filter: EventFilter) { events(filter: $filter) { nodes { id } } }', {
      filter,
    });
    expect((data['events'] as { nodes: object[] }).nodes).toHaveLength(count);
  });

  test('gives one attempt by its id, in any case', async () => {
    const id = FIRST_BY_TEXT.toUpperCase();
    expect(
      await gateway.answered('query ($id: ID!) { deliveryAttempt(id: $id) { id status createdAt } }', { id }),
    ).toEqual({
      deliveryAttempt: { id: FIRST_BY_TEXT, status: 'SUCCESS', createdAt: iso(at(4, 40)) },
    });
  });

  test('gives an event with one’s own attempts only, and the attempts of an endpoint', async () => {
    const query = `{ event(id: "${uuidOf(508)}") { id deliveryAttempts { nodes { id endpoint { name } } } } }`;
    const ofBob = await model.attemptPage({
      userId: BOB,
      eventId: uuidOf(508),
      range: { from: 0, to: Date.now() },
      limit: 50,
    });
    expect(await gateway.answered(query, {}, BOB)).toEqual({
      event: {
        id: uuidOf(508),
        deliveryAttempts: { nodes: ofBob.map(({ id }) => ({ id, endpoint: { name: 'Bob' } })) },
      },
    });
    const data = await gateway.answered(
      `{ endpoint(id: "${SHOP_REFUNDS}") { deliveryAttempts { nodes { endpoint { id } } }
        narrowed: deliveryAttempts(filter: {endpointId: "${SHOP_ORDERS}"}) { nodes { id } } } }`,
    );
    expect(data['endpoint']).toMatchObject({ narrowed: { nodes: [] } });
    expect(JSON.stringify(data['endpoint'])).toContain(SHOP_REFUNDS);
    expect(JSON.stringify(data['endpoint'])).not.toContain(SHOP_ORDERS);
  });

  test('what is another user’s is answered exactly like what does not exist', async () => {
    const query = `query ($application: ID!, $endpoint: ID!, $event: ID!, $attempt: ID!) {
      application(id: $application) { id } endpoint(id: $endpoint) { id } event(id: $event) { id } deliveryAttempt(id: $attempt) { id }
      endpoints(filter: {applicationId: $application}) { nodes { id } pageInfo { endCursor } }
      byIds: endpoints(filter: {ids: [$endpoint]}) { nodes { id } }
      attempts: deliveryAttempts(filter: {applicationId: $application}) { nodes { id } pageInfo { hasNextPage } }
      ofEndpoint: deliveryAttempts(filter: {endpointId: $endpoint}) { nodes { id } }
      ofEvent: deliveryAttempts(filter: {eventId: $event}) { nodes { id } } }`;
    const nothing = {
      application: null,
      endpoint: null,
      event: null,
      deliveryAttempt: null,
      endpoints: { nodes: [], pageInfo: { endCursor: null } },
      byIds: { nodes: [] },
      attempts: { nodes: [], pageInfo: { hasNextPage: false } },
      ofEndpoint: { nodes: [] },
      ofEvent: { nodes: [] },
    };
    const bobs = ATTEMPTS.find(({ user_id }) => user_id === BOB)?.id;
    for (const [application, endpoint, event, attempt] of [
      [BOBS_APPLICATION, BOBS_ENDPOINT, uuidOf(599), bobs],
      [uuidOf(900), uuidOf(901), uuidOf(902), uuidOf(903)],
      ['no uuid', '', "' OR 1=1 --", 'null'],
    ]) {
      expect(await gateway.answered(query, { application, endpoint, event, attempt })).toEqual(nothing);
    }
    const all = await gateway.answered(
      '{ endpoints { nodes { id } } me { applications { nodes { id endpoints { nodes { id } } } } } }',
    );
    expect(JSON.stringify(all)).not.toContain(BOBS_ENDPOINT);
    expect(all).toEqual({
      endpoints: { nodes: [WALLET_MOVES, SHOP_REFUNDS, SHOP_ORDERS].map((id) => ({ id })) },
      me: {
        applications: {
          nodes: [
            { id: SHOP, endpoints: { nodes: [{ id: SHOP_REFUNDS }, { id: SHOP_ORDERS }] } },
            { id: WALLET, endpoints: { nodes: [{ id: WALLET_MOVES }] } },
          ],
        },
      },
    });
  });
});

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Client, createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { encodeCursor } from '../../src/graphql/cursor.js';
import { HOUR_MS } from '../../src/records/time-range.js';
import type { ListPosition } from '../../src/stores/analytics-store.js';
import {
  ALICE,
  ATTEMPTS,
  BOB,
  BOBS_ENDPOINT,
  EVENTS,
  SHOP,
  SHOP_ORDERS,
  SHOP_REFUNDS,
  uuidOf,
  WALLET,
  WALLET_MOVES,
} from '../support/analytics-dataset.js';
import { model, startFilledGateway } from '../support/filled-gateway.js';
import { ADMIN, BOBS_APPLICATION, tokenOf } from '../support/gateway.js';

const SEED = 20_261_122;
/** Of each of the two stores; the cursors and subscriptions come on top. */
const LOOKUPS = 4_400;
const SEARCHES = 400;
const CURSORS = 150;
const SUBSCRIPTIONS = 50;

type Kind = 'application' | 'endpoint' | 'event' | 'attempt' | 'transaction';

const ofUser = (userId: string) => ATTEMPTS.filter(({ user_id }) => user_id === userId);
const eventsOnlyOf = (userId: string) => {
  const others = new Set(ATTEMPTS.filter(({ user_id }) => user_id !== userId).map(({ event_id }) => event_id));
  return ofUser(userId).filter(({ event_id }) => !others.has(event_id));
};
/** What one user has and the other one must not see. */
const secretsOf = (userId: string, configuration: Pick<Record<Kind, string[]>, 'application' | 'endpoint'>) => {
  const event = [...new Set(eventsOnlyOf(userId).map(({ event_id }) => event_id))];
  const hashes = (isSecret: boolean) =>
    EVENTS.filter(({ id }) => event.includes(id) === isSecret).map(({ transaction_hash }) => transaction_hash);
  const shared = new Set(hashes(false));
  const transaction = hashes(true).filter((hash) => !shared.has(hash));
  return { ...configuration, event, attempt: ofUser(userId).map(({ id }) => id), transaction };
};
const SECRETS: Record<string, Record<Kind, string[]>> = {
  [ALICE]: secretsOf(ALICE, { application: [SHOP, WALLET], endpoint: [SHOP_ORDERS, SHOP_REFUNDS, WALLET_MOVES] }),
  [BOB]: secretsOf(BOB, { application: [BOBS_APPLICATION], endpoint: [BOBS_ENDPOINT] }),
};
const PAIRS = [
  { attacker: ALICE, victim: BOB },
  { attacker: BOB, victim: ALICE },
];

interface Attempt {
  readonly kind: Kind;
  /** A field with `ID` where the id goes. */
  readonly field: string;
  readonly nothing: unknown;
}

const EMPTY = { nodes: [], edges: [], pageInfo: { hasNextPage: false, endCursor: null } };
const PAGE = '{ nodes { id } edges { cursor } pageInfo { hasNextPage endCursor } }';
const LOOKUP: readonly Attempt[] = [
  {
    kind: 'application',
    field: 'application(id: ID) { name stats { attempts } endpoints { nodes { url } } }',
    nothing: null,
  },
  { kind: 'endpoint', field: 'endpoint(id: ID) { url successRate application { name } }', nothing: null },
  { kind: 'event', field: 'event(id: ID) { data deliveryAttempts { nodes { id } } }', nothing: null },
  { kind: 'attempt', field: 'deliveryAttempt(id: ID) { errorMessage event { data } endpoint { url } }', nothing: null },
  { kind: 'endpoint', field: `endpoints(filter: {ids: [ID]}) ${PAGE}`, nothing: EMPTY },
  { kind: 'application', field: `endpoints(filter: {applicationId: ID}) ${PAGE}`, nothing: EMPTY },
];
const SEARCH: readonly Attempt[] = [
  { kind: 'application', field: `deliveryAttempts(filter: {applicationId: ID}) ${PAGE}`, nothing: EMPTY },
  { kind: 'endpoint', field: `deliveryAttempts(filter: {endpointId: ID}) ${PAGE}`, nothing: EMPTY },
  { kind: 'event', field: `deliveryAttempts(filter: {eventId: ID}) ${PAGE}`, nothing: EMPTY },
  { kind: 'transaction', field: `events(filter: {transactionHash: ID}) ${PAGE}`, nothing: EMPTY },
];

/** Numbers from 0 up to, but not, 1: the same ones in every run (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe.each(['clickhouse', 'postgres'] as const)('someone else’s data, reading from %s', (store) => {
  const random = randomNumbers(SEED);
  const whole = (below: number): number => Math.floor(random() * below);
  const pick = <T>(list: readonly T[]): T => {
    const picked = list[whole(list.length)];
    if (picked === undefined) throw new Error('there is nothing to pick from');
    return picked;
  };
  const anyCase = (id: string): string => (random() < 0.3 ? `${id.slice(0, 2)}${id.slice(2).toUpperCase()}` : id);
  const unknown = (kind: Kind): string =>
    kind === 'transaction' ? `0x${String(whole(1e9)).padStart(64, 'a')}` : uuidOf(800_000_000 + whole(1e8));

  let gateway: Awaited<ReturnType<typeof startFilledGateway>>;

  beforeAll(async () => {
    gateway = await startFilledGateway(store);
  });

  afterAll(() => gateway?.close());

  /** Tries ids in documents of so many aliases, each once with the victim's ids and once with ids of nobody. */
  async function tryAll(attempts: readonly Attempt[], count: number, aliases: number): Promise<void> {
    for (let done = 0; done < count; done += aliases) {
      const { attacker, victim } = pick(PAIRS);
      const chosen = Array.from({ length: aliases }, () => pick(attempts));
      const document = chosen.map(({ field }, index) => `a${index}: ${field.replace('ID', `$v${index}`)}`);
      const variables = chosen.map(({ kind }, index) => `$v${index}: ${kind === 'transaction' ? 'String' : 'ID!'}`);
      const query = `query (${variables.join(', ')}) { ${document.join('\n')} }`;
      const named = (idOf: (kind: Kind) => string) =>
        Object.fromEntries(chosen.map(({ kind }, index) => [`v${index}`, idOf(kind)]));
      const nothing = Object.fromEntries(chosen.map(({ nothing }, index) => [`a${index}`, nothing]));
      const foreign = named((kind) => anyCase(pick([...(SECRETS[victim]?.[kind] ?? []), unknown(kind)])));
      expect({ foreign, answer: await gateway.answered(query, foreign, attacker) }).toEqual({
        foreign,
        answer: nothing,
      });
      expect(await gateway.answered(query, named(unknown), attacker)).toEqual(nothing);
    }
  }

  test(`${LOOKUPS} lookups by id find nothing, in the words for what does not exist`, async () => {
    await tryAll(LOOKUP, LOOKUPS, 88);
  }, 300_000);

  test(`${SEARCHES} searches by another’s ids and transactions find nothing either`, async () => {
    await tryAll(SEARCH, SEARCHES, 20);
  }, 300_000);

  test(`${CURSORS} cursors made from another’s rows lead through one’s own rows alone`, async () => {
    const ever = { from: 0, to: Date.now() + HOUR_MS };
    const places = (victim: string): ListPosition[] => [
      ...ofUser(victim).map(({ created_at, id }) => ({ time: created_at, id })),
      ...EVENTS.map(({ ingested_at, id }) => ({ time: ingested_at, id })),
    ];
    for (let done = 0; done < CURSORS; done += 10) {
      const { attacker, victim } = pick(PAIRS);
      const afters = Array.from({ length: 10 }, () => pick(places(victim)));
      const fields = afters.map((after, index) =>
        index % 2 === 0
          ? `a${index}: deliveryAttempts(first: 50, after: "${encodeCursor(after)}") { nodes { id } }`
          : `a${index}: events(first: 50, after: "${encodeCursor(after)}") { nodes { id } }`,
      );
      const expected = await Promise.all(
        afters.map(async (after, index) => {
          const question = { userId: attacker, range: ever, attemptsRange: ever, limit: 50, after };
          const rows = await (index % 2 === 0 ? model.attemptPage(question) : model.eventPage(question));
          return [`a${index}`, { nodes: rows.map(({ id }) => ({ id })) }];
        }),
      );
      const answer = await gateway.answered(`{ ${fields.join('\n')} }`, {}, attacker);
      expect(answer).toEqual(Object.fromEntries(expected));
    }
  }, 300_000);

  describe('over a socket', () => {
    const clients: Client[] = [];
    const connect = (connectionParams: Record<string, string>, onClosed?: (event: unknown) => void): Client => {
      const client = createClient({
        url: gateway.socketUrl,
        webSocketImpl: WebSocket,
        connectionParams,
        // One socket for all: it stays open between two subscriptions.
        lazy: false,
        onNonLazyError: () => undefined,
        retryAttempts: 0,
        ...(onClosed === undefined ? {} : { on: { closed: onClosed } }),
      });
      clients.push(client);
      return client;
    };
    const authorized = async (userId: string) => ({ authorization: `Bearer ${await tokenOf(userId)}` });
    /** The first message or error of a subscription. */
    const first = (client: Client, variables: Record<string, string>): Promise<unknown> =>
      new Promise((resolve) => {
        const unsubscribe = client.subscribe(
          {
            query:
              'subscription ($applicationId: ID, $endpointId: ID) { hourlyStats(applicationId: $applicationId, endpointId: $endpointId) { hour } }',
            variables,
          },
          {
            next: (message) => {
              resolve(message);
              // What has failed ends by itself.
              if (message.errors === undefined) unsubscribe();
            },
            error: resolve,
            complete: () => resolve('completed'),
          },
        );
      });

    afterAll(async () => {
      await Promise.all(clients.map((client) => client.dispose()));
    });

    test(`${SUBSCRIPTIONS} subscriptions to another’s sources are refused in the words for unknown ones`, async () => {
      const { attacker, victim } = pick(PAIRS);
      const client = connect(await authorized(attacker));
      const words = new Set<string>();
      for (let done = 0; done < SUBSCRIPTIONS; done++) {
        const kind = pick(['application', 'endpoint'] as const);
        for (const id of [pick(SECRETS[victim]?.[kind] ?? []), unknown(kind)]) {
          const refusal = await first(client, { [`${kind}Id`]: id });
          words.add(
            JSON.stringify(refusal)
              .replaceAll(/"requestId":"[^"]*"/g, '')
              .replaceAll(kind, 'source'),
          );
        }
      }
      expect([...words].filter((text) => text.includes('BAD_USER_INPUT'))).toEqual([...words]);
      expect(words.size).toBe(1);
    }, 300_000);

    test('an admin acts for a user, who alone decides what is seen; nobody else may', async () => {
      const asBob = { 'x-ethhook-as-user': BOB };
      const admin = connect({ ...(await authorized(ADMIN)), ...asBob });
      expect(await first(admin, { endpointId: BOBS_ENDPOINT })).toMatchObject({
        data: { hourlyStats: { hour: expect.any(String) } },
      });
      expect(JSON.stringify(await first(admin, { endpointId: SHOP_ORDERS }))).toContain('BAD_USER_INPUT');
      const closed = new Promise((resolve) => {
        authorized(ALICE).then((token) => first(connect({ ...token, ...asBob }, resolve), {}), resolve);
      });
      expect(await closed).toMatchObject({ code: 4403 });
    });
  });
});

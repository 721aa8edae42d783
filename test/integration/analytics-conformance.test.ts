import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { UpstreamError } from '../../src/platform/errors.js';
import type { EventRecord } from '../../src/records/event.js';
import { DAY_MS } from '../../src/records/time-range.js';
import type { AnalyticsStore, BreakdownDimension, DeliveryScope } from '../../src/stores/analytics-store.js';
import { NO_DELIVERIES } from '../../src/stores/analytics-store.js';
import { ClickHouseAnalyticsStore } from '../../src/stores/clickhouse/clickhouse-analytics-store.js';
import type { ClickHouseDatabase } from '../../src/stores/clickhouse/database.js';
import { PostgresAnalyticsStore } from '../../src/stores/postgres/postgres-analytics-store.js';
import {
  ALICE,
  ATTEMPTS,
  at,
  BOB,
  BOBS_ENDPOINT,
  EVENTS,
  FIRST_BY_TEXT,
  MIDNIGHT,
  NOBODY,
  RANGE,
  SECOND_BY_TEXT,
  SHOP,
  SHOP_ORDERS,
  SHOP_REFUNDS,
  UNUSED_ENDPOINT,
  uuidOf,
  WALLET,
  WALLET_MOVES,
} from '../support/analytics-dataset.js';
import {
  freshAnalyticsDatabases,
  insertAttemptsIntoClickHouse,
  insertEventsIntoClickHouse,
  insertEventsIntoPostgres,
  upsertAttemptsIntoPostgres,
} from '../support/analytics-stores.js';
import { ClickHouseCluster } from '../support/clickhouse-cluster.js';
import { AnalyticsModel } from '../support/model.js';

const ALL_TIME = { from: MIDNIGHT - DAY_MS, to: MIDNIGHT + 5 * DAY_MS };
const SCOPES: readonly DeliveryScope[] = [
  { userId: ALICE },
  { userId: BOB },
  { userId: NOBODY },
  { userId: ALICE, endpointIds: [SHOP_ORDERS, SHOP_REFUNDS] },
  { userId: ALICE, endpointIds: [SHOP_ORDERS] },
  { userId: ALICE, endpointIds: [WALLET_MOVES, WALLET_MOVES] },
  { userId: ALICE, endpointIds: [UNUSED_ENDPOINT] },
  { userId: ALICE, endpointIds: [] },
  { userId: BOB, endpointIds: [BOBS_ENDPOINT] },
  { userId: BOB, endpointIds: [BOBS_ENDPOINT, SHOP_ORDERS] },
  { userId: ALICE },
];
const MANY_ENDPOINTS = [
  SHOP_ORDERS,
  ...Array.from({ length: 19_998 }, (_, index) => uuidOf(100_000 + index)),
  WALLET_MOVES,
];
const RANGES = [
  ['that cuts an hour at both ends', RANGE],
  ['of whole hours', { from: at(1), to: at(5) }],
  ['of one whole hour', { from: at(3), to: at(4) }],
  ['that cuts one hour at both ends', { from: at(3, 10, 2), to: at(3, 10, 8) }],
  ['that only touches two hours', { from: at(1, 50), to: at(2, 10) }],
  ['of one millisecond', { from: RANGE.from, to: RANGE.from + 1 }],
  ['of several days', ALL_TIME],
  ['that reaches from before 1970 to the end of DateTime', { from: Date.UTC(1066), to: Date.UTC(9999, 11, 31) }],
  ['without attempts', { from: at(6), to: at(30) }],
  ['that is empty', { from: at(3), to: at(3) }],
] as const;

const model = new AnalyticsModel(ATTEMPTS, EVENTS);
let databases: Awaited<ReturnType<typeof freshAnalyticsDatabases>>;
let cluster: ClickHouseCluster;
let sharded: Awaited<ReturnType<ClickHouseCluster['freshDatabase']>>;

async function fillClickHouse(clickhouse: ClickHouseDatabase): Promise<void> {
  // Two batches cut between a pending attempt and its success; the second is sent twice, as after a lost answer.
  const half =
    ATTEMPTS.findIndex(({ status, id }, index) => status === 'pending' && ATTEMPTS[index + 1]?.id === id) + 1;
  await insertAttemptsIntoClickHouse(clickhouse, ATTEMPTS.slice(0, half), 'first');
  await insertAttemptsIntoClickHouse(clickhouse, ATTEMPTS.slice(half), 'second');
  await insertAttemptsIntoClickHouse(clickhouse, ATTEMPTS.slice(half), 'second');
  await insertEventsIntoClickHouse(clickhouse, EVENTS.slice(0, 1));
  await insertEventsIntoClickHouse(clickhouse, EVENTS.slice(1));
}

beforeAll(async () => {
  [databases, cluster] = await Promise.all([freshAnalyticsDatabases(), ClickHouseCluster.start()]);
  sharded = await cluster.freshDatabase();
  await Promise.all([fillClickHouse(databases.clickhouse), fillClickHouse(sharded.database)]);
  await upsertAttemptsIntoPostgres(databases.postgres, ATTEMPTS);
  await insertEventsIntoPostgres(databases.postgres, EVENTS);
});
afterAll(async () => {
  await Promise.all([databases.close(), sharded.close()]);
  await cluster.stop();
});

describe.each<[string, () => AnalyticsStore]>([
  [
    'ClickHouse, whole hours from the rollups',
    () => new ClickHouseAnalyticsStore(databases.clickhouseReader, { rollupsFromHours: 1 }),
  ],
  [
    'ClickHouse, everything from the attempts',
    () => new ClickHouseAnalyticsStore(databases.clickhouseReader, { rollupsFromHours: Number.POSITIVE_INFINITY }),
  ],
  [
    'ClickHouse in two shards, whole hours from the rollups',
    () => new ClickHouseAnalyticsStore(sharded.reader, { rollupsFromHours: 1 }),
  ],
  [
    'ClickHouse in two shards, everything from the attempts',
    () => new ClickHouseAnalyticsStore(sharded.reader, { rollupsFromHours: Number.POSITIVE_INFINITY }),
  ],
  ['Postgres', () => new PostgresAnalyticsStore(databases.postgres)],
  [
    'Postgres, every user having many attempts',
    () => new PostgresAnalyticsStore(databases.postgres, { manyAttempts: 0 }),
  ],
])('%s', (_name, open) => {
  describe('delivery statistics', () => {
    test.each(RANGES)('of a range %s are those of the model', async (_range, range) => {
      for (const [hourly, events] of [
        [true, true],
        [false, true],
        [true, false],
        [false, false],
      ] as const) {
        const question = { scopes: SCOPES, range, hourly, events };
        expect(await open().deliveryStats(question)).toEqual(await model.deliveryStats(question));
      }
    });

    test('of a range that cuts hours are those counted by hand', async () => {
      const [answer] = await open().deliveryStats({
        scopes: [{ userId: ALICE, endpointIds: [SHOP_ORDERS, SHOP_REFUNDS, WALLET_MOVES] }],
        range: RANGE,
        hourly: true,
        events: true,
      });
      expect(answer?.total).toEqual({
        attempts: 24,
        successes: 18,
        failures: 2,
        expired: 1,
        pending: 3,
        retries: 3,
        latencyCount: 20,
        latencySumMs: 4_294_968_060,
        minLatencyMs: 0,
        maxLatencyMs: 4_294_967_295,
        p50LatencyMs: 7,
        p95LatencyMs: 300,
        p99LatencyMs: 4_294_967_295,
      });
      expect(answer?.totalEvents).toBe(19);
      expect([...(answer?.hours ?? [])].map(([hour, { attempts }]) => [hour, attempts]).sort()).toEqual([
        [at(1), 3],
        [at(2), 2],
        [at(3), 12],
        [at(4), 4],
        [at(5), 3],
      ]);
    });

    test('of ten latencies from 1 to 10 have nearest-rank percentiles', async () => {
      const [answer] = await open().deliveryStats({
        scopes: [{ userId: ALICE, endpointIds: [SHOP_ORDERS] }],
        range: { from: at(3, 10), to: at(3, 11) },
        hourly: false,
        events: false,
      });
      expect(answer?.total).toMatchObject({ latencyCount: 10, p50LatencyMs: 5, p95LatencyMs: 10, p99LatencyMs: 10 });
    });

    test('of endpoints that are not the user’s are zeros', async () => {
      const answers = await open().deliveryStats({
        scopes: [
          { userId: BOB, endpointIds: [SHOP_ORDERS] },
          { userId: ALICE, endpointIds: [BOBS_ENDPOINT] },
        ],
        range: ALL_TIME,
        hourly: true,
        events: true,
      });
      const nothing = { total: NO_DELIVERIES, totalEvents: 0, hours: new Map() };
      expect(answers).toEqual([nothing, nothing]);
    });

    test('of no scopes are no answers', async () => {
      expect(await open().deliveryStats({ scopes: [], range: RANGE, hourly: true, events: true })).toEqual([]);
    });

    test('of two thousand scopes fit one question', async () => {
      const scopes = Array.from({ length: 2_000 }, (_, index) => ({ userId: ALICE, endpointIds: [uuidOf(index)] }));
      const question = { scopes, range: RANGE, hourly: false, events: false };
      expect(await open().deliveryStats(question)).toEqual(await model.deliveryStats(question));
    });

    test('of twenty thousand endpoints fit one question, with their events', async () => {
      const question = { scopes: [{ userId: ALICE, endpointIds: MANY_ENDPOINTS }], range: RANGE };
      for (const asked of [
        { ...question, hourly: true, events: true },
        { ...question, range: ALL_TIME, hourly: false, events: false },
      ]) {
        expect(await open().deliveryStats(asked)).toEqual(await model.deliveryStats(asked));
      }
    });
  });

  describe('pages of attempts', () => {
    test('of twenty thousand endpoints fit one question', async () => {
      const question = { userId: ALICE, endpointIds: MANY_ENDPOINTS, range: ALL_TIME, limit: 500 };
      expect(await open().attemptPage(question)).toEqual(await model.attemptPage(question));
    });

    test('run newest first, and by the text of the id within a millisecond', async () => {
      const page = await open().attemptPage({ userId: ALICE, range: ALL_TIME, limit: 500 });
      expect(page).toEqual(await model.attemptPage({ userId: ALICE, range: ALL_TIME, limit: 500 }));
      const ids = page.map(({ id }) => id);
      expect(ids.indexOf(SECOND_BY_TEXT) - ids.indexOf(FIRST_BY_TEXT)).toBe(1);
    });

    test('of any size follow one another without a gap or a repetition', async () => {
      const whole = await model.attemptPage({ userId: ALICE, range: ALL_TIME, limit: 500 });
      for (const limit of [1, 2, 7]) {
        const walked = [];
        let last = whole.at(-1);
        for (let after: { time: number; id: string } | undefined; last !== undefined; ) {
          const page = await open().attemptPage({
            userId: ALICE,
            range: ALL_TIME,
            limit,
            ...(after === undefined ? {} : { after }),
          });
          walked.push(...page);
          last = page.at(-1);
          after = last === undefined ? undefined : { time: last.created_at, id: last.id };
        }
        expect(walked).toEqual(whole);
      }
    });

    test.each([
      ['a range, half-open', { range: RANGE }],
      ['endpoints', { endpointIds: [SHOP_REFUNDS, WALLET_MOVES] }],
      ['no endpoint', { endpointIds: [] }],
      ['an event', { eventId: uuidOf(502) }],
      ['an event of another user', { eventId: uuidOf(508) }],
      ['statuses', { statuses: ['failed', 'pending'] as const }],
      ['HTTP codes', { httpStatusCodes: [500, 404] }],
      [
        'all of these together',
        { range: RANGE, endpointIds: [SHOP_ORDERS], statuses: ['failed'] as const, httpStatusCodes: [503] },
      ],
      ['filters that exclude each other', { endpointIds: [SHOP_ORDERS], eventId: uuidOf(504) }],
      ['another user’s endpoint', { endpointIds: [BOBS_ENDPOINT] }],
    ])('are narrowed by %s', async (_filter, filter) => {
      const question = { userId: ALICE, range: ALL_TIME, limit: 500, ...filter };
      expect(await open().attemptPage(question)).toEqual(await model.attemptPage(question));
    });

    test('show a replaced attempt once, by its last status', async () => {
      const question = { userId: ALICE, range: ALL_TIME, eventId: uuidOf(510), limit: 10 };
      expect(await open().attemptPage(question)).toMatchObject([{ status: 'success', response_time_ms: 300 }]);
      expect(await open().attemptPage({ ...question, statuses: ['pending'] })).toEqual([]);
    });
  });

  describe('daily statistics', () => {
    test.each([
      ['of whole days', ALL_TIME, [MIDNIGHT - DAY_MS, MIDNIGHT, MIDNIGHT + DAY_MS, MIDNIGHT + 2 * DAY_MS]],
      ['that begin at whole hours, the ends cut', RANGE, [at(-20), at(3), at(4)]],
      ['that begin within hours, the ends cut', RANGE, [at(-20), at(2, 15), at(3, 30), at(4, 40)]],
      [
        'that begin within hours, the ends whole',
        ALL_TIME,
        [at(-40), at(1, 30), at(3, 10, 4), at(3, 10, 5), at(90, 45)],
      ],
      ['that begin where the range cuts an hour', RANGE, [RANGE.from, at(5, 10), RANGE.to - 1]],
      ['in one', RANGE, [at(0)]],
      ['of a range without attempts', { from: at(6), to: at(30) }, [at(6), at(20, 15)]],
    ])('%s are those of the model', async (_days, range, days) => {
      const question = { scopes: SCOPES, range, days };
      const answer = await open().dailyStats(question);
      expect(answer).toEqual(await model.dailyStats(question));
      expect(answer.every((list) => list.length === days.length)).toBe(true);
    });

    test('counted by hand: days that begin half past three and at twenty to five', async () => {
      const question = { scopes: [{ userId: ALICE }], range: RANGE, days: [at(-20), at(3, 30), at(4, 40)] };
      const [answer] = await open().dailyStats(question);
      expect(answer?.map(({ attempts, pending }) => [attempts, pending])).toEqual([
        [16, 1],
        [2, 1],
        [6, 1],
      ]);
    });
  });

  describe('a breakdown', () => {
    const applications = [
      { userId: ALICE, endpointId: SHOP_ORDERS, applicationId: SHOP },
      { userId: ALICE, endpointId: SHOP_REFUNDS, applicationId: SHOP },
      { userId: ALICE, endpointId: BOBS_ENDPOINT, applicationId: WALLET },
    ];

    test.each(
      (['endpoint', 'application', 'status', 'http_status_code', 'attempt_number'] as const).flatMap((by) =>
        [RANGE, ALL_TIME, { from: at(6), to: at(30) }].map((range) => ({ by, range })),
      ),
    )('by $by is that of the model, $range', async ({ by, range }) => {
      for (const limit of [1, 2, 500]) {
        const question = { scopes: SCOPES, by, range, limit, applications };
        expect(await open().breakdown(question)).toEqual(await model.breakdown(question));
      }
    });

    test('names by none what has no HTTP status code or no application, ties in the order of their keys', async () => {
      const question = { scopes: [{ userId: ALICE }], range: RANGE, limit: 500, applications };
      const keysBy = async (by: BreakdownDimension) =>
        (await open().breakdown({ ...question, by }))[0]?.map(({ key, attempts }) => [key, attempts]);
      expect(await keysBy('application')).toEqual([
        [SHOP, 21],
        ['none', 3],
      ]);
      expect(await keysBy('http_status_code')).toEqual([
        ['200', 18],
        ['none', 4],
        ['500', 1],
        ['503', 1],
      ]);
    });
  });

  describe('attempts by id', () => {
    const keyOf = (attemptId: string, userId = ALICE) => ({ userId, attemptId });

    test('come back field by field, in the order of the keys, each by its last status', async () => {
      const keys = [...ATTEMPTS].reverse().map(({ id, user_id }) => keyOf(id, user_id));
      const answer = await open().attempts({ keys, range: ALL_TIME });
      expect(answer).toEqual(await model.attempts({ keys, range: ALL_TIME }));
      expect(answer).not.toContain(null);
    });

    test('are null for another user, when unknown, and outside of the range', async () => {
      const keys = [keyOf(FIRST_BY_TEXT, BOB), keyOf(uuidOf(9_999)), keyOf(FIRST_BY_TEXT)];
      expect(await open().attempts({ keys, range: { from: at(4, 40) + 1, to: at(50) } })).toEqual([null, null, null]);
      expect(await open().attempts({ keys, range: { from: at(4), to: at(4, 40) } })).toEqual([null, null, null]);
    });
  });

  describe('pages of events', () => {
    const QUESTION = { userId: ALICE, attemptsRange: ALL_TIME, range: ALL_TIME, limit: 500 };

    test('run newest first, by the text of the id within a millisecond, each event once, where it came in first', async () => {
      const page = await open().eventPage(QUESTION);
      expect(page.map(({ id }) => id)).toEqual([
        FIRST_BY_TEXT,
        SECOND_BY_TEXT,
        ...[507, 506, 511, 601, 600, 510, 501, 500].map(uuidOf),
      ]);
      expect(page).toEqual(await model.eventPage(QUESTION));
    });

    test.each([1, 2, 3, 7])('of %i follow one another without a gap or a repetition', async (limit) => {
      const all = await model.eventPage(QUESTION);
      const walked: EventRecord[] = [];
      for (let page = await open().eventPage({ ...QUESTION, limit }); page.length > 0; ) {
        walked.push(...page);
        const { ingested_at: time = 0, id = '' } = page.at(-1) ?? {};
        page = await open().eventPage({ ...QUESTION, limit, after: { time, id } });
      }
      expect(walked).toEqual(all);
    });

    test.each([
      ['a chain', { chainId: 137 }],
      ['a chain that is none', { chainId: 2 ** 40 }],
      ['an address', { address: `0x${'bb'.repeat(20)}` }],
      ['a topic', { topic0: `0x${'22'.repeat(32)}` }],
      ['a transaction', { transactionHash: `0x${'77'.repeat(32)}` }],
      ['a transaction of others too', { transactionHash: `0x${'00'.repeat(32)}` }],
      ['all of these together', { chainId: 137, address: `0x${'bb'.repeat(20)}`, topic0: `0x${'11'.repeat(32)}` }],
      ['filters that exclude each other', { chainId: 137, transactionHash: `0x${'77'.repeat(32)}` }],
      ['a range, half-open', { range: { from: at(3, 10), to: at(4, 39) } }],
      ['a range that only a later copy of an event lies in', { range: { from: at(27), to: at(31) } }],
      [
        'that range and a transaction',
        { range: { from: at(27), to: at(31) }, transactionHash: `0x${'77'.repeat(32)}` },
      ],
      ['an empty range', { range: { from: at(3), to: at(3) } }],
      ['the time of attempts', { attemptsRange: { from: at(4), to: at(30) } }],
      ['another user', { userId: BOB }],
      ['a user without attempts', { userId: NOBODY }],
      ['a place behind all', { after: { time: at(1), id: uuidOf(500) } }],
    ])('are narrowed by %s', async (_filter, filter) => {
      const question = { ...QUESTION, ...filter };
      expect(await open().eventPage(question)).toEqual(await model.eventPage(question));
    });
  });

  describe('events', () => {
    const keys = [
      { userId: ALICE, eventId: uuidOf(500) },
      { userId: BOB, eventId: uuidOf(508) },
      { userId: ALICE, eventId: uuidOf(501) },
      { userId: BOB, eventId: uuidOf(500) },
      { userId: ALICE, eventId: uuidOf(500) },
    ];

    test('come back field by field, in the order of the keys', async () => {
      const answer = await open().events({ keys, range: ALL_TIME });
      expect(answer).toEqual(await model.events({ keys, range: ALL_TIME }));
      expect(answer.map((event) => event?.data)).toEqual(['0x00', '0x', '0xdeadbeef', '0x00', '0x00']);
    });

    test.each([
      ['of which the user has no attempt', { userId: ALICE, eventId: uuidOf(508) }],
      ['of which nobody has an attempt', { userId: ALICE, eventId: uuidOf(599) }],
      ['that have not arrived', { userId: ALICE, eventId: uuidOf(502) }],
    ])('%s are null', async (_case, key) => {
      expect(await open().events({ keys: [key], range: ALL_TIME })).toEqual([null]);
    });

    test('whose attempts lie outside of the range are null', async () => {
      expect(await open().events({ keys, range: { from: at(30), to: at(50) } })).toEqual([
        null,
        null,
        null,
        null,
        null,
      ]);
    });

    test('of no keys are none', async () => {
      expect(await open().events({ keys: [], range: ALL_TIME })).toEqual([]);
    });
  });

  test('answers a ping', async () => {
    await expect(open().ping()).resolves.toBeUndefined();
  });
});

test('a ClickHouse query is given up when its asker leaves', async () => {
  const store = new ClickHouseAnalyticsStore(databases.clickhouseReader);
  const asker = new AbortController();
  const answer = store.attemptPage({ userId: ALICE, range: ALL_TIME, limit: 500 }, { signal: asker.signal });
  asker.abort();
  await expect(answer).rejects.toBeInstanceOf(UpstreamError);
});

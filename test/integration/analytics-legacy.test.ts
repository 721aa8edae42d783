import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { AttemptRecord } from '../../src/records/attempt.js';
import { DAY_MS } from '../../src/records/time-range.js';
import { PostgresAnalyticsStore } from '../../src/stores/postgres/postgres-analytics-store.js';
import {
  ALICE,
  at,
  BOB,
  BOBS_ENDPOINT,
  SHOP,
  SHOP_ORDERS,
  uuidOf,
  WALLET,
  WALLET_MOVES,
} from '../support/analytics-dataset.js';
import { freshAnalyticsDatabases } from '../support/analytics-stores.js';
import { AnalyticsModel } from '../support/model.js';

const BOBS_APPLICATION = uuidOf(13);
const EVENT = uuidOf(500);
/** Where `user_id` is null, only the endpoint tells whose an attempt is. Times have microseconds after the milliseconds. */
const ROWS = [
  { id: uuidOf(101), endpoint_id: SHOP_ORDERS, owner: ALICE, user_id: null, time: at(1), microseconds: 999 },
  { id: uuidOf(102), endpoint_id: SHOP_ORDERS, owner: ALICE, user_id: null, time: at(1), microseconds: 1 },
  { id: uuidOf(103), endpoint_id: SHOP_ORDERS, owner: ALICE, user_id: ALICE, time: at(1), microseconds: 500 },
  { id: uuidOf(104), endpoint_id: WALLET_MOVES, owner: ALICE, user_id: null, time: at(2) - 1, microseconds: 999 },
  { id: uuidOf(105), endpoint_id: WALLET_MOVES, owner: ALICE, user_id: ALICE, time: at(2), microseconds: 0 },
  { id: uuidOf(106), endpoint_id: BOBS_ENDPOINT, owner: BOB, user_id: null, time: at(1, 30), microseconds: 0 },
];
const ATTEMPTS = ROWS.map(
  ({ id, endpoint_id, owner, time }, index): AttemptRecord => ({
    id,
    event_id: EVENT,
    endpoint_id,
    user_id: owner,
    attempt_number: 1,
    status: 'success',
    http_status_code: 200,
    response_time_ms: index,
    error_message: null,
    created_at: time,
    updated_at: time,
  }),
);

const model = new AnalyticsModel(ATTEMPTS);
let databases: Awaited<ReturnType<typeof freshAnalyticsDatabases>>;
let store: PostgresAnalyticsStore;

beforeAll(async () => {
  databases = await freshAnalyticsDatabases();
  const { postgres } = databases;
  store = new PostgresAnalyticsStore(postgres);
  await postgres.query({
    name: 'test_users',
    text: "INSERT INTO users (id, email) SELECT id, id || '@example.com' FROM unnest($1::uuid[]) AS id",
    values: [[ALICE, BOB]],
  });
  await postgres.query({
    name: 'test_applications',
    text: "INSERT INTO applications (id, user_id, name) SELECT *, '' FROM unnest($1::uuid[], $2::uuid[])",
    values: [
      [SHOP, WALLET, BOBS_APPLICATION],
      [ALICE, ALICE, BOB],
    ],
  });
  await postgres.query({
    name: 'test_endpoints',
    text: "INSERT INTO endpoints (id, application_id, name, url) SELECT *, '', '' FROM unnest($1::uuid[], $2::uuid[])",
    values: [
      [SHOP_ORDERS, WALLET_MOVES, BOBS_ENDPOINT],
      [SHOP, WALLET, BOBS_APPLICATION],
    ],
  });
  await postgres.query({ name: 'test_event', text: 'INSERT INTO events (id) VALUES ($1)', values: [EVENT] });
  for (const [index, { id, endpoint_id, user_id, time, microseconds }] of ROWS.entries()) {
    await postgres.query({
      name: 'test_attempt',
      text: `
        INSERT INTO delivery_attempts (id, event_id, endpoint_id, user_id, status, http_status_code, response_time_ms,
          created_at, updated_at)
        SELECT $1, $2, $3, $4, 'success', 200, $5, time, time
        FROM (SELECT $6::timestamptz + $7 * interval '1 microsecond' AS time) AS row`,
      values: [id, EVENT, endpoint_id, user_id, index, new Date(time).toISOString(), microseconds],
    });
  }
});
afterAll(() => databases.close());

test('attempts without a user are counted for the owner of their endpoint, to the millisecond', async () => {
  const scopes = [{ userId: ALICE }, { userId: BOB }, { userId: ALICE, endpointIds: [SHOP_ORDERS, BOBS_ENDPOINT] }];
  for (const range of [
    { from: at(1), to: at(2) },
    { from: at(1) + 1, to: at(2) - 1 },
    { from: at(0), to: at(3) },
  ]) {
    const question = { scopes, range, hourly: true, events: true };
    expect(await store.deliveryStats(question)).toEqual(await model.deliveryStats(question));
  }
});

test('microseconds do not disturb the order of a page', async () => {
  const range = { from: at(0), to: at(3) };
  const whole = await model.attemptPage({ userId: ALICE, range, limit: 10 });
  expect(whole.map(({ id }) => id)).toEqual([105, 104, 103, 102, 101].map(uuidOf));
  expect(await store.attemptPage({ userId: ALICE, range, limit: 10 })).toEqual(whole);
  const after = { time: at(1), id: uuidOf(103) };
  expect(await store.attemptPage({ userId: ALICE, range, after, limit: 10 })).toEqual(whole.slice(3));
});

test('an event is known to the owner of the endpoint', async () => {
  const keys = [
    { userId: BOB, eventId: EVENT },
    { userId: uuidOf(9), eventId: EVENT },
  ];
  const [bobs, nobodys] = await store.events({ keys, range: { from: at(1, 30), to: at(1, 31) } });
  expect(bobs?.id).toBe(EVENT);
  expect(nobodys).toBeNull();
});

test.each([0, 1_000])('a page of events has theirs, with %i attempts being many', async (manyAttempts) => {
  const pages = new PostgresAnalyticsStore(databases.postgres, { manyAttempts });
  const question = {
    range: { from: 0, to: Date.now() + DAY_MS },
    attemptsRange: { from: at(0), to: at(3) },
    limit: 10,
  };
  for (const userId of [ALICE, BOB]) {
    expect((await pages.eventPage({ ...question, userId })).map(({ id }) => id)).toEqual([EVENT]);
  }
  expect(await pages.eventPage({ ...question, userId: uuidOf(9) })).toEqual([]);
});

import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { WavedAnalyticsStore } from '../../src/graphql/waves/waved-analytics-store.js';
import { ATTEMPT_STATUSES, type AttemptRecord } from '../../src/records/attempt.js';
import { DAY_MS, HOUR_MS, startOfDay } from '../../src/records/time-range.js';
import type { AnalyticsStore, DeliveryScope } from '../../src/stores/analytics-store.js';
import { ClickHouseAnalyticsStore } from '../../src/stores/clickhouse/clickhouse-analytics-store.js';
import { PostgresAnalyticsStore } from '../../src/stores/postgres/postgres-analytics-store.js';
import { uuidOf } from '../support/analytics-dataset.js';
import {
  freshAnalyticsDatabases,
  insertAttemptsIntoClickHouse,
  upsertAttemptsIntoPostgres,
} from '../support/analytics-stores.js';
import { AnalyticsModel } from '../support/model.js';

const RUNS = 30;
const USERS = 5;
const ENDPOINTS = 2;
const HOURS = 4;
const START = startOfDay(Date.now()) - 3 * DAY_MS;
/** A few milliseconds about the borders of a few hours: there are the attempts, and there begin and end the ranges. */
const OFFSETS = [-2, -1, 0, 1, 2, 1_800_000];

const userId = (user: number): string => uuidOf(100 + user);
/** Known to every user, and theirs alone only together with the user's id. */
const endpointId = (endpoint: number): string => uuidOf(200 + endpoint);

/** Every user has another number of attempts at every moment, so that no answer can be taken for another's. */
const ATTEMPTS: readonly AttemptRecord[] = Array.from({ length: USERS }, (_, user) =>
  Array.from({ length: HOURS + 1 }, (_, hour) =>
    OFFSETS.flatMap((offset) =>
      Array.from({ length: user + 1 }, (_, index) => ({ user, index, time: START + hour * HOUR_MS + offset })),
    ),
  ).flat(),
)
  .flat()
  .map(({ user, index, time }, number) => ({
    id: uuidOf(1_000 + number),
    event_id: uuidOf(10_000 + ((number * 7) % 50)),
    endpoint_id: endpointId(index % ENDPOINTS),
    user_id: userId(user),
    attempt_number: 1 + (number % 2),
    status: ATTEMPT_STATUSES[number % ATTEMPT_STATUSES.length] ?? 'success',
    http_status_code: number % 3 === 0 ? null : 200,
    response_time_ms: number % 11 === 0 ? null : user * 1_000 + (number % 100),
    error_message: null,
    created_at: time,
    updated_at: time,
  }));

const moment = fc
  .tuple(fc.nat({ max: HOURS }), fc.constantFrom(...OFFSETS))
  .map(([hour, offset]) => START + hour * HOUR_MS + offset);

const ask = fc.record({
  user: fc.nat({ max: USERS - 1 }),
  endpoints: fc.option(fc.subarray(Array.from({ length: ENDPOINTS }, (_, index) => index)), { freq: 3 }),
  range: fc.oneof(
    // As dashboards ask: the same hours, with ends that are milliseconds apart.
    fc.record({ from: fc.constantFrom(-2, -1, 0), to: fc.constantFrom(0, 1, 2) }).map(({ from, to }) => ({
      from: START + HOUR_MS + from,
      to: START + 3 * HOUR_MS + to,
    })),
    fc.tuple(moment, moment).map(([one, other]) => ({ from: Math.min(one, other), to: Math.max(one, other) })),
  ),
  kind: fc.constantFrom('hours', 'hours', 'totals', 'days', 'endpoints', 'applications'),
  /** Turns of the event loop before it asks. */
  after: fc.nat({ max: 12 }),
  /** Turns of the event loop until it leaves. */
  leavesAfter: fc.option(fc.nat({ max: 12 }), { freq: 5 }),
});
type Ask = typeof ask extends fc.Arbitrary<infer Value> ? Value : never;

/** What one client asks, of any store. */
function put(store: AnalyticsStore, { user, endpoints, range, kind }: Ask, signal?: AbortSignal): Promise<unknown> {
  const scope: DeliveryScope = {
    userId: userId(user),
    ...(endpoints === null ? {} : { endpointIds: endpoints.map(endpointId) }),
  };
  const scopes = [scope];
  const options = signal === undefined ? {} : { signal };
  if (kind === 'hours') return store.deliveryStats({ scopes, range, hourly: true, events: true }, options);
  if (kind === 'totals') return store.deliveryStats({ scopes, range, hourly: false, events: false }, options);
  if (kind === 'days') {
    return store.dailyStats({ scopes, range, days: [START - DAY_MS, START + 2 * HOUR_MS + 1] }, options);
  }
  const applications = [{ userId: userId(user), endpointId: endpointId(0), applicationId: uuidOf(300 + user) }];
  const by = kind === 'endpoints' ? 'endpoint' : 'application';
  return store.breakdown({ scopes, range, by, limit: 3, applications }, options);
}

/** Counts the questions that reach the store behind the waves. */
function counting(store: AnalyticsStore): { store: AnalyticsStore; asked: () => number } {
  let asked = 0;
  const counted = {
    deliveryStats: (...args: Parameters<AnalyticsStore['deliveryStats']>) => {
      asked++;
      return store.deliveryStats(...args);
    },
    dailyStats: (...args: Parameters<AnalyticsStore['dailyStats']>) => {
      asked++;
      return store.dailyStats(...args);
    },
    breakdown: (...args: Parameters<AnalyticsStore['breakdown']>) => {
      asked++;
      return store.breakdown(...args);
    },
  };
  return { store: Object.assign(Object.create(store), counted), asked: () => asked };
}

let databases: Awaited<ReturnType<typeof freshAnalyticsDatabases>>;
beforeAll(async () => {
  databases = await freshAnalyticsDatabases();
  await insertAttemptsIntoClickHouse(databases.clickhouse, ATTEMPTS, 'first');
  await upsertAttemptsIntoPostgres(databases.postgres, ATTEMPTS);
});
afterAll(() => databases.close());

describe.each([
  [
    'ClickHouse, from the rollups',
    () => new ClickHouseAnalyticsStore(databases.clickhouseReader, { rollupsFromHours: 1 }),
  ],
  ['ClickHouse, from the attempts', () => new ClickHouseAnalyticsStore(databases.clickhouseReader)],
  ['Postgres', () => new PostgresAnalyticsStore(databases.postgres)],
])('waves over %s', (_name, createStore) => {
  test('however requests interleave, everyone is answered from their own attempts alone, to the millisecond', async () => {
    const model = new AnalyticsModel(ATTEMPTS);
    const { store, asked } = counting(createStore());
    const waved = new WavedAnalyticsStore(store);
    let clients = 0;
    const property = fc.asyncProperty(fc.array(ask, { minLength: 2, maxLength: 40 }), async (asks) => {
      clients += asks.length;
      await Promise.all(
        asks.map(async (each) => {
          for (let turns = 0; turns < each.after; turns++) await turn();
          if (each.leavesAfter === null) {
            expect({ each, answer: await put(waved, each) }).toEqual({ each, answer: await put(model, each) });
          } else {
            const left = new AbortController();
            const answer = put(waved, each, left.signal).catch((error: unknown) => error);
            for (let turns = 0; turns < each.leavesAfter; turns++) await turn();
            const reason = new Error('left');
            left.abort(reason);
            expect([reason, await put(model, each)]).toContainEqual(await answer);
          }
        }),
      );
    });
    await fc.assert(property, { numRuns: RUNS, interruptAfterTimeLimit: 8_000, markInterruptAsFailure: false });
    expect(asked()).toBeLessThan(clients);
  });
});

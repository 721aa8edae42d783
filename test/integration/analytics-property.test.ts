import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ATTEMPT_STATUSES, type AttemptRecord } from '../../src/records/attempt.js';
import { DAY_MS, HOUR_MS, startOfDay, type TimeRange } from '../../src/records/time-range.js';
import type { AnalyticsStore, MeasuredScope } from '../../src/stores/analytics-store.js';
import { ClickHouseAnalyticsStore } from '../../src/stores/clickhouse/clickhouse-analytics-store.js';
import { PostgresAnalyticsStore } from '../../src/stores/postgres/postgres-analytics-store.js';
import {
  freshAnalyticsDatabases,
  insertAttemptsIntoClickHouse,
  upsertAttemptsIntoPostgres,
} from '../support/analytics-stores.js';
import { AnalyticsModel } from '../support/model.js';

const RUNS = 25;
const USERS = 3;
const ENDPOINTS = 3;
const FIRST_HOUR = startOfDay(Date.now()) - 4 * DAY_MS + 22 * HOUR_MS;
const HOURS = 6;

/** Moments close to the borders of a few hours about midnight, so that ranges and attempts meet there. */
const moment = fc
  .tuple(
    fc.integer({ min: 0, max: HOURS }),
    fc.oneof(
      fc.constantFrom(-1, 0, 1),
      fc.integer({ min: 0, max: HOUR_MS - 1 }).map((offset) => offset - (offset % 600_000)),
    ),
  )
  .map(([hour, offset]) => FIRST_HOUR + hour * HOUR_MS + offset);

/** One attempt by its versions in the order of arrival: at most one final one, pending ones before or after it. */
interface Story {
  readonly user: number;
  readonly endpoint: number;
  readonly event: number;
  readonly createdAt: number;
  readonly attemptNumber: number;
  readonly pendingBefore: boolean;
  readonly final: {
    readonly status: AttemptRecord['status'];
    readonly latencyMs: number | null;
    readonly code: number | null;
  };
  readonly finalAfterMs: number;
  readonly stalePendingAfter: boolean;
}

const story: fc.Arbitrary<Story> = fc.record({
  user: fc.nat({ max: USERS - 1 }),
  endpoint: fc.nat({ max: ENDPOINTS - 1 }),
  event: fc.nat({ max: 9 }),
  createdAt: moment,
  attemptNumber: fc.constantFrom(1, 1, 2, 255),
  pendingBefore: fc.boolean(),
  final: fc.record({
    status: fc.constantFrom(...ATTEMPT_STATUSES),
    latencyMs: fc.option(fc.oneof(fc.nat({ max: 5 }), fc.constantFrom(0, 30_000, 4_294_967_295))),
    code: fc.constantFrom(null, 200, 404, 503),
  }),
  finalAfterMs: fc.constantFrom(0, 1, 5_000),
  stalePendingAfter: fc.boolean(),
});

const range = fc
  .tuple(moment, moment)
  .map(([one, other]): TimeRange => ({ from: Math.min(one, other), to: Math.max(one, other) }));

const scope = fc.record({
  user: fc.nat({ max: USERS - 1 }),
  endpoints: fc.option(fc.subarray(Array.from({ length: ENDPOINTS }, (_, index) => index))),
  /** A range of its own: another one, or the question's with a few milliseconds less at its ends. */
  own: fc.option(fc.oneof(range, fc.record({ later: fc.nat({ max: 2 }), earlier: fc.nat({ max: 2 }) }))),
});

const scenario = fc.record({
  stories: fc.array(story, { maxLength: 60 }),
  /** After which of the versions a batch ends. */
  batchSize: fc.integer({ min: 1, max: 40 }),
  replayed: fc.boolean(),
  ranges: fc.array(range, { minLength: 1, maxLength: 3 }),
  scopes: fc.array(scope, { minLength: 1, maxLength: 4 }),
  pageLimit: fc.integer({ min: 1, max: 70 }),
});

let databases: Awaited<ReturnType<typeof freshAnalyticsDatabases>>;
beforeAll(async () => {
  databases = await freshAnalyticsDatabases();
});
afterAll(() => databases.close());

test('whatever arrives, both stores and both plans answer as the model does', async () => {
  const { clickhouse, clickhouseReader, postgres } = databases;
  const stores: Record<string, AnalyticsStore> = {
    rollups: new ClickHouseAnalyticsStore(clickhouseReader, { rollupsFromHours: 1 }),
    attempts: new ClickHouseAnalyticsStore(clickhouseReader, { rollupsFromHours: Number.POSITIVE_INFINITY }),
    postgres: new PostgresAnalyticsStore(postgres),
  };
  const property = fc.asyncProperty(scenario, async ({ stories, batchSize, replayed, ranges, scopes, pageLimit }) => {
    // Users of its own keep every run apart from those before it.
    const users = Array.from({ length: USERS }, () => randomUUID() as string);
    const endpoints = Array.from({ length: ENDPOINTS }, () => randomUUID() as string);
    const events = Array.from({ length: 10 }, () => randomUUID() as string);
    const arrived = arrivalsOf(stories, users, endpoints, events);

    for (let start = 0; start < arrived.length; start += batchSize) {
      const batch = arrived.slice(start, start + batchSize);
      const token = randomUUID();
      await insertAttemptsIntoClickHouse(clickhouse, batch, token);
      if (replayed) await insertAttemptsIntoClickHouse(clickhouse, batch, token);
      await upsertAttemptsIntoPostgres(postgres, batch);
    }

    const model = new AnalyticsModel(arrived);
    for (const range of ranges) {
      const asked = scopes.map(
        ({ user, endpoints: chosen, own }): MeasuredScope => ({
          userId: users[user] ?? '',
          ...(chosen === null ? {} : { endpointIds: chosen.map((index) => endpoints[index] ?? '') }),
          ...(own === null
            ? {}
            : { range: 'from' in own ? own : { from: range.from + own.later, to: range.to - own.earlier } }),
        }),
      );
      const question = { scopes: asked, range, hourly: true, events: true };
      const expected = await model.deliveryStats(question);
      for (const [name, store] of Object.entries(stores)) {
        expect({ name, answer: await store.deliveryStats(question) }).toEqual({ name, answer: expected });
      }
      const middle = range.from + Math.floor((range.to - range.from) / 2);
      const days = [range.from - 1, middle, middle + HOUR_MS / 4];
      const expectedDays = await model.dailyStats({ scopes: asked, range, days });
      for (const [name, store] of Object.entries(stores)) {
        expect({ name, days: await store.dailyStats({ scopes: asked, range, days }) }).toEqual({
          name,
          days: expectedDays,
        });
      }
      for (const by of ['endpoint', 'status', 'http_status_code', 'attempt_number'] as const) {
        const breakdown = { scopes: asked, by, range, limit: 2 };
        const expectedRows = await model.breakdown(breakdown);
        for (const [name, store] of Object.entries(stores)) {
          expect({ name, by, rows: await store.breakdown(breakdown) }).toEqual({ name, by, rows: expectedRows });
        }
      }
      const page = { userId: users[0] ?? '', range, limit: pageLimit };
      const expectedPage = await model.attemptPage(page);
      for (const [name, store] of Object.entries(stores)) {
        expect({ name, page: await store.attemptPage(page) }).toEqual({ name, page: expectedPage });
      }
    }
  });
  await fc.assert(property, { numRuns: RUNS, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: false });
});

/** Pending versions first, then the final ones, then pending ones that come too late. */
function arrivalsOf(
  stories: readonly Story[],
  users: readonly string[],
  endpoints: readonly string[],
  events: readonly string[],
): AttemptRecord[] {
  const versions = stories.map((told) => {
    const pending: AttemptRecord = {
      id: randomUUID(),
      event_id: events[told.event] ?? '',
      endpoint_id: endpoints[told.endpoint] ?? '',
      user_id: users[told.user] ?? '',
      attempt_number: told.attemptNumber,
      status: 'pending',
      http_status_code: null,
      response_time_ms: null,
      error_message: null,
      created_at: told.createdAt,
      updated_at: told.createdAt,
    };
    const { status, latencyMs, code } = told.final;
    const final = {
      ...pending,
      status,
      response_time_ms: latencyMs,
      http_status_code: code,
      // Nothing is promised about two versions of one time and one status that differ in the rest.
      updated_at: told.createdAt + (status === 'pending' ? 1 : told.finalAfterMs),
    };
    return { told, pending, final };
  });
  return [
    ...versions.filter(({ told }) => told.pendingBefore).map(({ pending }) => pending),
    ...versions.map(({ final }) => final),
    ...versions.filter(({ told }) => told.stalePendingAfter).map(({ pending }) => pending),
  ];
}

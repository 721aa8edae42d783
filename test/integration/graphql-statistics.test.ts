import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AttemptRecord } from '../../src/records/attempt.js';
import { DAY_MS, HOUR_MS } from '../../src/records/time-range.js';
import { type BreakdownRow, NO_DELIVERIES } from '../../src/stores/analytics-store.js';
import {
  ALICE,
  ATTEMPTS,
  at,
  BOB,
  BOBS_ENDPOINT,
  RANGE,
  SHOP,
  SHOP_ORDERS,
  SHOP_REFUNDS,
  uuidOf,
} from '../support/analytics-dataset.js';
import { insertAttemptsIntoClickHouse, upsertAttemptsIntoPostgres } from '../support/analytics-stores.js';
import { COUNTERS, expectedCounters } from '../support/counters.js';
import { everything, iso, model, range, startFilledGateway } from '../support/filled-gateway.js';
import { BOBS_APPLICATION } from '../support/gateway.js';

describe.each(['clickhouse', 'postgres'] as const)('the gateway, reading from %s', (store) => {
  let gateway: Awaited<ReturnType<typeof startFilledGateway>>;

  beforeAll(async () => {
    gateway = await startFilledGateway(store);
  });

  afterAll(() => gateway?.close());

  test('gives the numbers of the model for the user, an application and an endpoint, hour by hour', async () => {
    const stats = `stats(range: $range) { range { from to } totalEvents ${COUNTERS} } successRate(range: $range)
      hourlyStats(range: $range) { hour ${COUNTERS} }`;
    const data = await gateway.answered(
      `query ($range: TimeRange) { me { id ${stats} } application(id: "${SHOP}") { id ${stats} }
        endpoint(id: "${SHOP_ORDERS}") { id ${stats} } }`,
      { range },
    );
    const scopes = [
      { userId: ALICE },
      { userId: ALICE, endpointIds: [SHOP_ORDERS, SHOP_REFUNDS] },
      { userId: ALICE, endpointIds: [SHOP_ORDERS] },
    ];
    const answers = await model.deliveryStats({ scopes, range: RANGE, hourly: true, events: true });
    const expected = answers.map(({ total, totalEvents, hours }) => ({
      stats: { range, totalEvents, ...expectedCounters(total) },
      successRate: expectedCounters(total).successRate,
      hourlyStats: [1, 2, 3, 4, 5].map((hour) => {
        const counters = hours.get(at(hour));
        if (counters === undefined) throw new Error(`the dataset has nothing in hour ${hour}`);
        return { hour: iso(at(hour)), ...expectedCounters(counters) };
      }),
    }));
    expect(expected[0]?.stats.attempts).toBeGreaterThan(5);
    expect(data).toEqual({
      me: { id: ALICE, ...expected[0] },
      application: { id: SHOP, ...expected[1], hourlyStats: expect.any(Array) },
      endpoint: { id: SHOP_ORDERS, ...expected[2], hourlyStats: expect.any(Array) },
    });
  });

  test('gives the dashboard in one answer, with hours that nothing happened in', async () => {
    const data = await gateway.answered(
      `query ($range: TimeRange) { dashboardStats(range: $range) {
        totalEvents activeEndpoints attempts range { from to } hourlyStats { hour attempts successRate } } }`,
      { range: { from: iso(at(5, 30)), to: iso(at(30)) } },
    );
    const [answer] = await model.deliveryStats({
      scopes: [{ userId: ALICE }],
      range: { from: at(5, 30), to: at(30) },
      hourly: true,
      events: true,
    });
    expect(data['dashboardStats']).toMatchObject({
      totalEvents: answer?.totalEvents,
      activeEndpoints: 2,
      attempts: answer?.total.attempts,
      hourlyStats: Array.from({ length: 25 }, (_, index) => {
        const attempts = answer?.hours.get(at(5 + index))?.attempts ?? 0;
        return { hour: iso(at(5 + index)), attempts, ...(attempts === 0 ? { successRate: null } : {}) };
      }),
    });
  });

  test('answers 24 hours up to now where the range is left out, and 24 before `to` where only that is given', async () => {
    const before = Date.now();
    const data = await gateway.answered(
      `{ now: dashboardStats { range { from to } } again: dashboardStats { range { from to } }
        me { stats(range: {to: "2026-01-02T01:00:00+01:00"}) { range { from to } attempts } } }`,
    );
    const { now, again, me } = data as { now: { range: typeof range }; again: object; me: object };
    expect(again).toEqual(now);
    expect(Date.parse(now.range.to)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(now.range.to)).toBeLessThanOrEqual(Date.now());
    expect(Date.parse(now.range.to) - Date.parse(now.range.from)).toBe(DAY_MS);
    expect(me).toEqual({
      stats: { range: { from: '2026-01-01T00:00:00.000Z', to: '2026-01-02T00:00:00.000Z' }, attempts: 0 },
    });
  });

  test.each([
    ['UTC', [0, 24, 48]],
    ['Asia/Kathmandu', [-5.75, 18.25, 42.25]],
    ['Asia/Kolkata', [-5.5, 18.5, 42.5]],
    ['Pacific/Kiritimati', [-14, 10, 34]],
  ])('gives the numbers of each day in %s, with days that nothing happened in', async (timeZone, hours) => {
    const days = hours.map((hour) => at(0) + hour * HOUR_MS);
    const inDays = { from: RANGE.from, to: Math.max(at(41), (days[2] ?? 0) + 1) };
    const data = await gateway.answered(
      `query ($range: TimeRange, $timeZone: String!) {
        me { dailyStats(range: $range, timeZone: $timeZone) { date start ${COUNTERS} } }
        endpoint(id: "${SHOP_REFUNDS}") { dailyStats(range: $range, timeZone: $timeZone) { attempts } } }`,
      { range: { from: iso(inDays.from), to: iso(inDays.to) }, timeZone },
    );
    const scopes = [{ userId: ALICE }, { userId: ALICE, endpointIds: [SHOP_REFUNDS] }];
    const [counters = [], ofEndpoint = []] = await model.dailyStats({ scopes, range: inDays, days });
    expect(data).toEqual({
      me: {
        dailyStats: days.map((start, index) => ({
          date: new Intl.DateTimeFormat('en-CA', { timeZone }).format(start),
          start: iso(start),
          ...expectedCounters(counters[index] ?? NO_DELIVERIES),
        })),
      },
      endpoint: { dailyStats: ofEndpoint.map(({ attempts }) => ({ attempts })) },
    });
  });

  test('gives days older than the retention as zeros', async () => {
    const data = await gateway.answered(
      '{ me { dailyStats(range: {from: "2020-02-28T12:00:00Z", to: "2020-03-01T12:00:00Z"}) { date attempts successRate } } }',
    );
    const nothing = { attempts: 0, successRate: null };
    const dates = ['2020-02-28', '2020-02-29', '2020-03-01'];
    expect(data['me']).toEqual({ dailyStats: dates.map((date) => ({ date, ...nothing })) });
  });

  test('breaks numbers down by endpoint and application, which may have been deleted since', async () => {
    const gone = uuidOf(29);
    const attempt = { ...ATTEMPTS[1], id: uuidOf(9_001), user_id: BOB, endpoint_id: gone } as AttemptRecord;
    if (store === 'clickhouse') await insertAttemptsIntoClickHouse(gateway.stores.clickhouse, [attempt], 'deleted');
    else await upsertAttemptsIntoPostgres(gateway.stores.postgres, [attempt]);
    const rows = 'key label attempts endpoint { id } application { id }';
    const query = `query ($range: TimeRange) { me { byEndpoint: breakdown(by: ENDPOINT, range: $range) { ${rows} }
      byApplication: breakdown(by: APPLICATION, range: $range, first: 1) { ${rows} }
      all: breakdown(by: APPLICATION, range: $range) { ${rows} } } }`;
    const application = { key: BOBS_APPLICATION, label: 'Bob', attempts: 3, application: { id: BOBS_APPLICATION } };
    expect((await gateway.answered(query, { range: everything }, BOB))['me']).toEqual({
      byEndpoint: [
        { key: BOBS_ENDPOINT, label: 'Bob', attempts: 3, endpoint: { id: BOBS_ENDPOINT }, application: null },
        { key: gone, label: gone, attempts: 1, endpoint: null, application: null },
      ],
      byApplication: [{ ...application, endpoint: null }],
      all: [
        { ...application, endpoint: null },
        { key: 'none', label: 'No application', attempts: 1, endpoint: null, application: null },
      ],
    });
  });

  test.each([
    ['STATUS', 'status', { SUCCESS: 'Success', FAILED: 'Failed', EXPIRED: 'Expired', PENDING: 'Pending' }],
    [
      'HTTP_STATUS_CODE',
      'http_status_code',
      { 200: '200 OK', 500: '500 Internal Server Error', 503: '503 Service Unavailable', none: 'No response' },
    ],
    ['ATTEMPT_NUMBER', 'attempt_number', { 1: 'Attempt 1', 2: 'Attempt 2', 3: 'Attempt 3' }],
  ] as const)('breaks numbers down by %s', async (name, by, labels) => {
    const data = await gateway.answered(
      `query ($range: TimeRange) { me { breakdown(by: ${name}, range: $range) { key label ${COUNTERS} } }
        endpoint(id: "${SHOP_ORDERS}") { breakdown(by: ${name}, range: $range, first: 1) { key attempts } } }`,
      { range },
    );
    const scopes = [{ userId: ALICE }, { userId: ALICE, endpointIds: [SHOP_ORDERS] }];
    const [rows = [], [first] = []] = await model.breakdown({ scopes, by, range: RANGE, limit: 10 });
    const named = ({ key }: BreakdownRow) => (by === 'status' ? key.toUpperCase() : key);
    const label: Record<string, string> = labels;
    expect(data['me']).toEqual({
      breakdown: rows.map(({ key, ...counters }) => ({
        key: named({ key, ...counters }),
        label: label[named({ key, ...counters })],
        ...expectedCounters(counters),
      })),
    });
    expect(data['endpoint']).toEqual({
      breakdown: first && [{ key: named(first), attempts: first.attempts }],
    });
  });
});

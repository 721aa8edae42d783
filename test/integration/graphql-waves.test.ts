import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { hoursOf } from '../../src/records/time-range.js';
import { ALICE, BOB, NOBODY, RANGE } from '../support/analytics-dataset.js';
import { iso, model, startFilledGateway } from '../support/filled-gateway.js';

const DASHBOARD = `query ($range: TimeRange) {
  dashboardStats(range: $range) { attempts p95LatencyMs totalEvents hourlyStats { hour attempts } }
}`;

describe.each(['clickhouse', 'postgres'] as const)('users who ask at the same time, from %s', (store) => {
  let filled: Awaited<ReturnType<typeof startFilledGateway>>;
  beforeAll(async () => {
    filled = await startFilledGateway(store);
    // A token of nobody's is refused, so that nobody has to be somebody here.
    await filled.stores.postgres.query({
      name: 'test_user',
      text: `INSERT INTO users (id, email) VALUES ('${NOBODY}', 'nobody@example.com')`,
    });
  });
  afterAll(() => filled?.close());

  test('are each answered about their own range to the millisecond, and nobody else’s deliveries', async () => {
    const asked = Array.from({ length: 60 }, (_, index) => ({
      userId: [ALICE, BOB, NOBODY][index % 3] ?? ALICE,
      range: { from: RANGE.from - 2 + (index % 5), to: RANGE.to - 2 + (index % 4) },
    }));
    const answers = await Promise.all(
      asked.map(({ userId, range }) =>
        filled.answered(DASHBOARD, { range: { from: iso(range.from), to: iso(range.to) } }, userId),
      ),
    );
    for (const [index, { userId, range }] of asked.entries()) {
      const [expected] = await model.deliveryStats({ scopes: [{ userId }], range, hourly: true, events: true });
      expect(answers[index]).toEqual({
        dashboardStats: {
          attempts: expected?.total.attempts,
          p95LatencyMs: expected?.total.p95LatencyMs,
          totalEvents: expected?.totalEvents,
          hourlyStats: hoursOf(range).map((hour) => ({
            hour: iso(hour),
            attempts: expected?.hours.get(hour)?.attempts ?? 0,
          })),
        },
      });
    }
  });
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { WavedAnalyticsStore } from '../../src/graphql/waves/waved-analytics-store.js';
import { ClickHouseAnalyticsStore } from '../../src/stores/clickhouse/clickhouse-analytics-store.js';
import { ClickHouseDatabase } from '../../src/stores/clickhouse/database.js';
import { ALICE, ATTEMPTS, BOB, RANGE } from '../support/analytics-dataset.js';
import { insertAttemptsIntoClickHouse } from '../support/analytics-stores.js';
import { freshStores } from '../support/gateway.js';
import { AnalyticsModel } from '../support/model.js';

const model = new AnalyticsModel(ATTEMPTS);
const scopesOf = (userId: string) => ({ scopes: [{ userId }], range: RANGE, hourly: false, events: false });

let stores: Awaited<ReturnType<typeof freshStores>>;
beforeAll(async () => {
  stores = await freshStores();
  await insertAttemptsIntoClickHouse(stores.clickhouse, ATTEMPTS, 'first');
});
afterAll(() => stores?.close());

/** What users who ask at once are told, each by themselves, by a ClickHouse with such settings. */
async function askAtOnce(settings: Readonly<Record<string, string>>) {
  const url = new URL(stores.environment.CLICKHOUSE_URL);
  for (const [name, value] of Object.entries(settings)) url.searchParams.set(`clickhouse_setting_${name}`, value);
  const database = new ClickHouseDatabase(url.href, { applicationName: 'test' });
  const waves = new WavedAnalyticsStore(new ClickHouseAnalyticsStore(database));
  try {
    return await Promise.allSettled([ALICE, BOB].map((userId) => waves.deliveryStats(scopesOf(userId))));
  } finally {
    await database.close();
  }
}

test('users whose wave is too large for the store are answered one after the other', async () => {
  const expected = await Promise.all([ALICE, BOB].map((userId) => model.deliveryStats(scopesOf(userId))));
  const answers = await askAtOnce({ max_result_rows: '1' });
  expect(answers).toEqual(expected.map((value) => ({ status: 'fulfilled', value })));
});

test('a question that is too large by itself says so', async () => {
  const database = new ClickHouseDatabase(stores.environment.CLICKHOUSE_URL, { applicationName: 'test' });
  try {
    await expect(
      database.query({ name: 'test_large', query: 'SELECT number FROM numbers(10) SETTINGS max_result_rows = 1' }),
    ).rejects.toMatchObject({ options: { isTooLarge: true } });
    await expect(database.query({ name: 'test_wrong', query: 'SELECT nothing FROM nowhere' })).rejects.toMatchObject({
      options: { kind: 'refused', isTooLarge: false },
    });
  } finally {
    await database.close();
  }
});

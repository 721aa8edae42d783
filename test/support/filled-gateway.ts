import { expect } from '@jest/globals';
import { DAY_MS } from '../../src/records/time-range.js';
import { ALICE, ATTEMPTS, at, EVENTS, RANGE } from './analytics-dataset.js';
import {
  insertAttemptsIntoClickHouse,
  insertEventsIntoClickHouse,
  insertEventsIntoPostgres,
  upsertAttemptsIntoPostgres,
} from './analytics-stores.js';
import { freshStores, startTestGateway } from './gateway.js';
import { AnalyticsModel } from './model.js';

export const iso = (time: number): string => new Date(time).toISOString();
/** Variables for a TimeRange. */
export const range = { from: iso(RANGE.from), to: iso(RANGE.to) };
export const everything = { from: iso(at(0)), to: iso(at(0) + 5 * DAY_MS) };
export const model = new AnalyticsModel(ATTEMPTS, EVENTS);

/** A gateway over the data set of the analytics suites, which it reads from one store and does not find in the other. */
export async function startFilledGateway(store: 'clickhouse' | 'postgres') {
  const stores = await freshStores();
  if (store === 'clickhouse') {
    await insertAttemptsIntoClickHouse(stores.clickhouse, ATTEMPTS, 'first');
    await insertEventsIntoClickHouse(stores.clickhouse, EVENTS);
  } else {
    await upsertAttemptsIntoPostgres(stores.postgres, ATTEMPTS);
    await insertEventsIntoPostgres(stores.postgres, EVENTS);
    await stores.postgres.query({ name: 'test_phase', text: "UPDATE migration_phase SET phase = 'dual_write'" });
  }
  const gateway = await startTestGateway(stores.environment);
  return {
    stores,
    socketUrl: gateway.socketUrl,
    /** The data of an answer that must be without errors. */
    async answered(query: string, variables = {}, user = ALICE) {
      const { data, errors } = await gateway.ask(user, query, variables);
      expect(errors).toBeUndefined();
      return data ?? {};
    },
    async close() {
      await gateway.close();
      await stores.close();
    },
  };
}

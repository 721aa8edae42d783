import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ALICE } from '../support/analytics-dataset.js';
import { ADMIN, freshStores, startTestGateway, tokenOf } from '../support/gateway.js';

const QUERY = `{ migration { phase since readsFrom writesTo sinks { store stream lag pending oldestPendingAt lastCommittedAt }
  backfill { table rowsTotal rowsDone rowsRejected startedAt finishedAt } verifiedAt differences deadLetters } }`;

let stores: Awaited<ReturnType<typeof freshStores>>;
let gateway: Awaited<ReturnType<typeof startTestGateway>>;

beforeAll(async () => {
  stores = await freshStores();
  gateway = await startTestGateway(stores.environment);
});
afterAll(async () => {
  await gateway.close();
  await stores.close();
});

test('an admin sees where the move stands', async () => {
  const { data, errors } = await gateway.ask(ADMIN, QUERY);
  expect(errors).toBeUndefined();
  const idle = { lag: 0, pending: 0, oldestPendingAt: null, lastCommittedAt: null };
  expect(data).toEqual({
    migration: {
      phase: 'CUTOVER',
      since: expect.stringMatching(/^\d{4}-.*Z$/),
      readsFrom: 'CLICKHOUSE',
      writesTo: ['POSTGRES', 'CLICKHOUSE'],
      sinks: [
        { store: 'POSTGRES', stream: 'events', ...idle },
        { store: 'POSTGRES', stream: 'delivery_attempts', ...idle },
        { store: 'CLICKHOUSE', stream: 'events', ...idle },
        { store: 'CLICKHOUSE', stream: 'delivery_attempts', ...idle },
      ],
      backfill: [],
      verifiedAt: null,
      differences: null,
      deadLetters: 0,
    },
  });
});

test('nobody else does, an admin who acts for a user neither', async () => {
  const asAlice = { authorization: `Bearer ${await tokenOf(ADMIN)}`, 'x-ethhook-as-user': ALICE };
  for (const asker of [ALICE, asAlice]) {
    const { data, errors } = await gateway.ask(asker, QUERY);
    expect(data).toEqual({ migration: null });
    expect(errors?.map(({ extensions }) => extensions['code'])).toEqual(['FORBIDDEN']);
  }
});

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { AttemptRecord } from '../../src/records/attempt.js';
import type { EventRecord } from '../../src/records/event.js';
import { DAY_MS, startOfDay } from '../../src/records/time-range.js';
import type { AnalyticsStore, ListPosition } from '../../src/stores/analytics-store.js';
import { ClickHouseAnalyticsStore } from '../../src/stores/clickhouse/clickhouse-analytics-store.js';
import { PostgresAnalyticsStore } from '../../src/stores/postgres/postgres-analytics-store.js';
import {
  freshAnalyticsDatabases,
  insertAttemptsIntoClickHouse,
  insertEventsIntoClickHouse,
  insertEventsIntoPostgres,
  upsertAttemptsIntoPostgres,
} from '../support/analytics-stores.js';

const RUNS = 8;
/** Midnight, so that the rows are of two days. */
const START = startOfDay(Date.now()) - 3 * DAY_MS;
const RANGE = { from: START - DAY_MS, to: START + DAY_MS };

/** Milliseconds off midnight: few, so that many rows are of one millisecond, and some hours away. */
const offset = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(-7_200_000, -3_600_001, 5_400_000));
const scenario = fc.record({
  before: fc.array(offset, { minLength: 1, maxLength: 25 }),
  /** What arrives after each page: new rows, and which of the old ones change their status or come again. */
  between: fc.array(
    fc.record({ rows: fc.array(offset, { maxLength: 4 }), again: fc.array(fc.nat({ max: 24 }), { maxLength: 3 }) }),
    { maxLength: 4 },
  ),
  limit: fc.integer({ min: 1, max: 6 }),
});

let databases: Awaited<ReturnType<typeof freshAnalyticsDatabases>>;
beforeAll(async () => {
  databases = await freshAnalyticsDatabases();
});
afterAll(() => databases?.close());

const hex = (digit: string, bytes: number): string => `0x${digit.repeat(2 * bytes)}`;

/** An event and an attempt of it, both at one time. */
function pairAt(userId: string, time: number): { attempt: AttemptRecord; event: EventRecord } {
  const eventId = randomUUID();
  return {
    event: {
      id: eventId,
      chain_id: 1,
      block_number: 1,
      block_hash: hex('a', 32),
      transaction_hash: hex('b', 32),
      transaction_index: 0,
      log_index: 0,
      address: hex('c', 20),
      topic0: null,
      topic1: null,
      topic2: null,
      topic3: null,
      data: '0x',
      ingested_at: time,
      created_at: time,
    },
    attempt: {
      id: randomUUID(),
      event_id: eventId,
      endpoint_id: randomUUID(),
      user_id: userId,
      attempt_number: 1,
      status: 'pending',
      http_status_code: null,
      response_time_ms: null,
      error_message: null,
      created_at: time,
      updated_at: time,
    },
  };
}

type Pair = ReturnType<typeof pairAt>;

async function insert(pairs: readonly Pair[]): Promise<void> {
  if (pairs.length === 0) return;
  const { clickhouse, postgres } = databases;
  const [attempts, events] = [pairs.map(({ attempt }) => attempt), pairs.map(({ event }) => event)];
  await insertAttemptsIntoClickHouse(clickhouse, attempts, randomUUID());
  await insertEventsIntoClickHouse(clickhouse, events);
  await upsertAttemptsIntoPostgres(postgres, attempts);
  await insertEventsIntoPostgres(postgres, events);
}

const delivered = ({ event, attempt }: Pair): Pair => ({
  event: { ...event, ingested_at: event.ingested_at + 60_000 },
  attempt: { ...attempt, status: 'success', http_status_code: 200, updated_at: attempt.updated_at + 1 },
});

interface List {
  readonly name: string;
  page(limit: number, after: ListPosition | undefined): Promise<ListPosition[]>;
  idOf(pair: Pair): string;
}

function listsOf(userId: string): List[] {
  const stores: [string, AnalyticsStore][] = [
    ['clickhouse', new ClickHouseAnalyticsStore(databases.clickhouseReader)],
    ['postgres', new PostgresAnalyticsStore(databases.postgres)],
    ['postgres, of many', new PostgresAnalyticsStore(databases.postgres, { manyAttempts: 0 })],
  ];
  return stores.flatMap(([name, store]): List[] => [
    {
      name: `attempts of ${name}`,
      idOf: ({ attempt }) => attempt.id,
      async page(limit, after) {
        const question = { userId, range: RANGE, limit, ...(after === undefined ? {} : { after }) };
        return (await store.attemptPage(question)).map(({ id, created_at }) => ({ id, time: created_at }));
      },
    },
    {
      name: `events of ${name}`,
      idOf: ({ event }) => event.id,
      async page(limit, after) {
        const asked = { userId, range: RANGE, attemptsRange: RANGE, limit };
        const page = await store.eventPage({ ...asked, ...(after === undefined ? {} : { after }) });
        return page.map(({ id, ingested_at }) => ({ id, time: ingested_at }));
      },
    },
  ]);
}

test('a walk by pages meets every row once, whatever arrives or changes meanwhile', async () => {
  const property = fc.asyncProperty(scenario, async ({ before, between, limit }) => {
    const userId = randomUUID();
    const known = before.map((time) => pairAt(userId, START + time));
    await insert(known);
    const walks = listsOf(userId).map((list) => ({ list, met: [] as ListPosition[], isOver: false }));
    for (let turn = 0; walks.some(({ isOver }) => !isOver); turn++) {
      for (const walk of walks.filter(({ isOver }) => !isOver)) {
        const page = await walk.list.page(limit, walk.met.at(-1));
        walk.met.push(...page);
        walk.isOver = page.length < limit;
      }
      const arriving = between[turn];
      if (arriving === undefined) continue;
      await insert(arriving.rows.map((time) => pairAt(userId, START + time)));
      const again = new Set(arriving.again.map((index) => known[index]).filter((pair) => pair !== undefined));
      await insert([...again].map(delivered));
    }
    for (const { list, met } of walks) {
      const ids = met.map(({ id }) => id);
      expect({ list: list.name, repeated: ids.length - new Set(ids).size }).toEqual({ list: list.name, repeated: 0 });
      const missing = known.filter((pair) => !ids.includes(list.idOf(pair))).length;
      expect({ list: list.name, missing }).toEqual({ list: list.name, missing: 0 });
    }
  });
  await fc.assert(property, { numRuns: RUNS, interruptAfterTimeLimit: 40_000, markInterruptAsFailure: false });
}, 240_000);

import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { HourlyStat } from '../../src/graphql/delivery/stats.js';
import { HourlyStatsFeed } from '../../src/graphql/live/hourly-stats-feed.js';
import type { FeedSource } from '../../src/graphql/live/watched-source.js';
import { createLogger } from '../../src/platform/logger.js';
import { startOfHour } from '../../src/records/time-range.js';
import type { AnalyticsStore, DeliveryStatsAnswer, DeliveryStatsQuestion } from '../../src/stores/analytics-store.js';
import { ClickHouseAnalyticsStore } from '../../src/stores/clickhouse/clickhouse-analytics-store.js';
import { ClickHouseDatabase } from '../../src/stores/clickhouse/database.js';
import { ConfigurationStore } from '../../src/stores/postgres/configuration-store.js';
import { ALICE, SHOP, SHOP_ORDERS, uuidOf, WALLET } from '../support/analytics-dataset.js';
import { freshStores } from '../support/gateway.js';
import { startCommitting } from '../support/live.js';
import { until } from '../support/until.js';

const SOURCES = 5_000;
const endpoints = [SHOP_ORDERS, ...Array.from({ length: SOURCES - 1 }, (_, index) => uuidOf(100_000 + index))];

/** Refuses questions about many endpoints of one source, for as long as it is told to. */
class RefusingStore extends ClickHouseAnalyticsStore {
  refuses = true;

  override deliveryStats(question: DeliveryStatsQuestion): Promise<DeliveryStatsAnswer[]> {
    const isLarge = question.scopes.some(({ endpointIds = [] }) => endpointIds.length > 500);
    return this.refuses && isLarge ? Promise.reject(new Error('refused')) : super.deliveryStats(question);
  }
}

describe('live hours of thousands of endpoints', () => {
  let stores: Awaited<ReturnType<typeof freshStores>>;
  let clickhouse: ClickHouseDatabase;
  let committing: Awaited<ReturnType<typeof startCommitting>>;
  const feeds: HourlyStatsFeed[] = [];

  beforeAll(async () => {
    stores = await freshStores();
    clickhouse = new ClickHouseDatabase(stores.environment.CLICKHOUSE_URL, { applicationName: 'test' });
    committing = await startCommitting(stores);
    await stores.postgres.query({
      name: 'test_endpoints',
      text: `INSERT INTO endpoints (id, application_id, name, url)
        SELECT id, $2, 'One of many', 'https://many.example' FROM unnest($1::uuid[]) AS id`,
      values: [endpoints.slice(1), WALLET],
    });
  });

  afterAll(async () => {
    await Promise.all(feeds.map((feed) => feed.close()));
    committing?.close();
    await clickhouse?.close();
    await stores?.close();
  });

  function startFeed(
    analytics: AnalyticsStore = new ClickHouseAnalyticsStore(clickhouse),
    now = () => Date.now(),
  ): HourlyStatsFeed {
    const feed = new HourlyStatsFeed({
      configuration: new ConfigurationStore(stores.postgres),
      analytics: () => analytics,
      attemptsRetentionDays: 30,
      logger: createLogger('test', 'silent'),
      now,
    });
    feeds.push(feed);
    return feed;
  }

  /** What a subscriber is told. Resolves once that has begun. */
  async function watch(feed: HourlyStatsFeed, source: Partial<FeedSource>): Promise<HourlyStat[]> {
    const hours = await feed.subscribe({ userId: ALICE, ...source });
    const told: HourlyStat[] = [];
    void (async () => {
      for await (const hour of hours) told.push(hour);
    })();
    return told;
  }

  const change = async (feed: HourlyStatsFeed, endpointId: string): Promise<void> => {
    const now = Date.now();
    await committing.commit(endpointId, now);
    feed.notice({ [ALICE]: [startOfHour(now)] });
  };

  test('each watched by itself begin, and the one that changes is told', async () => {
    const feed = startFeed();
    const told = await Promise.all(endpoints.map((endpointId) => watch(feed, { endpointId })));
    await until('all are told of the current hour', () => told.every((hours) => hours.length === 1));
    await change(feed, SHOP_ORDERS);
    await until('one is told of the change', () => told[0]?.length === 2);
    expect(told.slice(1).filter((hours) => hours.length > 1)).toEqual([]);
  }, 60_000);

  test('all of one application are one source', async () => {
    const feed = startFeed();
    const told = await watch(feed, { applicationId: WALLET });
    await until('it has begun', () => told.length === 1);
    await change(feed, endpoints.at(-1) ?? '');
    await until('it is told of the change', () => told.length === 2);
    expect(told[1]?.attempts).toBe((told[0]?.attempts ?? 0) + 1);
  });

  test('are told although a question about others is refused, which begins once it no longer is', async () => {
    const store = new RefusingStore(clickhouse);
    const feed = startFeed(store);
    const refused = watch(feed, { applicationId: WALLET });
    const told = await Promise.all([
      watch(feed, {}),
      watch(feed, { endpointId: SHOP_ORDERS }),
      watch(feed, { applicationId: SHOP }),
    ]);
    await expect(refused).rejects.toThrow('refused');
    expect(told.length).toBe(3);
    store.refuses = false;
    const again = await watch(feed, { applicationId: WALLET });
    await until('it has begun', () => again.length === 1);
  });

  test('are read again after a reading that failed for whatever reason', async () => {
    let isBroken = false;
    const feed = startFeed(new ClickHouseAnalyticsStore(clickhouse), () => {
      if (isBroken) throw new Error('broken');
      return Date.now();
    });
    const told = await watch(feed, { endpointId: SHOP_ORDERS });
    const newcomer = watch(feed, {});
    isBroken = true;
    await expect(newcomer).rejects.toThrow('broken');
    isBroken = false;
    const again = await watch(feed, {});
    await until('it has begun', () => again.length === 1);
    await change(feed, SHOP_ORDERS);
    await until('who was there is told of the change', () => told.length === 2);
  });
});

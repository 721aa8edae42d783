import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { Hold } from '../../ingest-worker/hold.js';
import { Lane } from '../../ingest-worker/lane.js';
import type { Sink } from '../../ingest-worker/sink.js';
import { attemptKind } from '../../ingest-worker/stream-kind.js';
import { UpstreamError } from '../../src/platform/errors.js';
import type { AttemptRecord } from '../../src/records/attempt.js';
import { RedisDatabase } from '../../src/stores/redis/database.js';
import { EntryReading } from '../../src/stores/redis/entry-reading.js';
import { attemptOf, freshIngestStack, type IngestStack, toJson } from '../support/ingest.js';
import { testServers } from '../support/servers.js';
import { until } from '../support/until.js';

const logger = pino({ level: 'silent' });

/** A connection over which one entry cannot be acknowledged for as long as it is named. */
class ReluctantRedis extends RedisDatabase {
  refused: string | null = null;
  refusals = 0;
  readonly acknowledged: string[] = [];

  override async encoded(...[name, first, last]: Parameters<RedisDatabase['encoded']>): Promise<unknown> {
    const ids: readonly string[] = last.bytes.toString().match(/^\d+-\d+/gm) ?? [];
    if (this.refused !== null && ids.includes(this.refused)) {
      this.refusals += 1;
      throw new UpstreamError('redis', 'XACK: LOADING', { cause: null, kind: 'unavailable', code: 'LOADING' });
    }
    const reply = await super.encoded(name, first, last);
    this.acknowledged.push(...ids);
    return reply;
  }
}

let stack: IngestStack;
let redis: ReluctantRedis;
let reading: EntryReading;

beforeEach(async () => {
  stack = await freshIngestStack();
  redis = new ReluctantRedis(testServers().redisUrl, { applicationName: 'test' });
  reading = new EntryReading(testServers().redisUrl, { applicationName: 'test' });
});

afterEach(async () => {
  redis.close();
  reading.close();
  await stack.close();
});

test('a lane that stops waits for an acknowledgement that is still being tried, behind one that is done', async () => {
  const [first, second] = [
    await stack.addRecords('delivery_attempts', [toJson(attemptOf())]),
    await stack.addRecords('delivery_attempts', [toJson(attemptOf())]),
  ];
  redis.refused = first;
  let begun = 0;
  // The second batch is begun while the first is being written, and written while that is not acknowledged.
  const sink: Sink<AttemptRecord> = {
    store: 'clickhouse',
    async begin(batch) {
      begun += 1;
      if (begun === 2) await until('the first batch is refused its acknowledgement', () => redis.refusals > 0);
      return batch;
    },
    async write({ entryIds }) {
      if (entryIds.list()[0] === first) await until('the second batch is begun', () => begun === 2);
      return [];
    },
  };
  const stopping = new AbortController();
  const lane = new Lane({
    kind: attemptKind,
    sink,
    hold: new Hold(),
    member: { names: stack.names, stream: 'delivery_attempts', group: 'clickhouse', consumer: 'worker' },
    retentionDays: 30,
    limits: { maxRows: 1, maxBytes: 1_000_000, maxAgeMs: 10 },
    redis,
    reading,
    logger,
    prepare: () => Promise.resolve(),
    stopping: stopping.signal,
    abandoned: new AbortController().signal,
  });
  const pendingBehind = lane.run().then(() => stack.pendingOf('delivery_attempts'));
  await until('the second batch is acknowledged', () => redis.acknowledged.includes(second));
  stopping.abort();
  await until('the first has been refused some more', () => redis.refusals >= 6);
  redis.refused = null;
  expect(await pendingBehind).toBe(0);
});

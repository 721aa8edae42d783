import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../src/platform/logger.js';
import { RowBinaryWriter } from '../src/records/row-binary.js';
import { DAY_MS } from '../src/records/time-range.js';
import type { ClickHouseDatabase } from '../src/stores/clickhouse/database.js';
import { insertBatch } from '../src/stores/clickhouse/insert-batch.js';
import type { RedisDatabase } from '../src/stores/redis/database.js';
import type { GroupMember } from '../src/stores/redis/entry-group.js';
import { writeManifest } from '../src/stores/redis/manifests.js';
import type { Batch } from './batch.js';
import type { Hold } from './hold.js';
import { InsertPace } from './insert-pace.js';
import type { Sink } from './sink.js';
import type { StreamKind } from './stream-kind.js';
import { untilDone } from './until-done.js';

/**
 * Days that share an insert, counted from 1970: ClickHouse takes at most 100 partitions in one. Never to be changed:
 * a batch that another version began has to be cut up in the same way to be counted once.
 */
const DAYS_PER_INSERT = 32;
const HELD_RETRY_MS = 25;

interface ClickHouseSinkOptions<R> {
  readonly kind: StreamKind<R>;
  readonly database: ClickHouseDatabase;
  readonly redis: RedisDatabase;
  readonly member: GroupMember;
  readonly logger: Logger;
  /** Raised while what is to be written is refused. */
  readonly hold?: Hold;
}

/** Manifest first, then the inserts, each under a token that depends on nothing but the batch. */
export function clickhouseSink<R>({ kind, database, redis, member, logger, hold }: ClickHouseSinkOptions<R>): Sink<R> {
  const pace = new InsertPace(() =>
    database.ping().then(
      () => true,
      () => false,
    ),
  );
  return {
    store: 'clickhouse',
    async begin(batch, inHand, signal) {
      if (batch.standing.length === 0) return batch;
      return (await record(batch, signal, inHand)) ? { ...batch, recorded: true } : 'lost';
    },
    async write(batch, signal) {
      if (batch.standing.length === 0) return [];
      await pace.beforeBatch(signal);
      if (!batch.recorded && !(await record(batch, signal))) return 'lost';
      for (const [days, rowBinary] of bodiesOf(kind, batch)) {
        const token = `${batch.token}:${days}`;
        await untilDone(() => insert(rowBinary, token, signal), { task: 'insert', logger, signal, hold });
      }
      return [];
    },
  };

  async function insert(rowBinary: Buffer, token: string, signal: AbortSignal): Promise<void> {
    try {
      await insertBatch(database, kind.type, { rowBinary, token, timeoutMs: pace.patienceMs, signal });
      pace.done();
    } catch (error) {
      await pace.failed(error);
      throw error;
    }
  }

  /** Writes the manifest, waiting while one of the batch's days is held for the audit. Resolves to whether it could. */
  async function record(batch: Batch<R>, signal: AbortSignal, inHand?: number): Promise<boolean> {
    for (;;) {
      const task = { task: 'write the manifest', logger, signal, hold };
      const outcome = await untilDone(() => writeManifest(redis, member, batch, inHand), task);
      if (outcome !== 'held') return outcome === 'written';
      await delay(HELD_RETRY_MS, undefined, { signal });
    }
  }
}

/** The rows of each insert, header included, by the number of its range of days. */
function bodiesOf<R>({ partitionTime }: StreamKind<R>, { rows, standing }: Batch<R>): Map<number, Buffer> {
  const ranges = new Int32Array(standing.length);
  let isOneRange = true;
  for (let place = 0; place < standing.length; place++) {
    ranges[place] = Math.floor(rows.timeOf(standing[place] ?? 0, partitionTime) / (DAYS_PER_INSERT * DAY_MS));
    if (ranges[place] !== ranges[0]) isOneRange = false;
  }
  const [first = 0] = ranges;
  // Nearly always all rows go as they are.
  if (isOneRange && standing.length === rows.count) return new Map([[first, rows.bytes()]]);
  const bytes = rows.bytes();
  const writers = new Map<number, RowBinaryWriter>();
  for (const [place, row] of standing.entries()) {
    const range = ranges[place] ?? first;
    let writer = writers.get(range);
    if (writer === undefined) {
      writer = new RowBinaryWriter();
      writer.raw(rows.type.rowBinaryHeader);
      writers.set(range, writer);
    }
    writer.raw(bytes.subarray(rows.startOf(row), rows.endOf(row)));
  }
  return new Map([...writers].map(([range, writer]) => [range, writer.bytes()]));
}

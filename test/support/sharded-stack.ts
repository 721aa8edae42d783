import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { type AttemptRecord, attemptType } from '../../src/records/attempt.js';
import { DAY_MS, startOfDay } from '../../src/records/time-range.js';
import type { ClickHouseDatabase } from '../../src/stores/clickhouse/database.js';
import { insertBatch } from '../../src/stores/clickhouse/insert-batch.js';
import type { ClickHouseCluster } from './clickhouse-cluster.js';
import { attemptOf, freshIngestStack, rowBinaryOf } from './ingest.js';
import { moveServices } from './move.js';

export const never = new AbortController().signal;
export const DAY = startOfDay(Date.now()) - 3 * DAY_MS;
export const USERS = Array.from({ length: 20 }, () => randomUUID());

/** Of one day and many users. */
export const attemptsOf = (count: number): AttemptRecord[] =>
  Array.from({ length: count }, (_, index) =>
    attemptOf({
      user_id: USERS[index % USERS.length] ?? '',
      status: index % 5 === 0 ? 'failed' : 'success',
      response_time_ms: index % 11 === 0 ? null : index % 13,
      created_at: DAY + ((index * 7_919_000) % DAY_MS),
    }),
  );

export type ShardedStack = Awaited<ReturnType<typeof freshShardedStack>>;

/** A stack over a cluster, with a way to each of its shards. */
export async function freshShardedStack(cluster: ClickHouseCluster) {
  const stack = await freshIngestStack({ cluster });
  const shards = cluster.straightTo(stack.clickhouse.database);
  return {
    ...stack,
    shards,
    services: { ...moveServices(stack), logger: pino({ level: 'silent' }) },

    insert: (attempts: readonly AttemptRecord[], token: string = randomUUID()): Promise<void> =>
      insertBatch(stack.clickhouse, attemptType, {
        rowBinary: rowBinaryOf(attemptType, attempts),
        token,
        signal: never,
      }),

    /** The rows of a table on each shard. */
    countsOf: (table: string): Promise<number[]> => Promise.all(shards.map((shard) => countOf(shard, table))),

    async oneUserOfEachShard(): Promise<string[]> {
      const query = 'SELECT user_id AS user FROM delivery_attempts_local ORDER BY user LIMIT 1';
      const found = await Promise.all(shards.map((shard) => shard.query<{ user: string }>({ name: 'test', query })));
      return found.flat().map(({ user }) => user);
    },

    async close(): Promise<void> {
      await Promise.all(shards.map((shard) => shard.close()));
      await stack.close();
    },
  };
}

async function countOf(database: ClickHouseDatabase, table: string): Promise<number> {
  const [row] = await database.query<{ rows: number }>({
    name: 'test',
    query: `SELECT count() AS rows FROM ${table}`,
  });
  return row?.rows ?? -1;
}

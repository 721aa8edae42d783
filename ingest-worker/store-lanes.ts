import { assertSchemaCurrent } from '../src/migration/schema-status.js';
import type { Logger } from '../src/platform/logger.js';
import type { Store } from '../src/records/migration-phase.js';
import type { RedisNames, StreamName } from '../src/records/names.js';
import type { ClickHouseDatabase } from '../src/stores/clickhouse/database.js';
import type { PostgresDatabase } from '../src/stores/postgres/database.js';
import { leaveGroup } from '../src/stores/redis/consumers.js';
import type { RedisDatabase } from '../src/stores/redis/database.js';
import type { GroupMember } from '../src/stores/redis/entry-group.js';
import { EntryReading } from '../src/stores/redis/entry-reading.js';
import type { BatchLimits } from './batch.js';
import { clickhouseSink } from './clickhouse-sink.js';
import type { LaneCounters } from './counters.js';
import { type HeldBatch, Hold } from './hold.js';
import { Lane } from './lane.js';
import { postgresAttemptSink, postgresEventSink } from './postgres-sink.js';
import type { Sink } from './sink.js';
import { attemptKind, eventKind, type StreamKind } from './stream-kind.js';
import { untilDone } from './until-done.js';

export interface LanesOptions {
  readonly redisUrl: string;
  readonly redis: RedisDatabase;
  readonly postgres: PostgresDatabase;
  readonly clickhouse: ClickHouseDatabase;
  readonly names: RedisNames;
  readonly consumer: string;
  readonly limits: BatchLimits;
  readonly retentionDays: Readonly<Record<StreamName, number>>;
  readonly logger: Logger;
}

/** One group on one stream, seen from outside. */
export interface LaneState {
  readonly stream: StreamName;
  readonly group: Store;
  readonly ready: boolean;
  readonly held: HeldBatch | null;
  readonly counters: LaneCounters;
}

/** What the lanes of one store have in common with the outside. */
export interface StoreLanes {
  readonly states: () => readonly LaneState[];
  /** Resolves when both lanes have stopped; rejects when one fails for good. */
  readonly done: Promise<void>;
  /** Ends reading and waits for what is in hand, up to ten seconds. */
  readonly stop: () => Promise<void>;
}

const DRAIN_MS = 10_000;

/** Starts the two lanes of a store: one group on each stream. */
export function startStoreLanes(store: Store, options: LanesOptions): StoreLanes {
  const stopping = new AbortController();
  const abandoned = new AbortController();
  const { redis, postgres, clickhouse, logger } = options;

  const lane = <R>(kind: StreamKind<R>, sinkOf: (member: GroupMember, hold: Hold) => Sink<R>) => {
    const hold = new Hold();
    const member: GroupMember = { ...options, stream: kind.stream, group: store };
    const reading = new EntryReading(options.redisUrl, { applicationName: `ethhook-worker-${kind.stream}-${store}` });
    const schemaIsCurrent = () => assertSchemaCurrent(store === 'postgres' ? { postgres } : { clickhouse });
    const made = new Lane({
      ...options,
      kind,
      sink: sinkOf(member, hold),
      hold,
      member,
      retentionDays: options.retentionDays[kind.stream],
      reading,
      prepare: () => untilDone(schemaIsCurrent, { task: 'check the schema', logger, signal: stopping.signal }),
      stopping: stopping.signal,
      abandoned: abandoned.signal,
    });
    const done = made.run().finally(async () => {
      reading.close();
      await leaveGroup(redis, member).catch(() => undefined);
    });
    const state = (): LaneState => ({
      stream: kind.stream,
      group: store,
      ready: made.ready,
      held: made.held,
      counters: made.counters,
    });
    return { state, done };
  };
  const lanes =
    store === 'postgres'
      ? [
          lane(eventKind, (member, hold) => postgresEventSink({ database: postgres, redis, member, logger, hold })),
          lane(attemptKind, (member, hold) => postgresAttemptSink({ database: postgres, redis, member, logger, hold })),
        ]
      : [
          lane(eventKind, (member, hold) =>
            clickhouseSink({ kind: eventKind, database: clickhouse, redis, member, logger, hold }),
          ),
          lane(attemptKind, (member, hold) =>
            clickhouseSink({ kind: attemptKind, database: clickhouse, redis, member, logger, hold }),
          ),
        ];

  const done = Promise.all(lanes.map((each) => each.done)).then(() => undefined);
  return {
    states: () => lanes.map(({ state }) => state()),
    done,
    async stop() {
      stopping.abort();
      const timer = setTimeout(() => abandoned.abort(), DRAIN_MS);
      await Promise.allSettled(lanes.map((each) => each.done));
      clearTimeout(timer);
    },
  };
}

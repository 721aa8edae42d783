import type { Metrics, Sample } from '../src/platform/metrics.js';
import { type RedisNames, STREAMS } from '../src/records/names.js';
import type { RedisDatabase } from '../src/stores/redis/database.js';
import { deadLetterCounts } from '../src/stores/redis/dead-letter-counts.js';
import { type GroupFigures, groupFigures } from '../src/stores/redis/group-figures.js';
import { memoryOf } from '../src/stores/redis/memory.js';
import type { AuditCounters } from './counters.js';
import type { PhaseLanes } from './phase-lanes.js';
import type { LaneState } from './store-lanes.js';

interface IngestMetricsOptions {
  readonly redis: RedisDatabase;
  readonly names: RedisNames;
  readonly lanes: PhaseLanes;
  readonly audits: AuditCounters;
}

const BY_GROUP = ['stream', 'group'] as const;

/** Adds how far the groups have come, which is of all workers, how full Redis is, and what this worker's own lanes do. */
export function addIngestMetrics(metrics: Metrics, { redis, names, lanes, audits }: IngestMetricsOptions): void {
  let asked: Promise<readonly { labels: Record<string, string>; figures: GroupFigures }[]> | null = null;
  /** Asked once a scrape, whichever metrics are made of it. */
  const allFigures = () => {
    asked ??= Promise.all(
      lanes.stores.flatMap((group) =>
        STREAMS.map(async (stream) => ({
          labels: { stream, group },
          figures: await groupFigures(redis, { names, stream, group }),
        })),
      ),
    ).finally(() => {
      asked = null;
    });
    return asked;
  };
  const ofGroups = (name: string, help: string, read: (figures: GroupFigures) => number | null): void =>
    metrics.gauge({
      name,
      help,
      labels: BY_GROUP,
      samples: async () =>
        (await allFigures()).flatMap(({ labels, figures }) => {
          const value = read(figures);
          return value === null ? [] : [{ labels, value }];
        }),
    });
  ofGroups('ethhook_ingest_lag_entries', 'Entries that the group was not given yet.', ({ lag }) => lag);
  ofGroups('ethhook_ingest_pending_entries', 'Entries given and not acknowledged yet.', ({ pending }) => pending);
  ofGroups(
    'ethhook_ingest_oldest_pending_age_seconds',
    'Age of the oldest entry that is pending; 0 where none is.',
    ({ oldestPendingAt }) => (oldestPendingAt === null ? 0 : Math.max(0, Date.now() - oldestPendingAt) / 1000),
  );
  ofGroups(
    'ethhook_ingest_last_committed_timestamp_seconds',
    'When the group last committed a batch, since 1970.',
    ({ lastCommittedAt }) => (lastCommittedAt === null ? null : lastCommittedAt / 1000),
  );
  metrics.gauge({
    name: 'ethhook_ingest_dead_letters',
    help: 'Dead letters that are there.',
    labels: ['stream'],
    samples: async () =>
      Object.entries(await deadLetterCounts(redis, names)).map(([stream, value]) => ({ labels: { stream }, value })),
  });
  metrics.gauge({
    name: 'ethhook_redis_memory_used_ratio',
    help: 'Of the memory that Redis may take; absent where it may take all there is.',
    samples: async () => {
      const { used, limit } = await memoryOf(redis);
      return limit === 0 ? [] : [{ value: used / limit }];
    },
  });

  const ofLanes = (read: (state: LaneState) => number) => (): Sample[] =>
    lanes.states().map((state) => ({ labels: { stream: state.stream, group: state.group }, value: read(state) }));
  metrics.gauge({
    name: 'ethhook_ingest_held_batches',
    help: 'Batches that their store refuses and that are kept until it is mended.',
    labels: BY_GROUP,
    samples: ofLanes(({ held }) => (held === null ? 0 : 1)),
  });
  metrics.gauge({
    name: 'ethhook_ingest_lane_ready',
    help: 'Whether the lane has its group and its store.',
    labels: BY_GROUP,
    samples: ofLanes(({ ready }) => (ready ? 1 : 0)),
  });
  for (const [name, help, counter] of [
    ['ethhook_ingest_batches_total', 'Batches committed.', 'batches'],
    ['ethhook_ingest_rows_total', 'Rows committed.', 'rows'],
    ['ethhook_ingest_dead_letters_total', 'Records sent to the dead letters.', 'deadLetters'],
    ['ethhook_ingest_lost_batches_total', 'Batches given up to another worker.', 'lostBatches'],
  ] as const) {
    metrics.counter({ name, help, labels: BY_GROUP, samples: ofLanes(({ counters }) => counters[counter]) });
  }

  metrics.counter({
    name: 'ethhook_rollup_audit_days_total',
    help: 'Days of the rollups audited, by what came of it.',
    labels: ['outcome'],
    samples: () => [
      { labels: { outcome: 'compared' }, value: audits.comparedDays },
      { labels: { outcome: 'mended' }, value: audits.mendedDays },
      { labels: { outcome: 'postponed' }, value: audits.postponedDays },
    ],
  });
  metrics.counter({
    name: 'ethhook_rollup_audit_mended_keys_total',
    help: 'Sums of the rollups that were wrong and are mended.',
    samples: () => [{ value: audits.mendedKeys }],
  });
}

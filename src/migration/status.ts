import { PHASE_MEANING, type Store } from '../records/migration-phase.js';
import { STREAMS, type StreamName } from '../records/names.js';
import { BackfillStore, type BackfillTable } from '../stores/postgres/backfill-store.js';
import { type PhaseRow, PhaseStore } from '../stores/postgres/phase-store.js';
import { lastVerification } from '../stores/postgres/verification-store.js';
import { deadLetterCounts } from '../stores/redis/dead-letter-counts.js';
import { type GroupFigures, groupFigures } from '../stores/redis/group-figures.js';
import type { MoveServices } from './move-services.js';

/** How far one store is on one stream. */
export interface SinkStatus extends GroupFigures {
  readonly store: Store;
  readonly stream: StreamName;
}

/** Where the move stands. Times are milliseconds since 1970, UTC. */
export interface MigrationStatus extends PhaseRow {
  readonly readsFrom: Store;
  readonly writesTo: readonly Store[];
  readonly sinks: readonly SinkStatus[];
  readonly backfill: readonly BackfillTable[];
  /** When both stores were last compared as a whole; null where they never were. */
  readonly verifiedAt: number | null;
  readonly differences: number | null;
  readonly deadLetters: number;
}

/** Fails with an UpstreamError. */
export async function readMigrationStatus({
  postgres,
  redis,
  names,
}: Pick<MoveServices, 'postgres' | 'redis' | 'names'>): Promise<MigrationStatus> {
  const row = await new PhaseStore(postgres).read();
  const { writesTo, readsFrom } = PHASE_MEANING[row.phase];
  const groups = writesTo.flatMap((store) => STREAMS.map((stream) => ({ store, stream })));
  const [sinks, backfill, verification, letters] = await Promise.all([
    Promise.all(
      groups.map(async ({ store, stream }) => ({
        store,
        stream,
        ...(await groupFigures(redis, { names, stream, group: store })),
      })),
    ),
    new BackfillStore(postgres).tables(),
    lastVerification(postgres),
    deadLetterCounts(redis, names),
  ]);
  return {
    ...row,
    readsFrom,
    writesTo,
    sinks,
    backfill,
    verifiedAt: verification?.finishedAt ?? null,
    differences: verification?.differences ?? null,
    deadLetters: letters.events + letters.delivery_attempts,
  };
}

import { UserError } from '../../platform/errors.js';
import type { StreamName } from '../../records/names.js';
import { startOfDay, type TimeRange } from '../../records/time-range.js';
import { type BackfillChunk, BackfillStore, type BackfillTable } from '../../stores/postgres/backfill-store.js';
import type { MoveServices } from '../move-services.js';
import { copyChunk } from './copy-chunk.js';
import { type ExclusiveCopy, exclusively } from './exclusively.js';
import { Pace } from './pace.js';
import { ensurePlan } from './plan.js';
import { auditAllDays, countDays } from './rollups.js';
import { watchStrain } from './watch-strain.js';

export interface BackfillOptions {
  /** These tables alone. */
  readonly tables: readonly StreamName[];
  /** Chunks that touch this range alone. */
  readonly range: TimeRange;
  /** The share of the time that is worked at most, from 0.1 to 1. */
  readonly share: number;
  readonly onProgress: (progress: BackfillProgress) => void;
}

interface BackfillProgress {
  readonly table: StreamName;
  /** Of the rows that are to be copied in all, over both tables. */
  readonly rowsDone: number;
  readonly rowsTotal: number;
  /** The share of the time that is worked now. */
  readonly share: number;
}

/**
 * Copies what is left of the plan, newest first, and makes the rollups right. Killed at any moment and run again it goes
 * on where it was. Fails with a UserError where it may not run, and with an UpstreamError.
 */
export async function runBackfill(services: MoveServices, options: BackfillOptions): Promise<BackfillTable[]> {
  const store = new BackfillStore(services.postgres);
  const ran = await exclusively(services, async (copy) => {
    await ensurePlan(services);
    const pace = new Pace(options.share);
    const watching = new AbortController();
    const watch = watchStrain(services, pace, watching.signal);
    try {
      await copyTables(services, { store, copy, pace }, options);
    } finally {
      watching.abort();
      await watch;
    }
    return store.tables();
  });
  if (ran !== null) return ran;
  throw new UserError('Another backfill is running. See how far it is with: ethhook-analytics phase');
}

interface CopyTools {
  readonly store: BackfillStore;
  readonly copy: ExclusiveCopy;
  readonly pace: Pace;
}

async function copyTables(
  services: MoveServices,
  { store, copy, pace }: CopyTools,
  { tables, range, onProgress }: BackfillOptions,
): Promise<void> {
  const chunks: BackfillChunk[] = [];
  for (const table of tables) {
    const open = await store.openChunks(table);
    chunks.push(...open.filter((chunk) => chunk.range.from < range.to && chunk.range.to > range.from));
  }
  const rowsTotal = chunks.reduce((sum, { rows }) => sum + rows, 0);
  let rowsDone = 0;
  for (const [index, chunk] of chunks.entries()) {
    services.signal.throwIfAborted();
    const { table } = chunk;
    onProgress({ table, rowsDone, rowsTotal, share: pace.share });
    await store.noteStarted(table);
    const { copied, rejected } = await copyChunk(services, copy, chunk, pace);
    if (!(await store.noteChunk(chunk, copied, rejected))) {
      throw new UserError('The backfill is no longer planned: the move has gone back to postgres meanwhile.');
    }
    rowsDone += chunk.rows;
    const next = chunks[index + 1];
    const day = startOfDay(chunk.range.from);
    const dayEnds = next?.table !== table || startOfDay(next.range.from) !== day;
    if (table === 'delivery_attempts' && dayEnds) await countDays(services, [day]);
    onProgress({ table, rowsDone, rowsTotal, share: pace.share });
  }
  await finish(services, store);
}

/** A table is done when its rows are there and, of the attempts, every day's sums are right. */
async function finish(services: MoveServices, store: BackfillStore): Promise<void> {
  for (const { table, finishedAt } of await store.tables()) {
    if (finishedAt !== null || (await store.openChunks(table)).length > 0) continue;
    if (table === 'delivery_attempts') await auditAllDays(services);
    await store.noteFinished(table);
  }
}

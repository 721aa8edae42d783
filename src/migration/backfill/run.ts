import { UserError } from '../../platform/errors.js';
import type { StreamName } from '../../records/names.js';
import { startOfDay, type TimeRange } from '../../records/time-range.js';
import { type BackfillChunk, BackfillStore, type BackfillTable } from '../../stores/postgres/backfill-store.js';
import { inLanes } from '../lanes.js';
import type { MoveServices } from '../move-services.js';
import { copyChunk } from './copy-chunk.js';
import { type ExclusiveCopy, exclusively } from './exclusively.js';
import { Pace } from './pace.js';
import { ensurePlan } from './plan.js';
import { auditAllDays, countDay } from './rollups.js';
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

/** Days that are copied at once: while ClickHouse ends one and counts its sums, Postgres sends the next. */
const LANES = 2;

/** What is left of one table and UTC day. */
interface OpenDay {
  readonly table: StreamName;
  /** Its start, milliseconds since 1970. */
  readonly day: number;
  readonly chunks: readonly BackfillChunk[];
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
  const say = (table: StreamName): void => onProgress({ table, rowsDone, rowsTotal, share: pace.share });
  await inLanes(byDay(chunks), LANES, services.signal, async ({ table, day, chunks: ofDay }, signal) => {
    const lane = { ...services, signal };
    for (const chunk of ofDay) {
      say(table);
      await store.noteStarted(table);
      const { copied, rejected } = await copyChunk(lane, copy, chunk, pace);
      if (!(await store.noteChunk(chunk, copied, rejected))) {
        throw new UserError('The backfill is no longer planned: the move has gone back to postgres meanwhile.');
      }
      rowsDone += chunk.rows;
      say(table);
    }
    if (table === 'delivery_attempts') await countDay(lane, day);
  });
  await finish(services, store);
}

/** In the order of the chunks, those of a day being together. */
function byDay(chunks: readonly BackfillChunk[]): OpenDay[] {
  const days: (OpenDay & { chunks: BackfillChunk[] })[] = [];
  for (const chunk of chunks) {
    const day = startOfDay(chunk.range.from);
    const last = days.at(-1);
    if (last?.table === chunk.table && last.day === day) last.chunks.push(chunk);
    else days.push({ table: chunk.table, day, chunks: [chunk] });
  }
  return days;
}

/** A table is done when its rows are there and, of the attempts, every day's sums are right. */
async function finish(services: MoveServices, store: BackfillStore): Promise<void> {
  for (const { table, finishedAt } of await store.tables()) {
    if (finishedAt !== null || (await store.openChunks(table)).length > 0) continue;
    if (table === 'delivery_attempts') await auditAllDays(services);
    await store.noteFinished(table);
  }
}

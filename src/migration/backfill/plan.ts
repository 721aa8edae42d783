import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../../platform/errors.js';
import { STREAMS, type StreamName } from '../../records/names.js';
import { BackfillStore, type PlannedChunk } from '../../stores/postgres/backfill-store.js';
import { rowsByHour } from '../../stores/postgres/history-rows.js';
import { PhaseStore } from '../../stores/postgres/phase-store.js';
import { streamsWithGroup } from '../../stores/redis/group-progress.js';
import type { MoveServices } from '../move-services.js';
import { chunksOf, retentionStart } from './chunks.js';

/** What a backfill would do. */
export interface TablePlan {
  readonly table: StreamName;
  readonly retentionFrom: number;
  readonly chunks: readonly PlannedChunk[];
}

/** Every process follows a phase within this time. */
const FOLLOW_MS = 5_000;
const GROUP_WAIT_MS = 30_000;
const POLL_MS = 100;

/** Looks at both tables and changes nothing. Fails with an UpstreamError. */
export async function planBackfill({ postgres, retention }: MoveServices, now: number): Promise<TablePlan[]> {
  const days = { events: retention.eventsDays, delivery_attempts: retention.attemptsDays };
  const plans: TablePlan[] = [];
  for (const table of STREAMS) {
    const retentionFrom = retentionStart(now, days[table]);
    plans.push({ table, retentionFrom, chunks: chunksOf(await rowsByHour(postgres, table), retentionFrom) });
  }
  return plans;
}

/**
 * Plans both tables, once, when everything that is written from now on reaches ClickHouse by the streams: both stores
 * are written, every worker knows it, and the groups are there. Fails with a UserError where that is not so.
 */
export async function ensurePlan(services: MoveServices): Promise<void> {
  const store = new BackfillStore(services.postgres);
  await assertBothWritten(services);
  if ((await store.tables()).length === STREAMS.length) return;
  await dualWriteLive(services);
  const watermark = Date.now();
  for (const { table, retentionFrom, chunks } of await planBackfill(services, watermark)) {
    await store.plan({ table, watermark, retentionFrom }, chunks);
  }
}

async function assertBothWritten({ postgres }: MoveServices): Promise<void> {
  const { phase } = await new PhaseStore(postgres).read();
  if (phase === 'dual_write' || phase === 'cutover') return;
  throw new UserError(
    phase === 'postgres'
      ? 'Only Postgres is written, so that what is copied now would miss what comes later. First: ethhook-analytics phase dual_write'
      : 'The move is complete: there is nothing to copy from Postgres any more.',
  );
}

async function dualWriteLive({ postgres, redis, names, signal }: MoveServices): Promise<void> {
  const { since } = await new PhaseStore(postgres).read();
  const wait = since + FOLLOW_MS - Date.now();
  if (wait > 0) await delay(wait, undefined, { signal });
  const deadline = performance.now() + GROUP_WAIT_MS;
  while ((await streamsWithGroup(redis, names, 'clickhouse')).length < STREAMS.length) {
    if (performance.now() > deadline) {
      throw new UserError(
        `The group clickhouse is not there on both streams, also after ${GROUP_WAIT_MS / 1000} s: no worker has followed ` +
          'the phase. See that a worker runs, then try again. Nothing was copied.',
      );
    }
    await delay(POLL_MS, undefined, { signal });
  }
}
